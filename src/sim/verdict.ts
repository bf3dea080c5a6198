/** The first sentence of a report: what the cluster did with the trace, and what limited it. */

import { countText, msText, percentText, secondsText } from "../core/index.ts";
import type { Report } from "./report.ts";
import { NAMELESS, type Scenario } from "./scenario.ts";
import { sloOutcome } from "./slo-words.ts";
import { limitOf } from "./verdict-limit.ts";

export type Verdict = {
  readonly mood: "good" | "fair" | "bad";
  readonly text: string;
};

/** Share of its usual goodput that a fault must cost to be told (assumption: the reports' limit of recovery). */
const DIP_SHARE = 0.05;
/** Two sentences, and one on faults and one on what tiers or hand-offs did where there are any; a report without requests says so. */
export function verdictOf(report: Report): Verdict {
  const { requests } = report;
  if (requests.offered === 0) {
    return { mood: "bad", text: "No request arrived: the trace or its window is empty." };
  }
  const outcome = outcomeOf(report);
  const sentences = [outcome.text, limitOf(report), faultText(report), transferText(report)];
  if (report.stopped !== null) sentences.push(`The run ended early: ${trimmed(report.stopped)}.`);
  return { mood: outcome.mood, text: sentences.filter((text) => text !== "").join(" ") };
}

function trimmed(text: string): string {
  return text.replace(/[.\s]+$/, "");
}

function outcomeOf(report: Report): Verdict {
  const { requests } = report;
  const cluster = clusterText(report);
  const span = secondsText(report.simS);
  const lost = requests.rejected + requests.failed + requests.cancelled;
  const promised = sloOutcome(report);
  if (promised !== undefined) {
    return { mood: promised.mood, text: `${capital(cluster)} ${promised.text}.` };
  }
  const served = `${countText(requests.completed)} of ${countText(requests.offered)} requests`;
  const all = requests.completed === requests.offered;
  return {
    mood: all ? "good" : lost * 20 > requests.offered ? "bad" : "fair",
    text: all
      ? `${capital(cluster)} served all ${countText(requests.offered)} requests in ${span}.`
      : `${capital(cluster)} served ${served} in ${span}${lossText(report)}.`,
  };
}

/** The workers, by role where prompts and answers have workers of their own. */
function clusterText({ workers, pools }: Report): string {
  const prefill = workersOf(pools, "prefill");
  const decode = workersOf(pools, "decode");
  if (prefill > 0 && decode > 0) {
    return `${countText(prefill)} prefill and ${countText(decode)} decode workers`;
  }
  return countedText({ workers, pools });
}

/** Workers of a role, whatever ranks they have. */
function workersOf(pools: Report["pools"], role: string): number {
  const own = pools.filter((pool) => pool.role === role);
  return own.reduce((sum, { workers, lockStep }) => sum + workers / (lockStep?.ranks ?? 1), 0);
}

/** How many workers there are, whatever ranks they have. */
function countedText({ workers, pools }: Pick<Report, "workers" | "pools">): string {
  let all = workers.length;
  for (const pool of pools) all -= pool.workers - pool.workers / (pool.lockStep?.ranks ?? 1);
  return `${countText(all)} worker${all === 1 ? "" : "s"}`;
}

/** What faults cost; empty without any. */
function faultText({ faults }: Report): string {
  if (faults === null || faults.events.length === 0) return "";
  const count = faults.events.length + faults.more;
  const parts = [`${countText(faults.failed)} requests lost`];
  if (faults.moved > 0) parts.push(`${countText(faults.moved)} moved to other workers`);
  const [worst] = faults.events.toSorted((a, b) => (b.goodputDip ?? 0) - (a.goodputDip ?? 0));
  const dip = worst?.goodputDip ?? 0;
  if (worst !== undefined && dip >= DIP_SHARE) {
    const back =
      worst.recoveryS === null
        ? "did not recover"
        : `was back after ${secondsText(worst.recoveryS)}`;
    parts.push(`goodput fell by up to ${percentText(dip)} and ${back}`);
  }
  return `${countText(count)} fault${count === 1 ? "" : "s"}: ${parts.join(", ")}.`;
}

/** What tiers, peers and hand-offs brought; empty without any. */
function transferText({ kv, tokens, disagg }: Report): string {
  if (disagg !== null && disagg.handoffs > 0) {
    return `Hand-offs took ${msText(disagg.transferMs.p50)} in the median and ${msText(disagg.transferMs.p99)} at p99.`;
  }
  const { tokensBySource: by } = kv;
  if (by === undefined || tokens.input === 0) return "";
  const below = by.g2 + by.g3 + by.g4 + by.peer;
  return `Tiers and peers brought ${percentText(below / tokens.input)} of the prompt tokens, GPU memory had ${percentText(by.g1 / tokens.input)}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lossText(report: Report): string {
  const parts: string[] = [];
  const { rejected, failed, cancelled, unfinished } = report.requests;
  if (rejected > 0) parts.push(`${countText(rejected)} rejected`);
  if (failed > 0) parts.push(`${countText(failed)} failed`);
  if (cancelled > 0) parts.push(`${countText(cancelled)} cancelled`);
  if (unfinished > 0) parts.push(`${countText(unfinished)} unfinished`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** What the run is called: its scenario's name, or its traffic's where the scenario has none. */
export function runTitle({ scenario, workers, pools }: Report): string {
  const title = scenarioTitle(scenario);
  if (scenario.name !== NAMELESS) return title;
  return `${title} on ${countedText({ workers, pools })}`;
}

/** What a scenario is called: its name, or its traffic's where it has none. */
export function scenarioTitle({ name, traffic }: Scenario): string {
  if (name !== NAMELESS) return name;
  const source = traffic.source.trace ?? traffic.source.synth ?? "requests";
  return source.replace(/^.*[\\/]/, "");
}
