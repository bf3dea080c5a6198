/**
 * A measured run on the engine of the simulator: cards, memory, step times, load → predicted
 * numbers.
 */

import type { Result } from "../../core/index.ts";
import { fail, ok } from "../../core/index.ts";
import { modelFacts } from "../../hardware/index.ts";
import { createSimulation, REQUEST_COMPLETED } from "../../sim/index.ts";
import type { RequestColumns, SimulationInputs } from "../../sim/index.ts";
import type { MeasuredRun, Metrics } from "./measured-run.ts";
import { enginesOf, type RunEngine, type RunParts, scenarioOf } from "./run-engine.ts";
import { statisticsOf } from "./run-statistics.ts";
import { layLoad } from "./workload.ts";

/** Predicted numbers, one entry for each window of the run. */
export type Prediction = {
  readonly windows: readonly Metrics[];
  /** KV pool of one rank, tokens; of the decode workers' when prompts have workers of their own. */
  readonly kvTokens: number;
  readonly steps: number;
  readonly meanBatch: number;
  readonly preemptions: number;
  /** Step times use another GPU's efficiencies. */
  readonly estimated: boolean;
};

const US_PER_S = 1e6;
const US_PER_MS = 1000;
/** Events of one slice: far below a second of work. */
const SLICE = 1_000_000;
/** Rows of the requests that ended well and arrived in the span. */
function chosen(columns: RequestColumns, fromS: number, toS: number): number[] {
  const rows: number[] = [];
  for (let i = 0; i < columns.rows; i++) {
    const atS = columns.arrivalUs[i]! / US_PER_S;
    if (columns.status[i] === REQUEST_COMPLETED && atS >= fromS && atS < toS) rows.push(i);
  }
  return rows;
}

/** The summary of one window; the client's path is added to what a client sees. */
function metricsOfWindow(
  columns: RequestColumns,
  span: { readonly fromS: number; readonly toS: number },
  clientMs: number,
): Metrics {
  const rows = chosen(columns, span.fromS, span.toS);
  const times = (end: Float64Array): Float64Array =>
    Float64Array.from(rows, (i) => (end[i]! - columns.arrivalUs[i]!) / US_PER_MS + clientMs);
  const ttftMs = times(columns.firstTokenUs);
  const e2eMs = times(columns.finishUs);
  const tpotMs = Float64Array.from(rows, (row, i) => {
    const gaps = columns.outputTokens[row]! - 1;
    return gaps > 0 ? (e2eMs[i]! - ttftMs[i]!) / gaps : NaN;
  });
  const statistics = statisticsOf({ ttftMs, tpotMs, e2eMs });
  return { ...statistics, itlMean: statistics.tpotMean ?? NaN };
}

/** Tokens per second and GPU over the whole run, first arrival to last token. */
function throughputs(columns: RequestColumns, run: MeasuredRun, clientMs: number): Metrics {
  const rows = chosen(columns, 0, Infinity);
  let [input, output, endUs] = [0, 0, 0];
  for (const row of rows) {
    input += columns.inputTokens[row]!;
    output += columns.outputTokens[row]!;
    endUs = Math.max(endUs, columns.finishUs[row]!);
  }
  // From the first request's sending to the last token's arrival at its client.
  const startUs = columns.arrivalUs[0] ?? 0;
  const seconds = (endUs - startUs) / US_PER_S + clientMs / 1000;
  return {
    throughput: (input + output) / seconds / run.gpus,
    outputThroughput: output / seconds / run.gpus,
  };
}

/** Equal for runs that the simulator cannot tell apart: they are simulated once. */
export function simulationKey(run: MeasuredRun): string {
  const { model, gpu, engine, version, layout, quantizedParts, gpus, knobs, workload } = run;
  const load = workload.kind === "replay" ? run.id : workload;
  const spans = run.windows.map(({ fromS, toS }) => [fromS, toS]);
  const parts = [model, gpu, engine, version, layout, quantizedParts, gpus, knobs, load, spans];
  return JSON.stringify(
    [...parts, run.serverSide, run.unfusedAllReduce, run.asyncScheduling, run.groups],
    (_key, value: unknown) => (value === Infinity ? "Infinity" : value),
  );
}

/** Keys and values of a token, one copy of them. Problems: those of `modelFacts`. */
function kvBytesPerToken({ layout }: MeasuredRun, { model }: RunParts): Result<number> {
  const { kvDtype } = layout;
  const facts = modelFacts(model, kvDtype === undefined ? {} : { kvDtype });
  return facts.ok ? ok(Math.ceil(facts.value.kvBytesPerTokenAllLayers)) : facts;
}

/** What the run is simulated with: its load on its workers. */
function inputsOf(
  run: MeasuredRun,
  parts: RunParts,
  engines: readonly RunEngine[],
  clientMs: number,
): Result<SimulationInputs> {
  const bytes = kvBytesPerToken(run, parts);
  if (!bytes.ok) return bytes;
  const { trace, arrivals } = layLoad(run.id, run.workload);
  const scenario = scenarioOf(run, engines, arrivals, clientMs, bytes.value);
  if (!scenario.ok) return scenario;
  const models = engines.map(({ model }) => ({ model }));
  const base = { scenario: scenario.value, trace };
  return ok(models.length === 1 ? { ...base, ...models[0] } : { ...base, pools: models });
}

/**
 * Simulates a run. Measured numbers of the run are not read. Problems: a layout that does not
 * divide
 * the model, a model that does not fit the GPUs as the memory model sees it, requests that the
 * engine refuses.
 */
export function simulateRun(run: MeasuredRun, parts: RunParts): Result<Prediction> {
  const engines = enginesOf(run, parts);
  if (!engines.ok) return engines;
  const last = engines.value.at(-1)!;
  const { timing } = last;
  const clientMs =
    run.serverSide === true ? 0 : (timing.clientRequestUs + timing.clientTokenUs) / US_PER_MS;
  const inputs = inputsOf(run, parts, engines.value, clientMs);
  if (!inputs.ok) return inputs;
  const simulation = createSimulation(inputs.value, { requests: true });
  if (!simulation.ok) return simulation;
  while (simulation.value.advance(SLICE));
  const { report, requests } = simulation.value.finish(0);
  if (requests === undefined || report.requests.completed === 0) {
    const reasons = report.rejections.map(({ reason }) => reason).join(", ");
    const why = reasons === "" ? (report.stopped ?? "nothing could be scheduled") : reasons;
    return fail({ what: `the engine completed no request: ${why}`, where: run.id });
  }
  const whole = throughputs(requests, run, clientMs);
  const windows = run.windows.map((window) => ({
    ...metricsOfWindow(requests, window, clientMs),
    ...(window.toS === Infinity ? whole : {}),
  }));
  return ok({
    windows,
    kvTokens: last.kvTokens,
    steps: report.batch.steps,
    meanBatch: report.batch.meanSize,
    preemptions: report.kv.preemptions,
    estimated: engines.value.some(({ model }) => model.estimated),
  });
}
