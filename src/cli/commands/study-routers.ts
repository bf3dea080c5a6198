/** `headworks study routers`: all routers on one kind of traffic, over load and staleness. */

import { writeFileSync } from "node:fs";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { rankStudy, sampleOf, scenarioOfCase, studyCases } from "../../plan/index.ts";
import type { StudyCase, StudyPlan, StudySample } from "../../plan/index.ts";
import { routerPolicies } from "../../policies/index.ts";
import { createSimulation } from "../../sim/index.ts";
import type { SimulationInputs } from "../../sim/index.ts";
import { EXIT_DONE, EXIT_INTERRUPTED } from "../exit-codes.ts";
import { wholeFlag } from "../flags.ts";
import { loadReplication } from "../load-replication.ts";
import { loadScenario } from "../load-scenario.ts";
import type { LoadedScenario } from "../load-scenario.ts";
import { secondsText } from "../numbers.ts";
import { studyText } from "../study-text.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";

export type StudyFlags = {
  readonly trace?: string;
  readonly model?: string;
  readonly gpu?: string;
  readonly cards?: readonly string[];
  readonly workers?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly policies?: string;
  readonly loads?: string;
  readonly staleness?: string;
  readonly replications?: string;
  readonly json?: boolean;
  readonly html?: string;
  readonly quiet?: boolean;
};

const EVENTS_AT_ONCE = 200_000;

/** Runs the study and prints it; the exit code. `command` is shown as the way to reproduce. */
export async function studyRoutersCommand(
  file: string | undefined,
  flags: StudyFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<number>> {
  const plan = planOf(flags);
  if (!plan.ok) return plan;
  const loaded = await loadScenario({ ...flags, ...(file === undefined ? {} : { file }) });
  if (!loaded.ok) return loaded;
  const { ttft_s: ttft, tpot_s: tpot, e2e_s: e2e } = loaded.value.scenario.slo;
  if (ttft === undefined && tpot === undefined && e2e === undefined) {
    return fail({
      what: "there is no SLO, so no goodput to rank by",
      where: "slo",
      expected: "slo.ttft_s, slo.tpot_s or slo.e2e_s",
      remedy: "add --set slo.ttft_s=2 --set slo.tpot_s=0.05",
    });
  }
  const samples = await runCases(loaded.value, plan.value, flags, terminal);
  if (!samples.ok) return samples;
  const study = rankStudy(plan.value, samples.value);
  if (flags.html !== undefined) {
    const { studyHtml } = await import("../study-html.ts");
    writeFileSync(flags.html, studyHtml(study, loaded.value.scenario.name, command));
    if (flags.quiet !== true) terminal.note(`wrote ${flags.html}\n`);
  }
  if (flags.json === true) terminal.out(`${JSON.stringify(study)}\n`);
  else terminal.out(studyText(study, styleFor(terminal.colour.out)));
  const whole = studyCases(plan.value).length;
  return ok(samples.value.length < whole ? EXIT_INTERRUPTED : EXIT_DONE);
}

/** Every run that was made before the first Ctrl-C. */
async function runCases(
  loaded: LoadedScenario,
  plan: StudyPlan,
  flags: StudyFlags,
  terminal: Terminal,
): Promise<Result<readonly StudySample[]>> {
  const cases = studyCases(plan);
  const samples: StudySample[] = [];
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  process.once("SIGINT", interrupt);
  const started = performance.now();
  let inputs: SimulationInputs | undefined;
  let replication = -1;
  try {
    for (const one of cases) {
      if (one.replication !== replication || inputs?.rows !== undefined) {
        const next = await loadReplication(loaded, one.replication, flags.cards);
        if (!next.ok) return next;
        inputs = next.value;
        replication = one.replication;
      }
      const sample = await runCase(
        { ...inputs!, scenario: loaded.scenario },
        one,
        () => interrupted,
      );
      if (!sample.ok) return sample;
      if (sample.value === undefined) break;
      samples.push(sample.value);
      if (flags.quiet !== true) showProgress(samples.length, cases.length, started, terminal);
    }
  } finally {
    process.removeListener("SIGINT", interrupt);
    if (terminal.live && flags.quiet !== true) terminal.note("\r\u001b[K");
  }
  return ok(samples);
}

async function runCase(
  base: SimulationInputs,
  one: StudyCase,
  isInterrupted: () => boolean,
): Promise<Result<StudySample | undefined>> {
  const scenario = scenarioOfCase(base.scenario, one);
  const simulation = createSimulation({ ...base, scenario });
  if (!simulation.ok) return simulation;
  while (simulation.value.advance(EVENTS_AT_ONCE)) {
    // Ctrl-C is heard between slices.
    await new Promise((resolve) => setImmediate(resolve));
    if (isInterrupted()) return ok(undefined);
  }
  return ok(sampleOf(one, simulation.value.finish(0).report));
}

function showProgress(done: number, all: number, started: number, terminal: Terminal): void {
  const wallS = (performance.now() - started) / 1000;
  const left = secondsText(Number(((wallS / done) * (all - done)).toPrecision(2)));
  const line = `${String(done)} of ${String(all)} runs, about ${left} left`;
  if (terminal.live) terminal.note(`\r\u001b[K${line}`);
  else if (done % 50 === 0) terminal.note(`${line}\n`);
}

function planOf(flags: StudyFlags): Result<StudyPlan> {
  const loads = numbers(flags.loads ?? "0.8,1,1.2", "--loads");
  if (!loads.ok) return loads;
  const stalenessS = numbers(flags.staleness ?? "0.005", "--staleness", 0);
  if (!stalenessS.ok) return stalenessS;
  const replications = wholeFlag(flags.replications ?? "3", "--replications");
  if (!replications.ok) return replications;
  const known = routerPolicies.map(({ meta }) => meta.name);
  const policies = flags.policies === undefined ? known : flags.policies.split(",");
  const unknown = policies.find((policy) => !known.includes(policy));
  if (unknown !== undefined) {
    return fail({
      what: `unknown router policy "${unknown}"`,
      where: "--policies",
      expected: known.join(", "),
    });
  }
  const plan = { policies, loads: loads.value, stalenessS: stalenessS.value };
  return ok({ ...plan, replications: Math.max(1, replications.value ?? 1) });
}

function numbers(text: string, where: string, least = Number.MIN_VALUE): Result<number[]> {
  const values = text.split(",").map(Number);
  if (values.every((value) => Number.isFinite(value) && value >= least)) return ok(values);
  return fail({
    what: `${JSON.stringify(text)} is no list of numbers`,
    where,
    expected: "0.8,1,1.2",
  });
}
