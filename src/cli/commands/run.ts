/** `headworks run`: a scenario and a trace → a report. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { createSimulation, hasSlo, replaySpanUs, seriesIntervalUs } from "../../sim/index.ts";
import type {
  Scenario,
  SimulationInputs,
  SimulationOptions,
  SimulationResult,
} from "../../sim/index.ts";
import type { BandedReport } from "../../plan/index.ts";
import type { MeasureBand } from "../bands.ts";
import { EXIT_DONE, EXIT_GATE, EXIT_INTERRUPTED } from "../exit-codes.ts";
import { durationFlag, shareFlag, wholeFlag } from "../flags.ts";
import { loadInputs } from "../load-inputs.ts";
import { loadScenario } from "../load-scenario.ts";
import type { LoadedScenario } from "../load-scenario.ts";
import { percentText } from "../numbers.ts";
import { prepareFolder } from "../output-folder.ts";
import { packageVersion } from "../package-root.ts";
import { createProgress } from "../progress.ts";
import { reportText } from "../report-text.ts";
import { drive } from "../simulate.ts";
import type { Terminal } from "../terminal.ts";

type BandedResult = SimulationResult & { readonly report: BandedReport };

/** Flags as the command line gives them: text until checked. */
export type RunFlags = {
  readonly model?: string;
  readonly gpu?: string;
  readonly cards?: readonly string[];
  readonly trace?: string;
  readonly policy?: string;
  readonly workers?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly json?: boolean;
  readonly out?: string;
  readonly stepByStep?: boolean;
  readonly series?: string;
  /** False with `--no-requests`. */
  readonly requests?: boolean;
  readonly maxBadRows?: string;
  readonly maxSlices?: string;
  readonly requireAttainment?: string;
  readonly band?: string;
  readonly bandLevel?: string;
  readonly quiet?: boolean;
};

/** Slices kept for the Perfetto trace unless told (assumption: 20 MB of JSON at most). */
const SLICES_DEFAULT = 100_000;

/** Runs the scenario and prints; the exit code. `command` is shown as the way to reproduce. */
export async function runCommand(
  file: string | undefined,
  flags: RunFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<number>> {
  const loaded = await loadScenario({ ...flags, ...(file === undefined ? {} : { file }) });
  return loaded.ok ? runLoaded(loaded.value, flags, terminal, command) : loaded;
}

/** As `runCommand`, from a scenario already loaded. */
export async function runLoaded(
  loaded: LoadedScenario,
  flags: RunFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<number>> {
  const required = requiredAttainment(flags, loaded.scenario);
  if (!required.ok) return required;
  const base = simulationOptions(flags);
  if (!base.ok) return base;
  if (flags.out !== undefined) {
    const folder = prepareFolder(flags.out);
    if (!folder.ok) return folder;
  }
  const maxBadRows = wholeFlag(flags.maxBadRows, "--max-bad-rows");
  if (!maxBadRows.ok) return maxBadRows;
  const inputFlags = {
    ...(maxBadRows.value === undefined ? {} : { maxBadRows: maxBadRows.value }),
    ...(flags.cards === undefined ? {} : { cards: flags.cards }),
    ...(flags.policy === undefined ? {} : { policy: flags.policy }),
  };
  const ready = await loadInputs(loaded, inputFlags);
  if (!ready.ok) return ready;
  const { inputs, spanUs } = ready.value;
  const options =
    flags.out === undefined || base.value.seriesIntervalUs !== undefined
      ? base.value
      : { ...base.value, seriesIntervalUs: seriesIntervalUs(spanUs) };
  const band = await bandOf(flags, inputs);
  if (!band.ok) return band;
  const simulation = createSimulation(inputs, options);
  if (!simulation.ok) return simulation;
  const progress = createProgress(terminal, flags.quiet === true);
  const { result, interrupted } = await drive(
    simulation.value,
    progress,
    replaySpanUs(inputs.scenario, spanUs),
  );
  // A generator has been read to its end by now; a trace can be replayed as it is.
  const again = async (): Promise<Result<SimulationInputs>> => {
    if (inputs.rows === undefined) return ok(inputs);
    const fresh = await loadInputs(loaded, inputFlags);
    return fresh.ok ? ok(fresh.value.inputs) : fresh;
  };
  const measured =
    band.value === undefined || interrupted
      ? ok(result.report)
      : await band.value(result.report, again, terminal);
  if (!measured.ok) return measured;
  const written = await present({ ...result, report: measured.value }, flags, terminal, command);
  if (!written.ok) return written;
  return ok(interrupted ? EXIT_INTERRUPTED : exitFor(result, required.value, terminal));
}

/** What measures the band that the flags ask for; read only when they do, to keep other starts short. */
async function bandOf(
  flags: RunFlags,
  inputs: SimulationInputs,
): Promise<Result<MeasureBand | undefined>> {
  if (flags.band === undefined && flags.bandLevel === undefined) return ok(undefined);
  const { bandMeasure } = await import("../bands.ts");
  return bandMeasure(flags, inputs);
}

function simulationOptions(flags: RunFlags): Result<SimulationOptions> {
  const series = durationFlag(flags.series, "--series");
  if (!series.ok) return series;
  const slices = wholeFlag(flags.maxSlices, "--max-slices");
  if (!slices.ok) return slices;
  const files = flags.out !== undefined;
  return ok({
    stepByStep: flags.stepByStep === true,
    requests: files && flags.requests !== false,
    ...(series.value === undefined ? {} : { seriesIntervalUs: series.value }),
    slices: files ? (slices.value ?? SLICES_DEFAULT) : 0,
    version: packageVersion(),
  });
}

async function present(
  result: BandedResult,
  flags: RunFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<void>> {
  if (flags.out !== undefined) {
    const { writeRunFiles } = await import("../run-files.ts");
    const files = await writeRunFiles(flags.out, result, command);
    if (!files.ok) return files;
    if (flags.quiet !== true) {
      terminal.note(files.value.map((path) => `wrote ${path}\n`).join(""));
    }
  }
  if (flags.json === true) terminal.out(`${JSON.stringify(result.report)}\n`);
  else {
    const { columns, colour } = terminal;
    terminal.out(`\n${reportText(result.report, { columns, colour: colour.out })}`);
  }
  return ok(undefined);
}

/** What `--require-attainment` asks. Errors: no share; a scenario without an SLO. */
function requiredAttainment(flags: RunFlags, scenario: Scenario): Result<number | undefined> {
  const required = shareFlag(flags.requireAttainment, "--require-attainment");
  if (!required.ok || required.value === undefined) return required;
  if (hasSlo(scenario)) return required;
  return fail({
    what: "there is no SLO to attain",
    where: "--require-attainment",
    expected: "a scenario with slo.ttft_s, slo.tpot_s or slo.e2e_s",
    remedy: "add --set slo.ttft_s=2, or leave --require-attainment out",
  });
}

/** No measured request attains nothing. */
function exitFor(
  result: SimulationResult,
  required: number | undefined,
  terminal: Terminal,
): number {
  if (required === undefined) return EXIT_DONE;
  const attainment = result.report.slo.attainment ?? 0;
  if (attainment >= required) return EXIT_DONE;
  terminal.note(`SLO missed: ${percentText(attainment)} of ${percentText(required)} required\n`);
  return EXIT_GATE;
}
