/** Simulates measured runs one by one and puts predictions beside measurements. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../core/index.ts";
import { fail, ok } from "../core/index.ts";
import { memoryBudget } from "../hardware/index.ts";
import {
  accuracyReport,
  blocksError,
  compareRivals,
  compareSteps,
  furtherRuns,
  loadKvBlocks,
  loadRivals,
  loadStepRuns,
  rankConfigurations,
  rowsOf,
  simulateRun,
  simulationKey,
} from "../plan/index.ts";
import type {
  AccuracyReport,
  AccuracyRow,
  BlocksRow,
  KnownBlocks,
  MeasuredRun,
  Prediction,
  RivalPrediction,
  SimulatedRun,
  StepSummary,
} from "../plan/index.ts";
import type { MeasuredData } from "./accuracy-data.ts";
import type { PartsShelf } from "./accuracy-parts.ts";
import { packagePath, packageVersion } from "./package-root.ts";
import { readText } from "./read-file.ts";

export type AccuracyChoice = {
  /** Part of a group's or family's name; all groups when absent. */
  readonly group?: string;
  /** Most runs of each group. */
  readonly limit?: number;
};

/** Told before each simulation: how many runs are done. */
export type Tick = (done: number, total: number) => Promise<void>;

/** The runs to compare: of the named group, the first `limit` of each. */
export function chooseRuns(
  runs: readonly MeasuredRun[],
  { group, limit }: AccuracyChoice,
): Result<MeasuredRun[]> {
  const wanted = (group ?? "").toLowerCase();
  const matching = runs.filter(
    (run) => run.group.toLowerCase().includes(wanted) || run.family === wanted,
  );
  if (matching.length === 0) {
    const names = [...new Set(runs.map((run) => run.group))];
    return fail({
      what: `no group is named like ${JSON.stringify(group)}`,
      where: "--group",
      expected: `a part of one of: ${names.join("; ")}`,
    });
  }
  const taken = new Map<string, number>();
  return ok(
    matching.filter((run) => {
      const count = (taken.get(run.group) ?? 0) + 1;
      taken.set(run.group, count);
      return count <= (limit ?? Infinity);
    }),
  );
}

type Simulate = (run: MeasuredRun) => Result<Prediction>;

/** Simulates runs; those that the simulator cannot tell apart once. */
function onceEach(shelf: PartsShelf): Simulate {
  const known = new Map<string, Result<Prediction>>();
  return (run) => {
    const key = simulationKey(run);
    const parts = shelf.partsOf(run);
    const result = known.get(key) ?? (parts.ok ? simulateRun(run, parts.value) : parts);
    known.set(key, result);
    return result;
  };
}

/** Predictions for loads that were not measured, as far as the ranking needs them. */
async function furtherLoads(
  done: readonly SimulatedRun[],
  simulated: Simulate,
  tick: Tick,
): Promise<SimulatedRun[]> {
  const further: SimulatedRun[] = [];
  for (;;) {
    const next = furtherRuns(done, further);
    if (next.length === 0) return further;
    for (const [index, run] of next.entries()) {
      await tick(index, next.length);
      const result = simulated(run);
      further.push(result.ok ? { run, prediction: result.value } : { run });
    }
  }
}

/** Compares runs, steps and block counts. */
export async function compareAll(
  data: MeasuredData,
  choice: AccuracyChoice,
  shelf: PartsShelf,
  tick: Tick,
): Promise<Result<AccuracyReport>> {
  const chosen = chooseRuns(data.runs, choice);
  if (!chosen.ok) return chosen;
  const steps = choice.group === undefined ? stepsOf(data.folder, shelf) : ok([]);
  if (!steps.ok) return steps;
  const blocks = choice.group === undefined ? blocksOf(shelf) : ok([]);
  if (!blocks.ok) return blocks;
  const rivals = rivalsOf(data.folder);
  if (!rivals.ok) return rivals;
  const rows: AccuracyRow[] = [];
  const done: SimulatedRun[] = [];
  const failures = new Map<string, number>();
  const simulated = onceEach(shelf);
  for (const [index, run] of chosen.value.entries()) {
    await tick(index, chosen.value.length);
    const parts = shelf.partsOf(run);
    const result = simulated(run);
    if (!parts.ok || !result.ok) {
      const what = result.ok ? "" : result.problem.what;
      const reason = `${run.model} on ${run.gpu}, ${run.engine}: ${what}`;
      failures.set(reason, (failures.get(reason) ?? 0) + 1);
      continue;
    }
    const moe = parts.value.model.groups.some(({ ffn }) => ffn.kind === "moe");
    rows.push(...rowsOf(run, result.value, moe));
    done.push({ run, prediction: result.value });
  }
  return ok(
    accuracyReport({
      versions: { headworks: packageVersion() },
      rows,
      ranking: rankConfigurations(done, await furtherLoads(done, simulated, tick)),
      steps: steps.value,
      blocks: blocks.value,
      rivals: compareRivals(rivals.value, rows),
      compared: done.length,
      failures: [...failures].map(([reason, runs]) => ({ reason, runs })),
      skipped: data.skipped,
    }),
  );
}

/** Forward-pass metrics lie beside the measured runs, or in the folder of kernel tables. */
function stepsOf(folder: string, shelf: PartsShelf): Result<StepSummary[]> {
  const stem = "fpm_b300_vllm0.20.1";
  const home = [folder, join(folder, "..", "kernels")].find((one) =>
    existsSync(join(one, `${stem}.csv`)),
  );
  if (home === undefined) return ok([]);
  const steps = readText(join(home, `${stem}.csv`), "measured steps");
  if (!steps.ok) return steps;
  const runs = readText(join(home, `${stem}_runs.csv`), "instances of measured steps");
  if (!runs.ok) return runs;
  const loaded = loadStepRuns(steps.value, runs.value);
  if (!loaded.ok) return loaded;
  return ok(
    loaded.value.flatMap((run) => {
      // Models without a card are no part of the comparison.
      const parts = shelf.partsOf({ model: run.model, gpu: "b300", engine: "vllm" });
      const summaries = parts.ok ? compareSteps(run, parts.value) : parts;
      return summaries.ok ? summaries.value : [];
    }),
  );
}

function blocksOf(shelf: PartsShelf): Result<BlocksRow[]> {
  const path = packagePath("models/accuracy/kv_blocks.csv");
  const text = readText(path, "known KV block counts");
  if (!text.ok) return text;
  const known = loadKvBlocks("kv_blocks.csv", text.value);
  if (!known.ok) return known;
  return ok(known.value.flatMap((one) => blocksRow(one, shelf)));
}

function blocksRow(known: KnownBlocks, shelf: PartsShelf): BlocksRow[] {
  const { id, model, gpu, settings, least, most } = known;
  const parts = shelf.partsOf({ model, gpu, engine: settings.engine });
  if (!parts.ok) return [];
  const budget = memoryBudget(parts.value.model, parts.value.gpu.visibleBytes, settings);
  if (!budget.ok) return [];
  const predicted = budget.value.kvBlocks;
  const error = blocksError(known, predicted);
  return [{ id, model, gpu, tp: settings.tp ?? 1, least, most, predicted, error }];
}

function rivalsOf(folder: string): Result<RivalPrediction[]> {
  const name = "vllm_e2e/other_simulators_predictions.csv";
  if (!existsSync(join(folder, name))) return ok([]);
  const text = readText(join(folder, name), "predictions of other simulators");
  return text.ok ? loadRivals(name, text.value) : text;
}
