/** Which fields of a scenario name a policy, and where its knobs are. */

import type { Description, PolicyMeta } from "../workers/protocol.ts";
import type { Path } from "./document.ts";
import type { Field } from "./fields.ts";

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

/** Where the knobs of a field's policy are. */
export function knobsPathOf(field: Field): Path {
  return [...field.path.slice(0, -1), kindOf(field, "key")?.knobs ?? "knobs"];
}
