/** `headworks study tiers`: hit rate and goodput over tier sizes, fetching and computing again. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  concludeTierStudy,
  scenarioOfTierCase,
  tierCases,
  tierSampleOf,
  tierStudyPlan,
} from "../../plan/index.ts";
import { EXIT_DONE, EXIT_INTERRUPTED } from "../exit-codes.ts";
import { wholeFlag } from "../flags.ts";
import { loadScenario } from "../load-scenario.ts";
import { printStudy, runCases } from "../study-runs.ts";
import type { StudyFlags } from "../study-runs.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { tierStudyText } from "../tier-study-text.ts";

export type TierStudyFlags = StudyFlags & {
  readonly sizes?: string;
  readonly onboard?: string;
  readonly replications?: string;
};

/** Runs the study and prints it; the exit code. `command` is shown as the way to reproduce. */
export async function studyTiersCommand(
  file: string | undefined,
  flags: TierStudyFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<number>> {
  const loaded = await loadScenario({ ...flags, ...(file === undefined ? {} : { file }) });
  if (!loaded.ok) return loaded;
  const sizes = (flags.sizes ?? "0.25,0.5,1,2,4").split(",").map(Number);
  if (!sizes.every((size) => Number.isFinite(size) && size > 0)) {
    return fail({
      what: `${JSON.stringify(flags.sizes)} is no list of multiples`,
      where: "--sizes",
      expected: "0.5,1,2",
    });
  }
  const names = (flags.onboard ?? "predicted,always,never").split(",");
  const replications = wholeFlag(flags.replications ?? "3", "--replications");
  if (!replications.ok) return replications;
  const count = Math.max(1, replications.value ?? 1);
  const plan = tierStudyPlan(loaded.value.scenario, sizes, names, count);
  if (!plan.ok) return plan;
  const cases = tierCases(plan.value);
  const runs = { cases, scenarioOf: scenarioOfTierCase, sampleOf: tierSampleOf };
  const samples = await runCases(loaded.value, runs, flags, terminal);
  if (!samples.ok) return samples;
  const study = concludeTierStudy(plan.value, samples.value);
  const forms = {
    json: study,
    text: () => tierStudyText(study, styleFor(terminal.colour.out)),
    html: async () => {
      const { tierStudyHtml } = await import("../tier-study-html.ts");
      return tierStudyHtml(study, loaded.value.scenario.name, command);
    },
  };
  await printStudy(forms, flags, terminal);
  return ok(samples.value.length < cases.length ? EXIT_INTERRUPTED : EXIT_DONE);
}
