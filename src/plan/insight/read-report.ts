/** Reports from files: whether they have what every report has, and what later versions have added filled in. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import type { Report } from "../../sim/index.ts";

const SCHEMA = "headworks.report.v1";

type Kind = "text" | "number" | "list" | "object";

/** What reports have had from the start, and readers rely on; numbers may be null where nothing was measured. */
const PARTS: Readonly<Record<Kind, readonly string[]>> = {
  text: ["digest", "scenario.name"],
  number: [
    "simS",
    "gpuHours",
    "requests.offered",
    "requests.completed",
    "requests.rejected",
    "requests.failed",
    "requests.cancelled",
    "requests.measured",
    "tokens.input",
    "kv.usagePeak",
    "kv.preemptions",
    "batch.meanSize",
    "batch.busyShare",
    "throughput.requestsPerS",
    "throughput.outputTokensPerS",
    "throughput.outputTokensPerSPerGpu",
    "engine.maxNumSeqs",
  ],
  list: ["pools", "workers", "warnings"],
  object: [
    "scenario.traffic.source",
    "latency.ttftMs",
    "latency.tpotMs",
    "latency.itlMs",
    "latency.e2eMs",
    "latency.queueMs",
    "slo.targets",
  ],
};

const NO_TIMES = {
  requests: 0,
  meanMs: { path: 0, queue: 0, onboard: 0, prefill: 0, transfer: 0, preemption: 0, decode: 0 },
  groups: [],
};

/** What came later: a report without it has nothing of the kind. */
const LATER = {
  rejections: [],
  admission: null,
  ownRouter: null,
  breakdown: { ttft: NO_TIMES, e2e: NO_TIMES },
  adapters: null,
  images: null,
  energy: null,
  cost: null,
  costByTier: [],
  disagg: null,
  network: null,
  tasks: null,
  faults: null,
  stopped: null,
} satisfies Partial<Report>;

/** The report in a parsed document. Errors: another kind or version of document; a part that is missing, by its name. */
export function readReport(document: unknown, name: string): Result<Report> {
  const schema = kindOf(document) === "object" ? at(document, "schema") : undefined;
  if (schema !== SCHEMA) {
    return fail({
      what:
        typeof schema === "string"
          ? `a document of ${schema} is no report that this version reads`
          : "the document is no report",
      where: name,
      expected: SCHEMA,
      remedy: "write a report with `headworks run --json` or `--out`, of this version",
    });
  }
  for (const [kind, paths] of Object.entries(PARTS) as [Kind, readonly string[]][]) {
    const path = paths.find((one) => kindOf(at(document, one)) !== kind);
    if (path === undefined) continue;
    const found = at(document, path);
    return fail({
      what: `the report is not whole: ${path} is ${found === undefined ? "missing" : "damaged"}`,
      where: name,
      expected: kind === "list" ? "a list" : kind === "object" ? "an object" : `a ${kind}`,
      remedy: "copy the file again, or run its scenario again with `--out`",
    });
  }
  return ok({ ...LATER, ...(document as Report) });
}

function at(document: unknown, path: string): unknown {
  let value = document;
  for (const key of path.split(".")) {
    if (kindOf(value) !== "object") return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function kindOf(value: unknown): Kind | "other" {
  if (typeof value === "string") return "text";
  if (typeof value === "number") return "number";
  if (Array.isArray(value)) return "list";
  return typeof value === "object" && value !== null ? "object" : "other";
}
