/** `headworks calibrate --steps`: a user's own measured steps → scales and floors of an engine. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  findGpu,
  findModel,
  type GpuCard,
  type KernelParams,
  kernelsStepTime,
  type KernelsLayout,
  type KernelsSpec,
  modelFacts,
} from "../../hardware/index.ts";
import type { EngineTiming, StepTimeModel } from "../../hardware/index.ts";
import { fitSteps, parseSteps, stepAccuracy } from "../../plan/index.ts";
import type { MeasuredStep, StepAccuracy, StepFit, StepGroup } from "../../plan/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { linearSolver } from "../linear-solver.ts";
import { loadDeck } from "../load-cards.ts";
import { loadEngineTiming, loadKernelParams } from "../load-kernels.ts";
import { readText } from "../read-file.ts";
import type { CommandOutput } from "./memory.ts";

/** One run of the file: its `run_id`, and what it ran on. */
export type StepRun = { readonly run: string; readonly layout: KernelsLayout };

export type CalibrateStepsOptions = {
  readonly steps: string;
  readonly model: string;
  readonly gpu: string;
  readonly engine: string;
  /** Runs with their layouts; one run "" for a file without `run_id`. */
  readonly runs: readonly StepRun[];
  /** Fit the host floors too, besides one scale a regime. */
  readonly floors?: boolean;
  /** Folder to write ENGINE.json into. */
  readonly out?: string;
  readonly date: string;
  readonly cards?: readonly string[];
  readonly json?: boolean;
};

const US_PER_S = 1e6;

type Loaded = {
  readonly spec: Omit<KernelsSpec, "layout">;
  readonly gpu: GpuCard;
  readonly params: KernelParams;
  readonly timing: EngineTiming;
};

async function load(options: CalibrateStepsOptions): Promise<Result<Loaded>> {
  const deck = await loadDeck(options.cards);
  if (!deck.ok) return deck;
  const entry = findModel(deck.value, options.model);
  if (!entry.ok) return entry;
  const gpu = findGpu(deck.value, options.gpu);
  if (!gpu.ok) return gpu;
  const params = loadKernelParams(deck.value, gpu.value);
  if (!params.ok) return params;
  const timing = loadEngineTiming(deck.value, options.engine);
  if (!timing.ok) return timing;
  const node = deck.value.nodes.find(({ id }) => id === gpu.value.node);
  const spec = {
    model: entry.value.card,
    gpu: gpu.value,
    params: params.value,
    timing: timing.value,
    ...(node === undefined ? {} : { node }),
  };
  return ok({ spec, gpu: gpu.value, params: params.value, timing: timing.value });
}

/** FLOPs of one token over the peak of all GPUs, µs: the floor below which a row is no step. */
function peakUsPerToken(loaded: Loaded, layout: KernelsLayout): Result<number> {
  const facts = modelFacts(loaded.spec.model, layout);
  if (!facts.ok) return facts;
  const { bf16FlopPerS, fp8FlopPerS, fp4FlopPerS } = loaded.gpu.flops;
  const peak = Math.max(bf16FlopPerS, fp8FlopPerS ?? 0, fp4FlopPerS ?? 0);
  const format = (layout.dtype ?? loaded.spec.model.dtype) === "bf16" ? bf16FlopPerS : peak;
  return ok((facts.value.flopsPerToken / (format * facts.value.gpus)) * US_PER_S);
}

function scaled(us: number, factor: number): number {
  return Number((us * factor).toPrecision(4));
}

/** The engine's timing with what was fitted. */
function timingOf(loaded: Loaded, fit: StepFit, options: CalibrateStepsOptions): EngineTiming {
  const { timing, params } = loaded;
  const { scheduling, launch } = fit.hostFactors;
  const { file: _, ...shipped } = timing;
  return {
    ...shipped,
    source: `${timing.source}; scales of ${params.kernels} and floors: ${options.steps}`,
    date: options.date,
    hostStepUs: scaled(timing.hostStepUs, scheduling),
    hostRequestUs: scaled(timing.hostRequestUs, scheduling),
    launchUs: scaled(timing.launchUs, launch),
    scales: { ...timing.scales, [params.kernels]: fit.scales },
  };
}

