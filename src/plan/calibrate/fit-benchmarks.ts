/**
 * Two scales of an engine on one GPU from benchmark results: one for decode steps, which TPOT shows, one for steps with
 * prompts, which TTFT shows.
 *
 * The numbers of a benchmark follow from whole simulations, which have no useful derivatives. So each round multiplies both
 * scales with the median of measured over predicted: robust against odd rows. In a closed loop that converges, since a time
 * never grows faster than the scale of its steps. In an open loop it does, near the load that an engine can just bear; so a
 * scale that has gone too far goes half as far from then on.
 */

import { ok, pow, type Result } from "../../core/index.ts";
import type { EngineTiming, RegimeScales } from "../../hardware/index.ts";
import type { MeasuredRun } from "../accuracy/measured-run.ts";
import type { RunParts } from "../accuracy/run-engine.ts";
import { simulateRun } from "../accuracy/simulate-run.ts";
import { foldOf, FOLDS, quantileOf } from "./cross-validate.ts";

/** Outside, model or GPU are not what was measured; as for measured steps. */
const SCALE_MIN = 0.4;
const SCALE_MAX = 4;
const ROUNDS = 12;
/** A round that changes no scale by more than this part is the last. */
const CHANGE_MIN = 0.002;
/** Digits that are kept of a scale. */
const DIGITS = 4;

/** Predicted over measured − 1, in size; empty: not measured. */
export type BenchmarkErrors = { readonly ttft: Float64Array; readonly tpot: Float64Array };

export type BenchmarkFit = {
  readonly scales: RegimeScales;
  readonly before: BenchmarkErrors;
  readonly after: BenchmarkErrors;
  /** Of runs that a fit did not see; empty below three runs. */
  readonly heldOut: BenchmarkErrors;
  readonly rounds: number;
  /** Scales that stopped at the least or the most that is believed. */
  readonly atLimit: readonly ("decode" | "context")[];
};

type Ratios = { readonly ttft: number[]; readonly tpot: number[] };

/** The timing with scales of one system. */
export function withScales(
  timing: EngineTiming,
  system: string,
  scales: RegimeScales,
): EngineTiming {
  return { ...timing, scales: { ...timing.scales, [system]: scales } };
}

class BenchmarkFitter {
  readonly parts: RunParts;
  readonly progress: () => void;

  constructor(parts: RunParts, progress: () => void) {
    this.parts = parts;
    this.progress = progress;
  }

  /** Measured over predicted of every number of the runs. */
  ratios(runs: readonly MeasuredRun[], scales: RegimeScales): Result<Ratios> {
    const { parts } = this;
    const timing = withScales(parts.timing, parts.params.kernels, scales);
    const found: Ratios = { ttft: [], tpot: [] };
    for (const run of runs) {
      const predicted = simulateRun(run, { ...parts, timing });
      if (!predicted.ok) return predicted;
      this.progress();
      const { ttftP50, tpotP50 } = run.windows[0]!.measured;
      const at = predicted.value.windows[0]!;
      if (ttftP50 !== undefined) found.ttft.push(ttftP50 / at.ttftP50!);
      if (tpotP50 !== undefined && at.tpotP50! > 0) found.tpot.push(tpotP50 / at.tpotP50!);
    }
    return ok(found);
  }

  fit(
    runs: readonly MeasuredRun[],
    start: RegimeScales,
  ): Result<{ readonly scales: RegimeScales; readonly rounds: number }> {
    const decode = new SearchedScale(start.decode);
    const context = new SearchedScale(start.context);
    const scales = (): RegimeScales => {
      return { decode: decode.value, context: context.value, mixed: context.value };
    };
    let rounds = 0;
    while (rounds < ROUNDS) {
      rounds++;
      const ratios = this.ratios(runs, scales());
      if (!ratios.ok) return ratios;
      const changes = [
        decode.move(median(ratios.value.tpot)),
        context.move(median(ratios.value.ttft)),
      ];
      if (Math.max(...changes) < CHANGE_MIN) break;
    }
    return ok({ scales: scales(), rounds });
  }
}

/** NaN when nothing was measured. */
function median(values: readonly number[]): number {
  return quantileOf(Float64Array.from(values).sort(), 0.5);
}

class SearchedScale {
  value: number;
  private exponent = 1;
  /** Measured over predicted of the round before. */
  private before = NaN;

  constructor(start: number) {
    this.value = start;
  }

  /** Goes where measured over predicted points to (NaN: nothing was measured); returns the part by which it has changed. */
  move(ratio: number): number {
    if (Number.isNaN(ratio)) return 0;
    if ((this.before - 1) * (ratio - 1) < 0) this.exponent /= 2;
    this.before = ratio;
    const wished = this.value * pow(ratio, this.exponent);
    const was = this.value;
    this.value = Number(Math.min(SCALE_MAX, Math.max(SCALE_MIN, wished)).toPrecision(DIGITS));
    return Math.abs(this.value / was - 1);
  }
}

function errorsOf({ ttft, tpot }: Ratios): BenchmarkErrors {
  const error = (ratio: number): number => Math.abs(1 / ratio - 1);
  return { ttft: Float64Array.from(ttft, error), tpot: Float64Array.from(tpot, error) };
}

function joined(parts: readonly BenchmarkErrors[]): BenchmarkErrors {
  return {
    ttft: Float64Array.from(parts.flatMap(({ ttft }) => [...ttft])),
    tpot: Float64Array.from(parts.flatMap(({ tpot }) => [...tpot])),
  };
}

/**
 * Fits the scales from `start` on, then those of each third of the runs from the other two thirds. Problems: what a
 * simulation of a run can meet (a layout that does not divide, a model that does not fit).
 *
 * @param progress told after every simulation
 */
export function fitBenchmarks(
  runs: readonly MeasuredRun[],
  parts: RunParts,
  start: RegimeScales,
  progress: () => void = () => undefined,
): Result<BenchmarkFit> {
  const fitter = new BenchmarkFitter(parts, progress);
  const before = fitter.ratios(runs, start);
  if (!before.ok) return before;
  const fit = fitter.fit(runs, start);
  if (!fit.ok) return fit;
  const after = fitter.ratios(runs, fit.value.scales);
  if (!after.ok) return after;
  const held: BenchmarkErrors[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const seen = runs.filter((_, i) => foldOf(i) !== fold);
    const unseen = runs.filter((_, i) => foldOf(i) === fold);
    if (seen.length < 2 || unseen.length === 0) continue;
    const other = fitter.fit(seen, fit.value.scales);
    if (!other.ok) return other;
    const ratios = fitter.ratios(unseen, other.value.scales);
    if (!ratios.ok) return ratios;
    held.push(errorsOf(ratios.value));
  }
  const { scales, rounds } = fit.value;
  const [errorsBefore, errorsAfter] = [errorsOf(before.value), errorsOf(after.value)];
  const heldOut = joined(held);
  const atLimit = (["decode", "context"] as const).filter(
    (key) => scales[key] === SCALE_MIN || scales[key] === SCALE_MAX,
  );
  return ok({ scales, before: errorsBefore, after: errorsAfter, heldOut, rounds, atLimit });
}
