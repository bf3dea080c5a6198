/** The choice of a policy with what it says of itself, and the knobs it declares. */

import { useStore } from "zustand";
import { scenarioStore, setValue, setValues } from "../stores/scenario-store.ts";
import type { PolicyKnob, PolicyMeta } from "../workers/protocol.ts";
import { valueAt } from "./document.ts";
import type { Path } from "./document.ts";
import type { Field } from "./fields.ts";
import { NumberControl } from "./number-control.tsx";
import { knobsPathOf } from "./policy-places.ts";

export type PolicyControlProps = {
  readonly field: Field;
  readonly id: string;
  readonly policies: readonly PolicyMeta[];
};

export function PolicyControl({ field, id, policies }: PolicyControlProps) {
  const document = useStore(scenarioStore, (state) => state.document);
  const chosen = String(valueAt(document, field.path) ?? field.default ?? "");
  const policy = policies.find(({ name }) => name === chosen);
  const knobsPath = knobsPathOf(field);
  return (
    <>
      <select
        id={id}
        value={chosen}
        onChange={(event) => {
          // Knobs belong to a policy: another one has others.
          setValues([
            [knobsPath, undefined],
            [field.path, event.target.value === "" ? undefined : event.target.value],
          ]);
        }}
      >
        {policy === undefined || field.nullable ? (
          <option value={policy === undefined ? chosen : ""}>
            {policy === undefined && chosen !== "" ? chosen : "by default"}
          </option>
        ) : null}
        {policies.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      {policy === undefined ? null : <PolicyNote policy={policy} knobsPath={knobsPath} />}
    </>
  );
}

function PolicyNote({
  policy,
  knobsPath,
}: {
  readonly policy: PolicyMeta;
  readonly knobsPath: Path;
}) {
  return (
    <>
      <p className="hint">
        Wins: {policy.wins}. Loses: {policy.loses}. <span className="faint">({policy.source})</span>
      </p>
      {policy.knobs.length === 0 ? null : (
        <div className="nested">
          {policy.knobs.map((knob) => (
            <Knob key={knob.name} knob={knob} path={[...knobsPath, knob.name]} />
          ))}
        </div>
      )}
    </>
  );
}

function Knob({ knob, path }: { readonly knob: PolicyKnob; readonly path: Path }) {
  const value = useStore(scenarioStore, ({ document }) => valueAt(document, path));
  const id = `knob-${path.join("-")}`;
  if (knob.unit === "flag") {
    return (
      <div className="field">
        <label className="row">
          <input
            type="checkbox"
            checked={(value ?? knob.default) === 1}
            onChange={(event) => {
              setValue(path, event.target.checked ? 1 : 0);
            }}
          />
          {knob.name.replaceAll("_", " ")}
        </label>
        <p className="hint">{knob.description}</p>
      </div>
    );
  }
  const field = {
    kind: "number",
    key: knob.name,
    path,
    description: knob.description,
    unit: knob.unit,
    default: knob.default,
    nullable: false,
    integer: false,
    min: knob.min,
    max: knob.max,
  } as const;
  return (
    <div className="field">
      <label htmlFor={id}>
        {knob.name.replaceAll("_", " ")} <span className="unit">{knob.unit}</span>
      </label>
      <NumberControl field={field} id={id} value={value} />
      <p className="hint">{knob.description}</p>
    </div>
  );
}
