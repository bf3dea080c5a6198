/** An explanation as text: what happened, what the router saw, what would have been better. */

import type { Alternative, Explanation, RequestFate } from "../plan/index.ts";
import type { CandidateView, DecisionRecord, RouterWait } from "../sim/index.ts";
import { countText, msText, NO_DATA, numberText, secondsText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

/** Candidates shown of a decision (assumption: the rest decide nothing). */
const SHOWN = 12;

const orNone = (ms: number | null): string => (ms === null ? NO_DATA : msText(ms));

/** What a worker is called. */
type NameOf = (worker: number) => string;

export function explanationText(explanation: Explanation, nameOf: NameOf, style: Style): string {
  const { request, fate, decisions, hindsight, sameDigest } = explanation;
  const lines = [
    "",
    `${style.bold(`request ${String(request)}`)} ${fateText(fate, nameOf)}`,
    ...waitLines(fate),
    ...decisions.flatMap((decision) => ["", ...decisionLines(decision, nameOf, style)]),
    ...(decisions.length === 0 ? ["", undecidedText(fate)] : []),
    ...(hindsight.length > 1 ? ["", ...hindsightLines(hindsight, nameOf, style)] : []),
  ];
  if (!sameDigest) {
    lines.push("", "warning: the run made again differs from the report: another version or trace");
  }
  return `${lines.join("\n")}\n`;
}

function undecidedText({ status }: RequestFate): string {
  return status === "rejected"
    ? "It was turned away before any worker was chosen for it."
    : "No worker was chosen for it: it waited at the router until it ended.";
}

function fateText(fate: RequestFate, nameOf: NameOf): string {
  const place = fate.worker === null ? "" : ` on worker ${nameOf(fate.worker)}`;
  return (
    `arrived at ${secondsText(fate.arrivalS)}, ${fate.status}${place}: ` +
    `${countText(fate.inputTokens)} input tokens (${countText(fate.cachedTokens)} cached), ` +
    `${countText(fate.outputTokens)} output tokens`
  );
}

function waitLines({
  onboardMs,
  transferMs,
  redoMs,
  queueMs,
  prefillMs,
  ttftMs,
  decodeMs,
  e2eMs,
  preemptions,
}: RequestFate): string[] {
  const parts = [
    `queue ${orNone(queueMs)}`,
    `prefill ${orNone(prefillMs)}`,
    `first token ${orNone(ttftMs)}`,
    `answer ${orNone(decodeMs)}`,
    `all ${orNone(e2eMs)}`,
  ];
  if (onboardMs > 0) parts.push(`of it loading its prefix ${msText(onboardMs)}`);
  if (transferMs > 0) parts.push(`handing over to decode ${msText(transferMs)}`);
  if (redoMs > 0) parts.push(`doing again what was lost ${msText(redoMs)}`);
  if (preemptions > 0) parts.push(`${String(preemptions)} preemptions`);
  return [`  waited: ${parts.join(", ")}`];
}

const HEAD = ["worker", "score", "cached", "requests", "prefill", "blocks", "scraped"];

function decisionLines(decision: DecisionRecord, nameOf: NameOf, style: Style): string[] {
  const { role, worker, rule, blocks, kvEventAgeUs, candidates, timeUs, waited } = decision;
  const age =
    kvEventAgeUs === null ? "no KV events" : `KV events ${msText(kvEventAgeUs / 1e3)} old`;
  const why = rule === "" ? "" : ` (${rule})`;
  const title =
    `${role === "mixed" ? "routed" : `${role} routed`} at ${secondsText(timeUs / 1e6)} ` +
    `to worker ${nameOf(worker)}${why}; prompt of ${countText(blocks)} blocks, ${age}`;
  const shown = candidates.slice(0, SHOWN);
  const rows = shown.map((one) => candidateRow(one, nameOf, one.worker === worker));
  const left = candidates.length - shown.length;
  return [
    ...(waited === null ? [] : [waitedText(waited, timeUs)]),
    style.bold(title),
    ...textTable([HEAD, ...rows], { align: HEAD.map(() => "right" as const), indent: 2 }),
    ...(left > 0 ? [`  and ${String(left)} more`] : []),
  ];
}

/** What a request waited for at the router. */
function waitedText({ sinceUs, ahead, aheadTokens, ...underWay }: RouterWait, untilUs: number) {
  const { underWayLeast: least, underWayMost: most } = underWay;
  const load =
    least === most
      ? countText(Math.round(least))
      : `${countText(Math.round(least))} to ${countText(Math.round(most))}`;
  const before =
    ahead === 0
      ? "nobody waited before it"
      : `${countText(ahead)} waited before it, with ${countText(aheadTokens)} prompt tokens`;
  return (
    `waited ${msText((untilUs - sinceUs) / 1e3)} at the router from ${secondsText(sinceUs / 1e6)}: ` +
    `workers had ${load} prompt tokens under way, ${before}`
  );
}

function candidateRow(one: CandidateView, nameOf: NameOf, isChosen: boolean): string[] {
  const { scraped, cachedBlocks, sharedBlocks = 0 } = one;
  const shared = sharedBlocks > 0 ? ` + ${countText(sharedBlocks)} shared` : "";
  return [
    `${isChosen ? "→ " : ""}${nameOf(one.worker)}`,
    one.score === null ? NO_DATA : numberText(Number(one.score.toPrecision(5))),
    cachedBlocks === null ? NO_DATA : `${countText(cachedBlocks[2])}${shared}`,
    countText(one.requests),
    countText(Math.round(one.prefillTokens)),
    countText(Math.round(one.activeBlocks)),
    scraped === null
      ? NO_DATA
      : `${String(scraped.running)}+${String(scraped.waiting)}, ${msText(scraped.ageUs / 1e3)} ago`,
  ];
}

function hindsightLines(hindsight: readonly Alternative[], nameOf: NameOf, style: Style): string[] {
  const head = ["worker", "first token", "all", "goodput/s", "mean TTFT of the run"];
  const rows = hindsight.map(({ worker, chosen, fate, goodputPerS, ttftMsMean }) => [
    `${chosen ? "→ " : ""}${nameOf(worker)}`,
    orNone(fate.ttftMs),
    orNone(fate.e2eMs),
    goodputPerS === null ? NO_DATA : goodputPerS.toFixed(4),
    orNone(ttftMsMean),
  ]);
  const best = hindsight[0]!;
  const chosen = hindsight.find((one) => one.chosen)!;
  const lost = (chosen.fate.e2eMs ?? Infinity) - (best.fate.e2eMs ?? Infinity);
  const verdict = best.chosen
    ? "  In hindsight the choice was the best of these."
    : `  In hindsight worker ${nameOf(best.worker)} would have been ${msText(lost)} quicker for it.`;
  return [
    style.bold("sent elsewhere, everything else the same"),
    ...textTable([head, ...rows], { align: head.map(() => "right" as const), indent: 2 }),
    verdict,
  ];
}
