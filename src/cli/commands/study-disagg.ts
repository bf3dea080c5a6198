/** `headworks study disagg`: the same GPUs mixed, and split into prefill and decode, over networks from fast to slow. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { EMPTY_DECK } from "../../hardware/index.ts";
import { DisaggStudy, NETWORKS_DEFAULT } from "../../plan/index.ts";
import type { SimulationInputs } from "../../sim/index.ts";
import { scenarioTitle } from "../../sim/index.ts";
import { disaggStudyText } from "../disagg-study-text.ts";
import { EXIT_DONE, EXIT_INTERRUPTED } from "../exit-codes.ts";
import { loadInputs } from "../load-inputs.ts";
import { loadScenario } from "../load-scenario.ts";
import type { LoadedScenario } from "../load-scenario.ts";
import { printStudy, studyRun, watchedRuns } from "../study-runs.ts";
import type { StudyFlags, StudyWatch } from "../study-runs.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";

export type DisaggStudyFlags = StudyFlags & { readonly networks?: string };

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
  const ready = await loadInputs(loaded.value, cardsOf(flags));
  if (!ready.ok) return ready;
  const { inputs } = ready.value;
  const networks = (flags.networks ?? NETWORKS_DEFAULT.join(",")).split(",").map((s) => s.trim());
  const study = DisaggStudy.create(scenario, inputs.hardware?.deck ?? EMPTY_DECK, networks);
  if (!study.ok) return study;
  const done = await watchedRuns(flags, terminal, (watch) =>
    runStudy(study.value, loaded.value, inputs, flags, watch),
  );
  if (!done.ok) return done;
  const result = study.value.result();
  if (result === undefined) {
    return fail({ what: "the study was interrupted before its first run was over" });
  }
  const forms = {
    json: result,
    text: () => disaggStudyText(result, styleFor(terminal.colour.out), terminal.columns),
    html: async () => {
      const { disaggStudyHtml } = await import("../disagg-study-html.ts");
      return disaggStudyHtml(result, scenarioTitle(scenario), command);
    },
  };
  await printStudy(forms, flags, terminal);
  return ok(done.value ? EXIT_DONE : EXIT_INTERRUPTED);
}

/** Makes the runs; false when Ctrl-C cut them short. */
async function runStudy(
  study: DisaggStudy,
  loaded: LoadedScenario,
  first: SimulationInputs,
  flags: DisaggStudyFlags,
  watch: StudyWatch,
): Promise<Result<boolean>> {
  let runs = 0;
  for (let run = study.next(); run !== undefined; run = study.next()) {
    const inputs = runs === 0 ? ok(first) : await fresh(loaded, first, flags);
    if (!inputs.ok) return inputs;
    const { scenario, deck } = run;
    const hardware = { ...inputs.value.hardware, deck };
    const report = await studyRun({ ...inputs.value, scenario, hardware }, watch);
    if (!report.ok) return report;
    if (report.value === undefined) return ok(false);
    study.add(report.value);
    watch.progress(++runs, study.planned);
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
  const again = await loadInputs(loaded, cardsOf(flags));
  return again.ok ? ok(again.value.inputs) : again;
}

function cardsOf({ cards }: DisaggStudyFlags): { readonly cards?: readonly string[] } {
  return cards === undefined ? {} : { cards };
}
