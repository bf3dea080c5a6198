/** The choice of a policy with what it says of itself, and the knobs it declares. */

import { useStore } from "zustand";
import { scenarioStore, setValue, setValues } from "../stores/scenario-store.ts";
import type { Description, PolicyKnob, PolicyMeta } from "../workers/protocol.ts";
import { valueAt } from "./document.ts";
import type { Path } from "./document.ts";
import type { Field } from "./fields.ts";
import { NumberControl } from "./number-control.tsx";

/** Where policies are named: the section, in it the key of the policy and that of its knobs. */
const KINDS: readonly {
  readonly section: RegExp;
  readonly key: string;
  readonly knobs: string;
  readonly policies: (known: Description) => readonly PolicyMeta[];
}[] = [
  { section: /^router$/, key: "policy", knobs: "knobs", policies: ({ routers }) => routers },
  {
    section: /^admission\.\d+$/,
    key: "policy",
    knobs: "knobs",
    policies: ({ admissions }) => admissions,
  },
  {
    section: /^kv\.tiers\.\d+$/,
    key: "eviction",
    knobs: "eviction_knobs",
    policies: ({ evictions }) => evictions,
  },
  {
    section: /^kv\.tiers\.\d+$/,
    key: "offload",
    knobs: "offload_knobs",
    policies: ({ offloads }) => offloads,
  },
  { section: /^kv$/, key: "onboard", knobs: "onboard_knobs", policies: ({ onboards }) => onboards },
];

type Kind = (typeof KINDS)[number];

function kindOf({ path }: Field, part: "key" | "knobs"): Kind | undefined {
  const section = path.slice(0, -1).join(".");
  return KINDS.find((kind) => kind[part] === path.at(-1) && kind.section.test(section));
}

/** The policies that a field chooses from; `undefined`: it names none. */
export function policiesFor(field: Field, known: Description): readonly PolicyMeta[] | undefined {
  return kindOf(field, "key")?.policies(known);
}

/** Whether a field holds a policy's knobs: they stand one by one below the policy. */
export function isPolicyKnobs(field: Field): boolean {
  return kindOf(field, "knobs") !== undefined;
}

export type PolicyControlProps = {
  readonly field: Field;
  readonly id: string;
  readonly policies: readonly PolicyMeta[];
};

export function PolicyControl({ field, id, policies }: PolicyControlProps) {
  const document = useStore(scenarioStore, (state) => state.document);
  const chosen = String(valueAt(document, field.path) ?? field.default ?? "");
  const policy = policies.find(({ name }) => name === chosen);
  const knobsPath = [...field.path.slice(0, -1), kindOf(field, "key")?.knobs ?? "knobs"];
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
