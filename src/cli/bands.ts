/** `run --band N`: the scenario again under N draws of its uncertain parameters, and what that says of each number. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { bandsOf, sampleInputs, uncertainParts } from "../plan/index.ts";
import type { BandedReport } from "../plan/index.ts";
import { createSimulation } from "../sim/index.ts";
import type { Report, SimulationInputs } from "../sim/index.ts";
import { shareFlag, wholeFlag } from "./flags.ts";
import { createProgress } from "./progress.ts";
import { drive } from "./simulate.ts";
import type { Terminal } from "./terminal.ts";

export type BandFlags = {
  readonly band?: string;
  readonly bandLevel?: string;
  readonly quiet?: boolean;
};

type BandOptions = { readonly samples: number; readonly level: number };

/** Adds the band to a report; `again` gives the scenario's inputs with their traffic from the start. */
export type MeasureBand = (
  report: Report,
  again: () => Promise<Result<SimulationInputs>>,
  terminal: Terminal,
) => Promise<Result<BandedReport>>;

/** Two draws are the fewest that span anything; more than ten thousand say nothing new (assumption). */
const SAMPLES_LEAST = 2;
const SAMPLES_MOST = 10_000;
const LEVEL_DEFAULT = 0.9;

/** What `--band` and `--band-level` ask. Errors: no counts or shares, a level alone. */
function bandOptions(flags: BandFlags): Result<BandOptions> {
  const samples = wholeFlag(flags.band, "--band");
  if (!samples.ok) return samples;
  const level = shareFlag(flags.bandLevel, "--band-level");
  if (!level.ok) return level;
  if (samples.value === undefined) {
    return fail({
      what: "a level of confidence, and no band",
      where: "--band-level",
      remedy: "add --band 40, or leave --band-level out",
    });
  }
  if (samples.value < SAMPLES_LEAST || samples.value > SAMPLES_MOST) {
    return fail({
      what: `${String(samples.value)} draws make no band`,
      where: "--band",
      expected: `${String(SAMPLES_LEAST)} to ${String(SAMPLES_MOST)}`,
      remedy: "40 draws give a usable 90 % band",
    });
  }
  const share = level.value ?? LEVEL_DEFAULT;
  if (share > 0 && share < 1) return ok({ samples: samples.value, level: share });
  return fail({
    what: `a band of ${String(share)} holds nothing or everything`,
    where: "--band-level",
    expected: "between 0 and 1, for example 90%",
  });
}

/**
 * What measures the band that the flags ask for. Errors: wrong flags; a scenario in which nothing is uncertain. The measure
 * itself ends at Ctrl-C with the draws that are done, and fails when every draw is impossible.
 */
export function bandMeasure(flags: BandFlags, inputs: SimulationInputs): Result<MeasureBand> {
  const options = bandOptions(flags);
  if (!options.ok) return options;
  const { samples, level } = options.value;
  const spreads = uncertainParts(inputs);
  if (!spreads.ok) return fail({ ...spreads.problem, where: "--band" });
  return ok(async (report, again, terminal) => {
    const draws: Report[] = [];
    let failed = 0;
    let failure: Result<never> | undefined;
    for (let sample = 0; sample < samples; sample++) {
      const fresh = await again();
      if (!fresh.ok) return fresh;
      const simulation = createSimulation(sampleInputs(fresh.value, sample));
      if (!simulation.ok) {
        failure = simulation;
        failed++;
        continue;
      }
      const progress = createProgress(terminal, flags.quiet === true);
      const { result, interrupted } = await drive(simulation.value, progress);
      if (interrupted) break;
      draws.push(result.report);
    }
    if (draws.length === 0 && failure !== undefined) return failure;
    const bands = bandsOf(report, draws, level);
    const uncertainty = { samples: draws.length, failed, level, bands, spreads: spreads.value };
    return ok({ ...report, uncertainty });
  });
}
