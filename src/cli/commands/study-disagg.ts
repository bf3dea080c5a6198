/** `headworks study disagg`: the same GPUs mixed, and split into prefill and decode, over networks from fast to slow. */

import { writeFileSync } from "node:fs";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { EMPTY_DECK } from "../../hardware/index.ts";
import { DisaggStudy, NETWORKS_DEFAULT } from "../../plan/index.ts";
import type { DisaggRun } from "../../plan/index.ts";
import { createSimulation } from "../../sim/index.ts";
import type { Report, SimulationInputs } from "../../sim/index.ts";
import { disaggStudyText } from "../disagg-study-text.ts";
import { EXIT_DONE, EXIT_INTERRUPTED } from "../exit-codes.ts";
import { loadInputs } from "../load-inputs.ts";
import { loadScenario } from "../load-scenario.ts";
import type { LoadedScenario } from "../load-scenario.ts";
import { secondsText } from "../numbers.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";

export type DisaggStudyFlags = {
  readonly trace?: string;
  readonly model?: string;
  readonly gpu?: string;
  readonly cards?: readonly string[];
  readonly workers?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly networks?: string;
  readonly json?: boolean;
  readonly html?: string;
  readonly quiet?: boolean;
};

/** Between two looks at whether Ctrl-C was pressed (assumption: some tens of ms). */
const EVENTS_AT_ONCE = 200_000;

/** Runs the study and prints it; the exit code. `command` is shown as the way to reproduce. */
export async function studyDisaggCommand(
  file: string | undefined,
  flags: DisaggStudyFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<number>> {
  const loaded = await loadScenario({ ...flags, ...(file === undefined ? {} : { file }) });
  if (!loaded.ok) return loaded;
  const { scenario } = loaded.value;
  const cards = flags.cards === undefined ? {} : { cards: flags.cards };
  const ready = await loadInputs(loaded.value, cards);
  if (!ready.ok) return ready;
  const { inputs } = ready.value;
  const networks = (flags.networks ?? NETWORKS_DEFAULT.join(",")).split(",").map((s) => s.trim());
  const study = DisaggStudy.create(scenario, inputs.hardware?.deck ?? EMPTY_DECK, networks);
  if (!study.ok) return study;
  const done = await runStudy(study.value, loaded.value, inputs, flags, terminal);
  if (!done.ok) return done;
  const result = study.value.result();
  if (result === undefined) {
    return fail({ what: "the study was interrupted before its first run was over" });
  }
  if (flags.html !== undefined) {
    const { disaggStudyHtml } = await import("../disagg-study-html.ts");
    writeFileSync(flags.html, disaggStudyHtml(result, scenario.name, command));
    if (flags.quiet !== true) terminal.note(`wrote ${flags.html}\n`);
  }
  if (flags.json === true) terminal.out(`${JSON.stringify(result)}\n`);
  else terminal.out(disaggStudyText(result, styleFor(terminal.colour.out), terminal.columns));
  return ok(done.value ? EXIT_DONE : EXIT_INTERRUPTED);
}

/** Makes the runs; false when Ctrl-C cut them short. */
async function runStudy(
  study: DisaggStudy,
  loaded: LoadedScenario,
  first: SimulationInputs,
  flags: DisaggStudyFlags,
  terminal: Terminal,
): Promise<Result<boolean>> {
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  process.once("SIGINT", interrupt);
  const started = performance.now();
  let runs = 0;
  try {
    for (let run = study.next(); run !== undefined; run = study.next()) {
      const inputs = runs === 0 ? ok(first) : await fresh(loaded, first, flags);
      if (!inputs.ok) return inputs;
      const report = await simulated(inputs.value, run, () => interrupted);
      if (!report.ok) return report;
      if (report.value === undefined) return ok(false);
      study.add(report.value);
      runs++;
      if (flags.quiet !== true) showProgress(runs, study.planned, started, terminal);
    }
  } finally {
    process.removeListener("SIGINT", interrupt);
    if (terminal.live && flags.quiet !== true) terminal.note("\r\u001b[K");
  }
  return ok(true);
}

/** A trace can be replayed as it is; a generator has been read to its end. */
async function fresh(
  loaded: LoadedScenario,
  first: SimulationInputs,
  flags: DisaggStudyFlags,
): Promise<Result<SimulationInputs>> {
  if (first.rows === undefined) return ok(first);
  const again = await loadInputs(loaded, flags.cards === undefined ? {} : { cards: flags.cards });
  return again.ok ? ok(again.value.inputs) : again;
}

async function simulated(
  inputs: SimulationInputs,
  { scenario, deck }: DisaggRun,
  isInterrupted: () => boolean,
): Promise<Result<Report | undefined>> {
  const hardware = { ...inputs.hardware, deck };
  const simulation = createSimulation({ ...inputs, scenario, hardware });
  if (!simulation.ok) return simulation;
  while (simulation.value.advance(EVENTS_AT_ONCE)) {
    await new Promise((resolve) => setImmediate(resolve));
    if (isInterrupted()) return ok(undefined);
  }
  return ok(simulation.value.finish(0).report);
}

function showProgress(done: number, all: number, started: number, terminal: Terminal): void {
  const wallS = (performance.now() - started) / 1000;
  const left = secondsText(Number(((wallS / done) * (all - done)).toPrecision(2)));
  const line = `${String(done)} of ${String(all)} runs, about ${left} left`;
  if (terminal.live) terminal.note(`\r\u001b[K${line}`);
  else if (done % 10 === 0) terminal.note(`${line}\n`);
}
