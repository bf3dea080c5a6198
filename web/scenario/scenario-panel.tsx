/** The scenario: the knobs asked for most, then every knob of the schema by section, with search. */

import { useMemo, useState } from "react";
import { useStore } from "zustand";
import { scenarioStore } from "../stores/scenario-store.ts";
import { viewStore } from "../stores/view-store.ts";
import { description } from "./description.ts";
import { countChanged, matching } from "./field-tools.ts";
import { FieldRow } from "./field-row.tsx";
import { fieldsOf, labelOf } from "./fields.ts";
import type { Field } from "./fields.ts";
import { JsonEditor } from "./json-editor.tsx";
import { KeyKnobs } from "./key-knobs.tsx";
import { MemoryBar } from "./memory-bar.tsx";

export function ScenarioPanel() {
  const isOpen = useStore(viewStore, (state) => state.isPanelOpen);
  const schema = useStore(description, (state) => state?.schema);
  const [search, setSearch] = useState("");
  const fields = useMemo(() => (schema === undefined ? [] : fieldsOf(schema)), [schema]);
  const shown = useMemo(() => matching(fields, search), [fields, search]);
  const plain = shown.filter(({ kind }) => kind !== "group");
  const sections = shown.filter((field) => field.kind === "group");
  return (
    <aside id="scenario" className="panel" aria-label="Scenario" hidden={!isOpen}>
      <KeyKnobs fields={fields} />
      <MemoryBar />
      <input
        id="find-field"
        className="full"
        type="search"
        placeholder="Find one of all knobs ( / )"
        aria-label="Find a knob"
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
        }}
      />
      {schema === undefined ? <p className="faint">Reading what a scenario may say…</p> : null}
      {sections.map((section) => (
        <Section key={section.key} section={section} isOpen={search !== ""} />
      ))}
      {plain.length === 0 ? null : (
        <details open={search !== ""}>
          <summary>Run</summary>
          {plain.map((field) => (
            <FieldRow key={field.key} field={field} />
          ))}
        </details>
      )}
      <JsonEditor />
    </aside>
  );
}

function Section({ section, isOpen }: { readonly section: Field; readonly isOpen: boolean }) {
  const changed = useStore(scenarioStore, ({ document }) => countChanged(section, document));
  const fields = section.kind === "group" ? section.fields : [];
  return (
    <details open={isOpen}>
      <summary>
        {labelOf(section.key)}
        {changed === 0 ? null : (
          <span className="badge" title={`${String(changed)} not at the default`}>
            {changed}
          </span>
        )}
      </summary>
      {fields.map((field) => (
        <FieldRow key={field.key} field={field} />
      ))}
    </details>
  );
}
