/** The knobs that answer most questions: model, hardware, how much of it, traffic, router, goals. */

import { useStore } from "zustand";
import { scenarioStore } from "../stores/scenario-store.ts";
import { valueAt } from "./document.ts";
import { fieldAt } from "./field-tools.ts";
import { FieldRow } from "./field-row.tsx";
import { fieldOf } from "./fields.ts";
import type { Field } from "./fields.ts";

const KNOBS: readonly (readonly [path: string, label: string])[] = [
  ["model", "Model"],
  ["gpu", "GPU"],
  ["cluster.workers", "Workers"],
  ["cluster.parallelism.tensor", "GPUs per worker (tensor parallel)"],
  ["router.policy", "Router"],
  ["slo.ttft_s", "Goal: time to first token"],
];

/** The load: which field it is depends on how requests arrive. */
const LOADS: Readonly<Record<string, readonly [key: string, label: string]>> = {
  timestamps: ["speedup", "Traffic, times the trace's"],
  closed: ["concurrency", "Concurrent requests"],
  poisson: ["rate_per_s", "Requests per second"],
  gamma: ["rate_per_s", "Requests per second"],
};

export function KeyKnobs({ fields }: { readonly fields: readonly Field[] }) {
  const mode = useStore(scenarioStore, ({ document }) =>
    String(valueAt(document, ["traffic", "arrivals", "mode"]) ?? "timestamps"),
  );
  const arrivals = fieldAt(fields, ["traffic", "arrivals"]);
  const [key, label] = LOADS[mode] ?? ["", ""];
  const load =
    arrivals?.kind === "variant"
      ? arrivals.cases.find((one) => one.value === mode)?.fields.find((field) => field.key === key)
      : undefined;
  const pools = usePoolKnobs(fieldAt(fields, ["cluster", "pools"]));
  return (
    <section className="key-knobs" aria-label="Main knobs">
      {KNOBS.slice(0, 2).map(([path, name]) => (
        <KeyKnob key={path} field={fieldAt(fields, path.split("."))} label={name} />
      ))}
      {pools.length === 0
        ? KNOBS.slice(2, 4).map(([path, name]) => (
            <KeyKnob key={path} field={fieldAt(fields, path.split("."))} label={name} />
          ))
        : pools.map(({ field, label: name }) => <KeyKnob key={name} field={field} label={name} />)}
      <KeyKnob field={load} label={label} />
      {KNOBS.slice(4).map(([path, name]) => (
        <KeyKnob key={path} field={fieldAt(fields, path.split("."))} label={name} />
      ))}
    </section>
  );
}

/** With pools, workers are counted per pool. */
function usePoolKnobs(list: Field | undefined): readonly { field: Field; label: string }[] {
  const pools = useStore(scenarioStore, ({ document }) => valueAt(document, ["cluster", "pools"]));
  const node = list?.kind === "list" ? list.item.properties?.["workers"] : undefined;
  if (node === undefined || !Array.isArray(pools)) return [];
  return pools.map((pool: unknown, i) => ({
    field: fieldOf("workers", node, ["cluster", "pools", String(i), "workers"]),
    label: `Workers of pool ${String(valueAt(pool, ["name"]) ?? i + 1)}`,
  }));
}

function KeyKnob({ field, label }: { readonly field: Field | undefined; readonly label: string }) {
  return field === undefined ? null : (
    <FieldRow field={{ ...field, description: "" }} label={label} />
  );
}
