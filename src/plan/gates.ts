/** Gates: how much worse a metric may get before a comparison fails (for CI). */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import type { MetricChange } from "./metric-change.ts";
import { directionOf } from "./metric-directions.ts";

export type Gate = {
  /** Path in the report, or its unambiguous end (`ttftMs.p99`). */
  readonly metric: string;
  /** Largest tolerated worsening: a share of the baseline, or in the metric's own unit. */
  readonly limit: number;
  readonly relative: boolean;
  /** As the user wrote it. */
  readonly text: string;
};

export type GateOutcome = {
  readonly gate: string;
  readonly metric: string;
  /** How much worse b is: negative when better; `null` without data. */
  readonly worsening: number | null;
  readonly passed: boolean;
  readonly reason: string;
};

const GATE = /^\s*([A-Za-z][\w.]*)\s*=\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%?)\s*$/;

/** `METRIC=LIMIT`, LIMIT a percentage of the baseline (`5%`) or a number in the metric's unit. */
export function parseGate(text: string): Result<Gate> {
  const match = GATE.exec(text);
  const metric = match?.[1];
  const limit = Number(match?.[2]);
  if (metric === undefined || !Number.isFinite(limit)) {
    return fail({
      what: `the gate ${JSON.stringify(text)} cannot be read`,
      where: "--fail-above",
      expected: "METRIC=LIMIT, for example ttftMs.p99=5% or kv.preemptions=10",
      remedy: "take METRIC from a row of `headworks compare A.json B.json`",
    });
  }
  const relative = match?.[3] === "%";
  return ok({ metric, limit: relative ? limit / 100 : limit, relative, text: text.trim() });
}

/** Whether `changes` keep within the gate. Errors: no metric of that name, or several. */
export function checkGate(gate: Gate, changes: readonly MetricChange[]): Result<GateOutcome> {
  const exact = changes.filter((one) => one.metric === gate.metric);
  const found =
    exact.length > 0 ? exact : changes.filter((one) => one.metric.endsWith(`.${gate.metric}`));
  const change = found[0];
  if (change === undefined || found.length > 1) {
    return fail({
      what:
        change === undefined
          ? `no metric is called ${gate.metric}`
          : `${gate.metric} fits several metrics: ${found.map((one) => one.metric).join(", ")}`,
      where: `--fail-above ${gate.text}`,
      expected: "the path of one number in the report, for example latency.ttftMs.p99",
      remedy: "take the name from a row of `headworks compare A.json B.json`",
    });
  }
  return ok(outcome(gate, change));
}

function outcome(gate: Gate, { metric, a, b }: MetricChange): GateOutcome {
  const base = { gate: gate.text, metric };
  if (a === null || b === null) {
    const missing = a === null ? "the baseline has no data" : "the new report has no data";
    return { ...base, worsening: null, passed: false, reason: missing };
  }
  const worsening = worseningOf(metric, a, b);
  const allowed = gate.relative ? gate.limit * Math.abs(a) : gate.limit;
  const passed = worsening <= allowed;
  const words = passed ? "within the limit" : "beyond the limit";
  return {
    ...base,
    worsening,
    passed,
    reason: `${words} of ${String(Number(allowed.toPrecision(6)))}`,
  };
}

/** A neutral metric gets worse by changing at all. */
function worseningOf(metric: string, a: number, b: number): number {
  const direction = directionOf(metric);
  if (direction === "neutral") return Math.abs(b - a);
  return direction === "lower" ? b - a : a - b;
}
