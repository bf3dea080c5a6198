/** `headworks study tiers`: hit rate and goodput over tier sizes, fetching and computing again; over several traces and scenarios. */

import { basename } from "node:path";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  compareTierRules,
  concludeTierStudy,
  scenarioOfTierCase,
  tierCases,
  tierSampleOf,
  tierStudyPlan,
} from "../../plan/index.ts";
import type { NamedTierStudy } from "../../plan/index.ts";
import { scenarioTitle } from "../../sim/index.ts";
import { EXIT_DONE, EXIT_INTERRUPTED } from "../exit-codes.ts";
import { wholeFlag } from "../flags.ts";
import { loadScenario } from "../load-scenario.ts";
import type { LoadedScenario } from "../load-scenario.ts";
import { printStudy, runCases } from "../study-runs.ts";
import type { StudyFlags, StudyForms } from "../study-runs.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { tierRulesText } from "../tier-rules-text.ts";
import { tierStudyText } from "../tier-study-text.ts";

export type TierStudyFlags = StudyFlags & {
  readonly sizes?: string;
  readonly onboard?: string;
  readonly replications?: string;
  readonly traces?: string;
};

type Question = {
  readonly sizes: readonly number[];
  readonly onboard: readonly string[];
  readonly replications: number;
};

/** One scenario with one trace; undefined: by the flags alone, the scenario's own. */
type Subject = { readonly file: string | undefined; readonly trace: string | undefined };

/** Runs the study, one for each scenario and trace, and prints it; the exit code. `command` is shown as the way to reproduce. */
export async function studyTiersCommand(
  files: readonly string[],
  flags: TierStudyFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<number>> {
  const question = questionOf(flags);
  if (!question.ok) return question;
  const subjects = subjectsOf(files, flags);
  if (!subjects.ok) return subjects;
  const studies: NamedTierStudy[] = [];
  let isWhole = true;
  for (const subject of subjects.value) {
    const { file, trace } = subject;
    const named = { ...flags, ...(file === undefined ? {} : { file }) };
    const loaded = await loadScenario(trace === undefined ? named : { ...named, trace });
    if (!loaded.ok) return loaded;
    const study = await studyOf(loaded.value, question.value, flags, terminal);
    if (!study.ok) return study;
    const { scenario } = loaded.value;
    studies.push({
      trace: basename(trace ?? scenario.traffic.source.trace ?? ""),
      scenario: scenarioTitle(scenario),
      study: study.value.study,
    });
    isWhole = study.value.isWhole;
    if (!isWhole) break;
  }
  await printStudy(formsOf(studies, subjects.value.length, terminal, command), flags, terminal);
  return ok(isWhole ? EXIT_DONE : EXIT_INTERRUPTED);
}

function questionOf(flags: TierStudyFlags): Result<Question> {
  const sizes = (flags.sizes ?? "0.25,0.5,1,2,4").split(",").map(Number);
  if (!sizes.every((size) => Number.isFinite(size) && size > 0)) {
    return fail({
      what: `${JSON.stringify(flags.sizes)} is no list of multiples`,
      where: "--sizes",
      expected: "0.5,1,2",
    });
  }
  const onboard = (flags.onboard ?? "predicted,always,never").split(",");
  const replications = wholeFlag(flags.replications ?? "3", "--replications");
  if (!replications.ok) return replications;
  return ok({ sizes, onboard, replications: Math.max(1, replications.value ?? 1) });
}

function subjectsOf(files: readonly string[], flags: TierStudyFlags): Result<readonly Subject[]> {
  if (flags.traces !== undefined && flags.trace !== undefined) {
    return fail({
      what: "both --trace and --traces are given",
      where: "--traces",
      expected: "one of them",
    });
  }
  const scenarios = files.length === 0 ? [undefined] : files;
  const traces: readonly (string | undefined)[] = flags.traces?.split(",") ?? [undefined];
  if (traces.includes("")) {
    return fail({
      what: `${JSON.stringify(flags.traces)} is no list of traces`,
      where: "--traces",
      expected: "names or files, for example conversation-small,agentic-small",
    });
  }
  return ok(traces.flatMap((trace) => scenarios.map((file) => ({ file, trace }))));
}

async function studyOf(
  loaded: LoadedScenario,
  { sizes, onboard, replications }: Question,
  flags: TierStudyFlags,
  terminal: Terminal,
): Promise<Result<{ study: NamedTierStudy["study"]; isWhole: boolean }>> {
  const plan = tierStudyPlan(loaded.scenario, sizes, onboard, replications);
  if (!plan.ok) return plan;
  const cases = tierCases(plan.value);
  const runs = { cases, scenarioOf: scenarioOfTierCase, sampleOf: tierSampleOf };
  const samples = await runCases(loaded, runs, flags, terminal);
  if (!samples.ok) return samples;
  const study = concludeTierStudy(plan.value, samples.value);
  return ok({ study, isWhole: samples.value.length === cases.length });
}

/** One study by itself, or several with the rules side by side. */
function formsOf(
  studies: readonly NamedTierStudy[],
  asked: number,
  terminal: Terminal,
  command: string,
): StudyForms {
  const style = styleFor(terminal.colour.out);
  const [first] = studies;
  if (asked === 1 && first !== undefined) {
    const { study, scenario } = first;
    return {
      json: study,
      text: () => tierStudyText(study, style),
      html: async () => {
        const { tierStudyHtml } = await import("../tier-study-html.ts");
        return tierStudyHtml(study, scenario, command);
      },
    };
  }
  const rules = compareTierRules(studies);
  return {
    json: rules,
    text: () => tierRulesText(rules, style),
    html: async () => {
      const { tierRulesHtml } = await import("../tier-study-html.ts");
      return tierRulesHtml(rules, command);
    },
  };
}
