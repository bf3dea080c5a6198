/** One field of the scenario: label, control, reset, and the fields it opens. */

import { useId } from "react";
import { useStore } from "zustand";
import { runStore } from "../engine/session.ts";
import { scenarioStore, setField } from "../stores/scenario-store.ts";
import { ChoiceControl, FlagControl, JsonControl, TextControl } from "./controls.tsx";
import { description } from "./description.ts";
import { valueAt } from "./document.ts";
import { isChanged } from "./field-tools.ts";
import { fieldOf, labelOf } from "./fields.ts";
import type { Field, ListField, VariantField } from "./fields.ts";
import { NumberControl } from "./number-control.tsx";
import { PolicyControl } from "./policy-control.tsx";
import { isPolicyKnobs, policiesFor } from "./policy-places.ts";
import { isScore, ScoreControl } from "./score-control.tsx";
import { suggestionsFor } from "./suggestions.ts";

export function FieldRow({ field, label }: { readonly field: Field; readonly label?: string }) {
  const id = useId();
  const isSet = useStore(scenarioStore, ({ document }) => isChanged(field, document));
  const text = label ?? labelOf(field.key);
  if (isPolicyKnobs(field)) return null;
  if (field.kind === "group" && field.path.some((key) => /^\d+$/.test(key)) && !isItem(field)) {
    return (
      <details>
        <summary>{text}</summary>
        {field.fields.map((child) => (
          <FieldRow key={child.key} field={child} />
        ))}
      </details>
    );
  }
  if (field.kind === "group") {
    return (
      <fieldset>
        <legend>{text}</legend>
        {field.fields.map((child) => (
          <FieldRow key={child.key} field={child} />
        ))}
      </fieldset>
    );
  }
  return (
    <div className={isSet ? "field changed" : "field"}>
      <div className="field-head">
        <label htmlFor={id} title={field.path.join(".")}>
          {isSet ? <span className="dot" title="not the default" /> : null}
          {text}
          {field.unit === "" ? null : <span className="unit"> {field.unit}</span>}
        </label>
        {isSet ? (
          <button
            type="button"
            className="quiet"
            title={`Back to the default: ${defaultText(field.default)}`}
            onClick={() => {
              setField(field, undefined);
            }}
          >
            <span aria-hidden="true">⟲</span>
            <span className="sr-only">Reset {text}</span>
          </button>
        ) : null}
      </div>
      <Control field={field} id={id} />
      <ProblemHere field={field} />
      {field.description === "" ? null : <p className="hint">{field.description}</p>}
    </div>
  );
}

/** What is wrong with the scenario, where it is this field; the banner says it too, with remedies. */
function ProblemHere({ field }: { readonly field: Field }) {
  const path = field.path.join(".");
  const problem = useStore(runStore, (state) =>
    state.problem?.where === path ? state.problem : null,
  );
  if (problem === null) return null;
  const { what, expected } = problem;
  return (
    <p className="field-problem">
      {what}
      {expected === undefined ? "" : `; expected: ${expected}`}
    </p>
  );
}

/** An entry of a list itself, whose parts stand open; what lies deeper in it is folded. */
function isItem({ path }: Field): boolean {
  return /^\d+$/.test(path.at(-1) ?? "");
}

function defaultText(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}

function Control({ field, id }: { readonly field: Field; readonly id: string }) {
  const known = useStore(description);
  const value = useStore(scenarioStore, ({ document }) => valueAt(document, field.path));
  const policies = known === null ? undefined : policiesFor(field, known);
  if (policies !== undefined) return <PolicyControl field={field} id={id} policies={policies} />;
  if (isScore(field)) return <ScoreControl field={field} id={id} value={value} />;
  switch (field.kind) {
    case "number":
      return <NumberControl field={field} id={id} value={value} />;
    case "choice":
      return <ChoiceControl field={field} id={id} value={value} />;
    case "flag":
      return <FlagControl field={field} id={id} value={value} />;
    case "text":
      return (
        <TextControl
          field={field}
          id={id}
          value={value}
          suggestions={suggestionsFor(field, known)}
        />
      );
    case "variant":
      return <VariantControl field={field} id={id} value={value} />;
    case "list":
      return <ListControl field={field} id={id} value={value} />;
    default:
      return <JsonControl field={field} id={id} value={value} />;
  }
}

type ControlProps<T extends Field> = {
  readonly field: T;
  readonly id: string;
  readonly value: unknown;
};

/** Values that a case needs before it is valid, where its schema has no default (assumption: mid-range). */
const STARTING: ReadonlyMap<string, number | string> = new Map<string, number | string>([
  ["concurrency", 64],
  ["rate_per_s", 3],
  ["shape", 0.5],
  ["prefill_ms", 50],
  ["decode_ms", 10],
  ["base_us", 5000],
  ["token_us", 20],
  ["decode_context_us", 0.02],
]);

function VariantControl({ field, id, value }: ControlProps<VariantField>) {
  const fallback = valueAt(field.default, [field.tag]);
  const chosen = String(valueAt(value, [field.tag]) ?? fallback ?? "");
  const current = field.cases.find((one) => one.value === chosen);
  function choose(next: string): void {
    const one = field.cases.find((candidate) => candidate.value === next);
    if (one === undefined) {
      setField(field, field.nullable ? null : undefined);
      return;
    }
    const needed = one.fields
      .filter((child) => child.default === undefined)
      .map((child) => [child.key, STARTING.get(child.key) ?? 1] as const);
    setField(field, { [field.tag]: next, ...Object.fromEntries(needed) });
  }
  return (
    <>
      <select
        id={id}
        value={chosen}
        onChange={(event) => {
          choose(event.target.value);
        }}
      >
        {field.nullable ? <option value="">by default</option> : null}
        {field.cases.map((one) => (
          <option key={one.value} value={one.value}>
            {labelOf(one.value)}
          </option>
        ))}
      </select>
      <div className="nested">
        {current?.fields.map((child) => (
          <FieldRow key={child.key} field={child} />
        ))}
      </div>
    </>
  );
}

function ListControl({ field, id, value }: ControlProps<ListField>) {
  const items: readonly unknown[] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  return (
    <div className="nested">
      {items.map((_, index) => (
        <fieldset key={index}>
          <legend>
            {labelOf(field.key)} {index + 1}
          </legend>
          <FieldRow
            field={fieldOf(`${field.key} ${String(index + 1)}`, field.item, [
              ...field.path,
              String(index),
            ])}
          />
          <button
            type="button"
            className="quiet"
            onClick={() => {
              const rest = items.filter((_item, at) => at !== index);
              setField(field, rest.length === 0 ? undefined : rest);
            }}
          >
            Remove
          </button>
        </fieldset>
      ))}
      <button
        id={id}
        type="button"
        onClick={() => {
          setField(field, [...items, firstItem(field, items)]);
        }}
      >
        Add
      </button>
    </div>
  );
}

/** A new entry is a copy of the last, or empty: what is missing is said by the check, with its place. */
function firstItem(field: ListField, items: readonly unknown[]): unknown {
  const last = items.at(-1);
  if (last !== undefined && typeof last === "object" && last !== null) {
    const name = "name" in last ? { name: `${field.key}-${String(items.length + 1)}` } : {};
    return { ...last, ...name };
  }
  const named = field.item.properties?.["name"] === undefined ? {} : { name: `${field.key}-1` };
  return last ?? named;
}
