/** What an SLO asks and how the run did, in words: of the whole or of each class. */

import { msText, percentText } from "../core/index.ts";
import type { Report } from "./report.ts";
import type { ClassSummary, TargetsMs } from "./slo-report.ts";

/** Missed by no more than this share, an SLO is nearly held (assumption). */
const NEARLY = 0.09;
/** Classes that are named; the others are counted (assumption: a sentence holds no more). */
const NAMED = 3;

/** "TTFT ≤ 500 ms, TPOT ≤ 50 ms"; empty: nothing is promised. */
export function targetsText({ ttftMs, tpotMs, e2eMs }: TargetsMs): string {
  const parts: string[] = [];
  if (ttftMs !== undefined) parts.push(`TTFT ≤ ${msText(ttftMs)}`);
  if (tpotMs !== undefined) parts.push(`TPOT ≤ ${msText(tpotMs)}`);
  if (e2eMs !== undefined) parts.push(`e2e ≤ ${msText(e2eMs)}`);
  return parts.join(", ");
}

/** Whether the SLO was held, after the name of who should; undefined: there is none. */
export function sloOutcome({
  slo,
  scenario,
}: Report): { readonly mood: "good" | "fair" | "bad"; readonly text: string } | undefined {
  const { attainment } = slo;
  if (attainment === null) return undefined;
  if (scenario.slo.classes.length > 0 && slo.classes !== null) {
    return classesOutcome(slo.classes, attainment);
  }
  const short = slo.attainmentMin - attainment;
  return {
    mood: moodOf(short),
    text:
      `${short <= 0 ? "held" : "missed"} the SLO: ` +
      `${percentText(attainment)} of the requests met ${targetsText(slo.targets)}`,
  };
}

function classesOutcome(classes: readonly ClassSummary[], attainment: number) {
  const missed = classes
    .filter(({ held }) => held === false)
    .toSorted((a, b) => shortOf(b) - shortOf(a));
  const [worst] = missed;
  if (worst === undefined) {
    const text = `held the SLO of every class: ${percentText(attainment)} of the requests met their own`;
    return { mood: "good" as const, text };
  }
  const named = missed
    .slice(0, NAMED)
    .map(
      (one) =>
        `${one.name} (${percentText(one.attainment)} met ${targetsText(one.targets)}, not ${percentText(one.attainmentMin)})`,
    );
  const more = missed.length - named.length;
  if (more > 0) named.push(`${String(more)} more`);
  const text =
    `missed the SLO of ${named.join(", ")}: ` +
    `of all requests ${percentText(attainment)} met their own`;
  return { mood: moodOf(shortOf(worst)), text };
}

function shortOf({ attainment, attainmentMin }: ClassSummary): number {
  return attainmentMin - (attainment ?? 1);
}

function moodOf(short: number): "good" | "fair" | "bad" {
  return short <= 0 ? "good" : short <= NEARLY ? "fair" : "bad";
}
