/**
 * Two reports laid side by side: what differs in the scenarios first, then every metric with its
 * change and whether that is better or worse, then the gates a user set (for CI).
 */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { checkGate } from "./gates.ts";
import type { Gate, GateOutcome } from "./gates.ts";
import { directionOf } from "./metric-directions.ts";
import type { Mark, MetricChange, ScenarioDifference } from "./metric-change.ts";

export type Comparison = {
  readonly schema: "headworks.comparison.v1";
  readonly sameDigest: boolean;
  readonly digests: { readonly a: string; readonly b: string };
  readonly scenario: readonly ScenarioDifference[];
  readonly metrics: readonly MetricChange[];
  readonly gates: readonly GateOutcome[];
  /** False when a gate failed. */
  readonly passed: boolean;
};

type Document = Readonly<Record<string, unknown>>;

/** Sections of a report whose numbers are results; the rest describes the run. */
const RESULT_SECTIONS = [
  "requests",
  "latency",
  "throughput",
  "tokens",
  "kv",
  "batch",
  "slo",
  "gpuHours",
  "energy",
  "cost",
  "simS",
] as const;

const SCHEMA = /^headworks\.report\.v(\d+)$/;
const KNOWN_MAJOR = 1;

export type CompareInputs = {
  /** Parsed JSON documents and the names they are called in errors. */
  readonly a: { readonly name: string; readonly document: unknown };
  readonly b: { readonly name: string; readonly document: unknown };
  readonly gates?: readonly Gate[];
};

/**
 * Compares report `b` against report `a` (the baseline).
 * Errors: a document that is no report, another schema version, a gate on an unknown metric.
 */
export function compareReports(inputs: CompareInputs): Result<Comparison> {
  const a = checkReport(inputs.a.document, inputs.a.name);
  if (!a.ok) return a;
  const b = checkReport(inputs.b.document, inputs.b.name);
  if (!b.ok) return b;
  const metrics = metricChanges(a.value, b.value);
  const gates: GateOutcome[] = [];
  for (const gate of inputs.gates ?? []) {
    const outcome = checkGate(gate, metrics);
    if (!outcome.ok) return outcome;
    gates.push(outcome.value);
  }
  const digests = { a: String(a.value["digest"]), b: String(b.value["digest"]) };
  return ok({
    schema: "headworks.comparison.v1",
    sameDigest: digests.a === digests.b,
    digests,
    scenario: differences(a.value["scenario"], b.value["scenario"], ""),
    metrics,
    gates,
    passed: gates.every((gate) => gate.passed),
  });
}

function checkReport(document: unknown, name: string): Result<Document> {
  const expected = `a report of schema headworks.report.v${String(KNOWN_MAJOR)}`;
  const remedy = "write one with `headworks run … --json > report.json`";
  if (typeof document !== "object" || document === null || !("schema" in document)) {
    return fail({ what: "this is no Headworks report", where: name, expected, remedy });
  }
  const schema = String(document.schema);
  const major = SCHEMA.exec(schema)?.[1];
  if (major === undefined) {
    return fail({ what: `schema ${JSON.stringify(schema)}`, where: name, expected, remedy });
  }
  if (Number(major) !== KNOWN_MAJOR) {
    return fail({
      what: `the report has schema version ${major}`,
      where: name,
      expected,
      remedy: "compare reports written by the same major version: run the older one again",
    });
  }
  const report = document as Document;
  if (typeof report["digest"] !== "string" || typeof report["scenario"] !== "object") {
    return fail({ what: "the report is incomplete", where: name, expected, remedy });
  }
  return ok(report);
}

/** Keys of both, in the order of a and then of b, so that related keys stay together. */
function unionKeys(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** A report is nested five levels deep; a made-up file may not exhaust the stack. */
const DEPTH_LIMIT = 32;

function differences(a: unknown, b: unknown, path: string, depth = 0): ScenarioDifference[] {
  if (depth < DEPTH_LIMIT && isTree(a) && isTree(b)) {
    return unionKeys(a, b).flatMap((key) =>
      differences(a[key], b[key], path === "" ? key : `${path}.${key}`, depth + 1),
    );
  }
  return Object.is(a, b) || (isTree(a) && isTree(b)) ? [] : [{ path, a, b }];
}

function metricChanges(a: Document, b: Document): MetricChange[] {
  const found: MetricChange[] = [];
  for (const section of RESULT_SECTIONS) collect(a[section], b[section], section, found);
  return found;
}

function collect(a: unknown, b: unknown, path: string, found: MetricChange[], depth = 0): void {
  if (depth > DEPTH_LIMIT || /(?:\.targets|\.attainmentMin)$/.test(path)) return;
  if (isTree(a) || isTree(b)) {
    const left = isTree(a) ? byName(a) : {};
    const right = isTree(b) ? byName(b) : {};
    for (const key of unionKeys(left, right)) {
      collect(left[key], right[key], `${path}.${key}`, found, depth + 1);
    }
    return;
  }
  if (typeof a !== "number" && typeof b !== "number") return;
  found.push(changeOf(path, numberOf(a), numberOf(b)));
}

/** A list whose members have names by those, so that members of the same name are compared; anything else as it is. */
function byName(tree: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!Array.isArray(tree)) return tree;
  const members: readonly unknown[] = tree;
  const named = members.flatMap((one) =>
    isTree(one) && typeof one["name"] === "string" ? [[one["name"], one] as const] : [],
  );
  return named.length === members.length ? Object.fromEntries(named) : tree;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function changeOf(metric: string, a: number | null, b: number | null): MetricChange {
  if (a === null || b === null) {
    return { metric, a, b, change: null, relative: null, mark: a === b ? "same" : "changed" };
  }
  const change = b - a;
  const relative = a === 0 ? null : change / Math.abs(a);
  return { metric, a, b, change, relative, mark: markOf(metric, change) };
}

function markOf(metric: string, change: number): Mark {
  if (change === 0) return "same";
  const direction = directionOf(metric);
  if (direction === "neutral") return "changed";
  return change < 0 === (direction === "lower") ? "better" : "worse";
}
