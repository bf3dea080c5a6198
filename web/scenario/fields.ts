/** The published schema of scenarios → fields of the panel. A new key of a scenario appears by itself. */

import type { SchemaNode } from "../workers/protocol.ts";

type Common = {
  readonly key: string;
  readonly path: readonly string[];
  readonly description: string;
  readonly unit: string;
  /** What stands there when the document says nothing; `undefined`: nothing does. */
  readonly default: unknown;
  /** Whether `null` is a value, with its own meaning in the description. */
  readonly nullable: boolean;
  /** The tag of the case that the field belongs to: a case is only valid with it. */
  readonly needs?: { readonly path: readonly string[]; readonly value: string };
};

export type NumberField = Common & {
  readonly kind: "number";
  readonly integer: boolean;
  /** Inclusive. */
  readonly min: number;
  readonly max: number;
};
export type ChoiceField = Common & { readonly kind: "choice"; readonly options: readonly string[] };
export type FlagField = Common & { readonly kind: "flag" };
export type TextField = Common & { readonly kind: "text" };
export type JsonField = Common & { readonly kind: "json" };
export type GroupField = Common & { readonly kind: "group"; readonly fields: readonly Field[] };
export type ListField = Common & { readonly kind: "list"; readonly item: SchemaNode };
export type VariantField = Common & {
  readonly kind: "variant";
  /** Key whose value tells the cases apart. */
  readonly tag: string;
  readonly cases: readonly { readonly value: string; readonly fields: readonly Field[] }[];
};
export type Field =
  | NumberField
  | ChoiceField
  | FlagField
  | TextField
  | JsonField
  | GroupField
  | ListField
  | VariantField;

/** Units that a key's name promises, the longer endings first. */
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ["usd_per_gpu_hour", "$/GPU·h"],
  ["_per_s", "/s"],
  ["_bytes", "B"],
  ["_tokens", "tokens"],
  ["_blocks", "blocks"],
  ["_us", "µs"],
  ["_ms", "ms"],
  ["_s", "s"],
];

/** Keys that are written at the top of a file and are no knobs. */
const HIDDEN: ReadonlySet<string> = new Set(["headworks", "trace"]);

/** The fields of an object in the schema, in its order. */
export function fieldsOf(schema: SchemaNode, path: readonly string[] = []): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, node]) =>
    path.length === 0 && HIDDEN.has(key) ? [] : [fieldOf(key, node, [...path, key])],
  );
}

/** One node of the schema as a field at a path. */
export function fieldOf(key: string, node: SchemaNode, path: readonly string[]): Field {
  const { node: inner, nullable } = withoutNull(node);
  const common: Common = {
    key,
    path,
    description: node.description ?? inner.description ?? "",
    unit: node.unit ?? inner.unit ?? UNITS.find(([ending]) => key.endsWith(ending))?.[1] ?? "",
    default: node.default,
    nullable,
  };
  const cases = inner.oneOf ?? (inner.anyOf?.every(isTagged) === true ? inner.anyOf : undefined);
  if (cases !== undefined) return variantOf(common, cases);
  if (inner.enum !== undefined) {
    return { ...common, kind: "choice", options: inner.enum.map(String) };
  }
  if (inner.properties !== undefined) {
    return { ...common, kind: "group", fields: fieldsOf(inner, path) };
  }
  if (inner.items !== undefined) return { ...common, kind: "list", item: inner.items };
  const types = typeof inner.type === "string" ? [inner.type] : (inner.type ?? []);
  if (types.includes("boolean")) return { ...common, kind: "flag" };
  if (types.includes("integer") || types.includes("number")) return numberOf(common, inner, types);
  return { ...common, kind: types.includes("string") ? "text" : "json" };
}

/** Keys of objects only: `[key: string]` records and mixtures are edited as JSON. */
function isTagged(node: SchemaNode): boolean {
  return Object.values(node.properties ?? {}).some((child) => child.const !== undefined);
}

function withoutNull(node: SchemaNode): { readonly node: SchemaNode; readonly nullable: boolean } {
  const branches = node.anyOf;
  if (branches === undefined) return { node, nullable: false };
  const rest = branches.filter((branch) => branch.type !== "null");
  const nullable = rest.length < branches.length;
  // A number that may also be written with its unit is a number.
  const values = rest.filter((branch) => branch.type !== "string" || rest.length === 1);
  const [only] = values;
  return { node: values.length === 1 && only !== undefined ? only : { anyOf: values }, nullable };
}

function numberOf(common: Common, node: SchemaNode, types: readonly string[]): NumberField {
  const integer = types.includes("integer");
  const { minimum, exclusiveMinimum, maximum = Infinity } = node;
  const least = exclusiveMinimum === undefined ? undefined : exclusiveMinimum + (integer ? 1 : 0);
  return { ...common, kind: "number", integer, min: minimum ?? least ?? -Infinity, max: maximum };
}

function variantOf(common: Common, cases: readonly SchemaNode[]): VariantField {
  const [first] = cases;
  const tag =
    Object.entries(first?.properties ?? {}).find(([, child]) => child.const !== undefined)?.[0] ??
    "type";
  return {
    ...common,
    kind: "variant",
    tag,
    cases: cases.map((node) => {
      const value = String(node.properties?.[tag]?.const);
      const needs = { path: [...common.path, tag], value };
      const fields = fieldsOf(node, common.path).filter((field) => field.key !== tag);
      return { value, fields: fields.map((field) => ({ ...field, needs })) };
    }),
  };
}

/** "max_num_seqs" → "max num seqs": the engine's own word, readable. */
export function labelOf(key: string): string {
  const text = key.replace(/_(s|ms|us)$/, "").replaceAll("_", " ");
  return WORDS.get(key) ?? text;
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["gpu", "GPU"],
  ["slo", "goals"],
  ["kv", "KV"],
  ["ttft_s", "TTFT"],
  ["tpot_s", "TPOT"],
  ["e2e_s", "end to end"],
  ["gpus_per_worker", "GPUs per worker"],
  ["kv_cache_dtype", "KV cache format"],
  ["dtype", "weight format"],
  ["usd_per_gpu_hour", "price per GPU-hour"],
  ["gpu_memory_utilization", "GPU memory share"],
  ["num_gpu_blocks", "KV blocks"],
]);