function groupLine(group: StepGroup): string {
  const ratios = [group.ratioP10, group.ratioP50, group.ratioP90].map((ratio) => ratio.toFixed(2));
  const left = group.impossible > 0 ? `, ${group.impossible} faster than the peak rate` : "";
  const name = `${group.run === "" ? "steps" : group.run} ${group.regime}`.padEnd(20);
  const mape = `${(group.mape * 100).toFixed(1)} %`.padStart(8);
  return `  ${name} ${mape}  predicted/measured ${ratios.join(" ")}  ${group.rows} rows${left}`;
}

function textOf(
  before: StepAccuracy,
  after: StepAccuracy,
  fit: StepFit,
  old: EngineTiming,
): string {
  const was = JSON.stringify(old.scales["default"]);
  const lines = ["with the shipped timing:", ...before.groups.map(groupLine)];
  lines.push(...before.overall.map(groupLine), "with the fitted one:");
  lines.push(...after.groups.map(groupLine), ...after.overall.map(groupLine));
  lines.push(`scales: ${JSON.stringify(fit.scales)} (shipped default ${was})`);
  const { scheduling, launch } = fit.hostFactors;
  lines.push(`host: scheduling × ${scheduling}, launches × ${launch}`);
  const { heldOutMedian, heldOutP90 } = fit.residuals;
  const held = [heldOutMedian, heldOutP90].map((part) => `${(part * 100).toFixed(1)} %`);
  lines.push(`held out (3-fold): median ${held[0] ?? ""}, p90 ${held[1] ?? ""}`);
  return lines.join("\n");
}

/**
 * Fits one scale for each regime, and the host floors when asked, to measured steps; prints the error
 * before and after. Problems: unknown model, GPU or engine, a damaged CSV, a layout that does not
 * divide, no step of the named runs.
 */
export async function runCalibrateSteps(
  options: CalibrateStepsOptions,
): Promise<Result<CommandOutput>> {
  const text = readText(options.steps, "forward-pass metrics (CSV)");
  if (!text.ok) return text;
  const steps = parseSteps(options.steps, text.value);
  if (!steps.ok) return steps;
  const loaded = await load(options);
  if (!loaded.ok) return loaded;
  const names = new Set(options.runs.map(({ run }) => run));
  const own = steps.value.filter(({ run }) => names.has(run));
  if (own.length === 0) {
    const seen = [...new Set(steps.value.map(({ run }) => run))].slice(0, 20);
    const expected = `runs of the file: ${seen.join(", ")}`;
    return fail({ what: "no step belongs to the named runs", where: options.steps, expected });
  }
  return fitAndReport(options, loaded.value, own);
}

type Run = { readonly run: string; readonly peakUsPerToken: number };

async function fitAndReport(
  options: CalibrateStepsOptions,
  loaded: Loaded,
  steps: readonly MeasuredStep[],
): Promise<Result<CommandOutput>> {
  const { timing } = loaded;
  const build = (of: EngineTiming) => {
    const runs = [];
    for (const { run, layout } of options.runs) {
      const model = kernelsStepTime({ ...loaded.spec, timing: of, layout });
      if (!model.ok) return model;
      const peak = peakUsPerToken(loaded, layout);
      if (!peak.ok) return peak;
      runs.push({ run, model: model.value, peakUsPerToken: peak.value });
    }
    return ok(runs satisfies (Run & { readonly model: StepTimeModel })[]);
  };
  const runs = build(timing);
  if (!runs.ok) return runs;
  const fit = fitSteps(steps, runs.value, {
    timing,
    floors: options.floors === true,
    solve: await linearSolver(),
  });
  if (fit.impossible === steps.length) {
    return fail({
      what: "every step is faster than the GPUs' peak rate allows",
      where: options.steps,
      expected:
        "latency_ms in milliseconds, and the model, GPU and layout (--run) that were measured",
    });
  }
  const fitted = timingOf(loaded, fit, options);
  const fittedRuns = build(fitted);
  if (!fittedRuns.ok) return fittedRuns;
  const before = stepAccuracy(steps, runs.value);
  const after = stepAccuracy(steps, fittedRuns.value);
  const path = options.out === undefined ? [] : [join(options.out, `${fitted.engine}.json`)];
  for (const at of path) {
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, `${JSON.stringify(fitted, undefined, 2)}\n`);
  }
  const document = { before, after, fit, timing: fitted };
  const output =
    options.json === true
      ? JSON.stringify(document)
      : [textOf(before, after, fit, timing), ...path.map((at) => `use it with --cards ${at}`)].join(
          "\n",
        );
  return ok({ text: `${output}\n`, exitCode: EXIT_DONE });
}
