/** `headworks study routers`: all routers on one kind of traffic, over load and staleness. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { rankStudy, sampleOf, scenarioOfCase, studyCases } from "../../plan/index.ts";
import type { StudyPlan } from "../../plan/index.ts";
import { routerPolicies } from "../../policies/index.ts";
import { hasSlo, scenarioTitle } from "../../sim/index.ts";
import type { Scenario } from "../../sim/index.ts";
import { EXIT_DONE, EXIT_INTERRUPTED } from "../exit-codes.ts";
import { wholeFlag } from "../flags.ts";
import { ownRouter } from "../load-router.ts";
import type { OwnRouter } from "../load-router.ts";
import { loadScenario } from "../load-scenario.ts";
import { printStudy, runCases } from "../study-runs.ts";
import type { StudyFlags } from "../study-runs.ts";
import { studyText } from "../study-text.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";

export type RouterStudyFlags = StudyFlags & {
  readonly policy?: string;
  readonly policies?: string;
  readonly against?: string;
  readonly loads?: string;
  readonly staleness?: string;
  readonly replications?: string;
};

/** What every other policy is compared with where nothing is said: it looks at nothing. */
const PLAINEST = "round_robin";

/** Runs the study and prints it; the exit code. `command` is shown as the way to reproduce. */
export async function studyRoutersCommand(
  file: string | undefined,
  flags: RouterStudyFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<number>> {
  const loaded = await loadScenario({ ...flags, ...(file === undefined ? {} : { file }) });
  if (!loaded.ok) return loaded;
  const { scenario } = loaded.value;
  const own = await ownRouter(scenario, flags.policy);
  if (!own.ok) return own;
  const plan = planOf(flags, own.value);
  if (!plan.ok) return plan;
  const unranked = lacksSlo(scenario);
  if (unranked !== undefined) return fail(unranked);
  const cases = studyCases(plan.value);
  // The user's own router is one of the policies here, not in place of all.
  const base = { ...scenario, router: { ...scenario.router, score: null } };
  const runs = {
    cases,
    scenarioOf: scenarioOfCase,
    routerOf: ({ policy }: { readonly policy: string }) =>
      policy === own.value?.name ? own.value.make : undefined,
    sampleOf,
  };
  const samples = await runCases({ ...loaded.value, scenario: base }, runs, flags, terminal);
  if (!samples.ok) return samples;
  const study = rankStudy(plan.value, samples.value);
  const forms = {
    json: study,
    text: () => studyText(study, styleFor(terminal.colour.out)),
    html: async () => {
      const { studyHtml } = await import("../study-html.ts");
      return studyHtml(study, scenarioTitle(scenario), command);
    },
  };
  await printStudy(forms, flags, terminal);
  return ok(samples.value.length < cases.length ? EXIT_INTERRUPTED : EXIT_DONE);
}

function lacksSlo(scenario: Scenario): Parameters<typeof fail>[0] | undefined {
  if (hasSlo(scenario)) return undefined;
  return {
    what: "there is no SLO, so no goodput to rank by",
    where: "slo",
    expected: "slo.ttft_s, slo.tpot_s or slo.e2e_s",
    remedy: "add --set slo.ttft_s=2 --set slo.tpot_s=0.05",
  };
}

function planOf(flags: RouterStudyFlags, own: OwnRouter | undefined): Result<StudyPlan> {
  const loads = numbers(flags.loads ?? "0.8,1,1.2", "--loads");
  if (!loads.ok) return loads;
  const stalenessS = numbers(flags.staleness ?? "0.005", "--staleness", 0);
  if (!stalenessS.ok) return stalenessS;
  const replications = wholeFlag(flags.replications ?? "3", "--replications");
  if (!replications.ok) return replications;
  const known = routerPolicies.map(({ meta }) => meta.name);
  const named = flags.policies === undefined ? known : flags.policies.split(",");
  const unknown = named.find((policy) => !known.includes(policy));
  if (unknown !== undefined) return unknownPolicy(unknown, "--policies", known);
  const policies = own === undefined ? named : [own.name, ...named];
  const against = flags.against ?? (policies.includes(PLAINEST) ? PLAINEST : undefined);
  if (against !== undefined && !policies.includes(against)) {
    return unknownPolicy(against, "--against", policies);
  }
  return ok({
    policies,
    ...(against === undefined ? {} : { against }),
    loads: loads.value,
    stalenessS: stalenessS.value,
    replications: Math.max(1, replications.value ?? 1),
  });
}

function unknownPolicy(name: string, where: string, known: readonly string[]): Result<StudyPlan> {
  const expected = known.join(", ");
  return fail({ what: `unknown router policy "${name}"`, where, expected });
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
