/** `headworks study tiers`: hit rate and goodput over tier sizes, fetching and computing again. */

import { writeFileSync } from "node:fs";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  concludeTierStudy,
  scenarioOfTierCase,
  tierCases,
  tierSampleOf,
  tierStudyPlan,
} from "../../plan/index.ts";
import type { TierCase, TierSample, TierStudyPlan } from "../../plan/index.ts";
import { createSimulation } from "../../sim/index.ts";
import type { SimulationInputs } from "../../sim/index.ts";
import { EXIT_DONE, EXIT_INTERRUPTED } from "../exit-codes.ts";
import { wholeFlag } from "../flags.ts";
import { loadReplication } from "../load-replication.ts";
import { loadScenario } from "../load-scenario.ts";
import type { LoadedScenario } from "../load-scenario.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { tierStudyText } from "../tier-study-text.ts";

export type TierStudyFlags = {
  readonly trace?: string;
  readonly model?: string;
  readonly gpu?: string;
  readonly cards?: readonly string[];
  readonly workers?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly sizes?: string;
  readonly onboard?: string;
  readonly replications?: string;
  readonly json?: boolean;
  readonly html?: string;
  readonly quiet?: boolean;
};

const EVENTS_AT_ONCE = 200_000;

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
  const samples = await runCases(loaded.value, plan.value, flags, terminal);
  if (!samples.ok) return samples;
  const study = concludeTierStudy(plan.value, samples.value);
  if (flags.html !== undefined) {
    const { tierStudyHtml } = await import("../tier-study-html.ts");
    writeFileSync(flags.html, tierStudyHtml(study, loaded.value.scenario.name, command));
    if (flags.quiet !== true) terminal.note(`wrote ${flags.html}\n`);
  }
  if (flags.json === true) terminal.out(`${JSON.stringify(study)}\n`);
  else terminal.out(tierStudyText(study, styleFor(terminal.colour.out)));
  const whole = tierCases(plan.value).length;
  return ok(samples.value.length < whole ? EXIT_INTERRUPTED : EXIT_DONE);
}

/** Every run that was made before the first Ctrl-C. */
async function runCases(
  loaded: LoadedScenario,
  plan: TierStudyPlan,
  flags: TierStudyFlags,
  terminal: Terminal,
): Promise<Result<readonly TierSample[]>> {
  const cases = tierCases(plan);
  const samples: TierSample[] = [];
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  process.once("SIGINT", interrupt);
  try {
    let inputs: SimulationInputs | undefined;
    for (const [i, one] of cases.entries()) {
      if (one.replication !== cases[i - 1]?.replication || inputs?.rows !== undefined) {
        const next = await loadReplication(loaded, one.replication, flags.cards);
        if (!next.ok) return next;
        inputs = next.value;
      }
      const sample = await runCase(
        { ...inputs!, scenario: loaded.scenario },
        one,
        () => interrupted,
      );
      if (!sample.ok) return sample;
      if (sample.value === undefined) break;
      samples.push(sample.value);
      if (flags.quiet === true) continue;
      const line = `${String(samples.length)} of ${String(cases.length)} runs`;
      if (terminal.live) terminal.note(`\r\u001b[K${line}`);
    }
  } finally {
    process.removeListener("SIGINT", interrupt);
    if (terminal.live && flags.quiet !== true) terminal.note("\r\u001b[K");
  }
  return ok(samples);
}

async function runCase(
  base: SimulationInputs,
  one: TierCase,
  isInterrupted: () => boolean,
): Promise<Result<TierSample | undefined>> {
  const scenario = scenarioOfTierCase(base.scenario, one);
  const simulation = createSimulation({ ...base, scenario });
  if (!simulation.ok) return simulation;
  while (simulation.value.advance(EVENTS_AT_ONCE)) {
    // Ctrl-C is heard between slices.
    await new Promise((resolve) => setImmediate(resolve));
    if (isInterrupted()) return ok(undefined);
  }
  return ok(tierSampleOf(one, simulation.value.finish(0).report));
}
