/** `headworks calibrate --benchmarks`: a user's own benchmark results → scales of an engine on a GPU. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { MEMORY_ENGINES, scalesOf } from "../../hardware/index.ts";
import type { EngineTiming, MemoryEngine, RegimeScales } from "../../hardware/index.ts";
import { fitBenchmarks, parseBenchmarks, withScales } from "../../plan/index.ts";
import type { BenchmarkErrors, BenchmarkFit } from "../../plan/index.ts";
import { PartsShelf } from "../accuracy-parts.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { loadDeck } from "../load-cards.ts";
import { readText } from "../read-file.ts";
import type { CommandOutput } from "./memory.ts";

export type CalibrateBenchmarksOptions = {
  readonly benchmarks: string;
  readonly model: string;
  readonly gpu: string;
  readonly engine: string;
  readonly engineVersion?: string;
  /** Folder to write ENGINE.json into. */
  readonly out?: string;
  readonly date: string;
  readonly cards?: readonly string[];
  readonly json?: boolean;
  readonly progress: (what: string) => void;
};

/** Runs between two words of progress. */
const RUNS_PER_WORD = 50;

function engineOf(name: string): Result<MemoryEngine> {
  const engine = MEMORY_ENGINES.find((known) => known === name);
  if (engine !== undefined) return ok(engine);
  const expected = MEMORY_ENGINES.join(", ");
  return fail({ what: `there is no engine ${name}`, where: "--engine", expected });
}

/** Fits, prints errors before and after and of runs left out, and writes the engine's timing when asked. */
export async function runCalibrateBenchmarks(
  options: CalibrateBenchmarksOptions,
): Promise<Result<CommandOutput>> {
  const { benchmarks: file, model, gpu, engineVersion: version = "" } = options;
  const engine = engineOf(options.engine);
  if (!engine.ok) return engine;
  const text = readText(file, "benchmark results (CSV)");
  if (!text.ok) return text;
  const runs = parseBenchmarks(file, text.value, { model, gpu, engine: engine.value, version });
  if (!runs.ok) return runs;
  const deck = await loadDeck(options.cards);
  if (!deck.ok) return deck;
  const parts = new PartsShelf(deck.value).partsOf({ model, gpu, engine: engine.value });
  if (!parts.ok) return parts;
  const { params, timing } = parts.value;
  let simulated = 0;
  const fit = fitBenchmarks(runs.value, parts.value, scalesOf(timing, params.kernels), () => {
    simulated++;
    if (simulated % RUNS_PER_WORD === 0) options.progress(`${simulated} runs simulated`);
  });
  if (!fit.ok) return fit;
  const old = scalesOf(timing, params.kernels);
  const { file: _, ...shipped } = timing;
  const fitted: EngineTiming = {
    ...withScales(shipped, params.kernels, fit.value.scales),
    source: `${timing.source}; scales of ${params.kernels}: benchmark results of ${file}`,
    date: options.date,
  };
  const path = options.out === undefined ? undefined : write(options.out, fitted);
  const { before, after, heldOut } = fit.value;
  const plain = [before, after, heldOut].map(({ ttft, tpot }) => {
    return { ttft: [...ttft], tpot: [...tpot] };
  });
  const document = { ...fit.value, before: plain[0], after: plain[1], heldOut: plain[2] };
  const output =
    options.json === true
      ? JSON.stringify({ ...document, timing: fitted })
      : textOf(fit.value, runs.value.length, params.kernels, old, path);
  return ok({ text: `${output}\n`, exitCode: EXIT_DONE });
}

function write(folder: string, timing: EngineTiming): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${timing.engine}.json`);
  writeFileSync(path, `${JSON.stringify(timing, undefined, 2)}\n`);
  return path;
}

function percent(errors: Float64Array): string {
  if (errors.length === 0) return "–";
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return `${(mean * 100).toFixed(1)} %`;
}

function errorLine(name: string, { ttft, tpot }: BenchmarkErrors): string {
  return `  ${name.padEnd(28)} ${percent(tpot).padStart(8)} ${percent(ttft).padStart(8)}`;
}

function scaleLine(name: string, was: number, is: number): string {
  const change = `${is >= was ? "+" : "−"}${Math.abs((is / was - 1) * 100).toFixed(1)} %`;
  return `  ${name.padEnd(28)} ${String(was).padStart(8)} ${String(is).padStart(8)}  ${change}`;
}

function textOf(
  { scales, before, after, heldOut, rounds, atLimit }: BenchmarkFit,
  runs: number,
  system: string,
  old: RegimeScales,
  path: string | undefined,
): string {
  return [
    `${runs} runs, ${rounds} rounds`,
    `  mean error of medians            TPOT     TTFT`,
    errorLine("with the shipped timing", before),
    errorLine("with the fitted one", after),
    errorLine("runs that a fit did not see", heldOut),
    `  scales of ${system.padEnd(18)}  shipped   fitted`,
    scaleLine("decode steps", old.decode, scales.decode),
    scaleLine("prompt steps", old.context, scales.context),
    scaleLine("mixed steps", old.mixed, scales.mixed),
    ...atLimit.map(
      (key) =>
        `warning: the scale of ${key === "decode" ? "decode" : "prompt"} steps stopped at its limit: ` +
        "model, GPU or ranks are not those measured, or a rate is more than the engine can bear",
    ),
    path === undefined
      ? "nothing written: name a folder with --out"
      : `use it with --cards ${path}`,
  ].join("\n");
}
