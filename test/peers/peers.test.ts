/**
 * Our figures beside NVIDIA AISimulate's, same trace and same setting. The peer's are facts in this folder; the trace is not bundled, so
 * the comparison runs where `HEADWORKS_DATA` (default ../shared/data) has it. `npm test -- peers` prints the table.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createSimulation, scenarioSchema } from "../../src/sim/index.ts";
import type { Report } from "../../src/sim/index.ts";
import { importTrace } from "../../src/trace/index.ts";

type PeerFacts = {
  readonly trace: { readonly firstRows: number };
  readonly config: {
    readonly engine: { readonly block_size: number; readonly num_gpu_blocks: number };
    readonly numWorkers: number;
  };
  readonly report: Readonly<Record<string, number>>;
  readonly derivedFromRequests: Readonly<Record<string, number>>;
  readonly wall: { readonly reportedMs: readonly number[] };
};

/** Differences up to this are rounding: the peer's clock counts nanoseconds, ours microseconds. */
const TOLERANCE = 0.01;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DATA = process.env["HEADWORKS_DATA"] ?? join(ROOT, "..", "shared", "data");
const FILE = join(DATA, "traces", "mooncake-fast25", "conversation_trace.jsonl.gz");

function facts(name: string): PeerFacts {
  const file = new URL(`aisimulate-${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as PeerFacts;
}

function ours(peer: PeerFacts): Report {
  const trace = importTrace(gunzipSync(readFileSync(FILE)), { limit: peer.trace.firstRows });
  if (!trace.ok) throw new Error(trace.problem.what);
  const { block_size, num_gpu_blocks } = peer.config.engine;
  const scenario = scenarioSchema.parse({
    cluster: { workers: peer.config.numWorkers },
    // Their mixed pass costs a prefill and a decode added; ours, by default, is one fused pass.
    engine: { block_size, num_gpu_blocks, step_time: { type: "polynomial", mixed: "sum" } },
  });
  const simulation = createSimulation({ scenario, trace: trace.value });
  if (!simulation.ok) throw new Error(simulation.problem.what);
  while (simulation.value.advance(1_000_000));
  return simulation.value.finish(0).report;
}

/** Metric, our value, the peer's. */
function rows(report: Report, peer: PeerFacts): (readonly [string, number | null, number])[] {
  const { latency, kv } = report;
  const theirs = (key: string): number => peer.report[key] ?? NaN;
  return [
    ["TTFT mean ms", latency.ttftMs.mean, theirs("mean_ttft_ms")],
    ["TTFT p50 ms", latency.ttftMs.p50, theirs("median_ttft_ms")],
    ["TTFT p90 ms", latency.ttftMs.p90, theirs("p90_ttft_ms")],
    ["TTFT p99 ms", latency.ttftMs.p99, theirs("p99_ttft_ms")],
    ["TPOT mean ms", latency.tpotMs.mean, theirs("mean_tpot_ms")],
    ["TPOT p50 ms", latency.tpotMs.p50, theirs("median_tpot_ms")],
    ["TPOT p99 ms", latency.tpotMs.p99, theirs("p99_tpot_ms")],
    ["ITL p99 ms", latency.itlMs.p99, theirs("p99_itl_ms")],
    ["e2e mean ms", latency.e2eMs.mean, theirs("mean_e2e_latency_ms")],
    ["e2e p99 ms", latency.e2eMs.p99, theirs("p99_e2e_latency_ms")],
    ["duration ms", report.simS * 1000, theirs("duration_ms")],
    ["requests/s", report.throughput.requestsPerS, theirs("request_throughput_rps")],
    ["output tokens/s", report.throughput.outputTokensPerS, theirs("output_throughput_tok_s")],
    ["hit rate", kv.hitRate, theirs("first_admission_prefix_cache_reused_ratio")],
    ["preemptions", kv.preemptions, peer.derivedFromRequests["preemptions"] ?? NaN],
  ];
}

describe.skipIf(!existsSync(FILE))("beside AISimulate on the Mooncake conversation trace", () => {
  test.each(["conversation", "block64", "pressure", "thrash"])("%s", (name) => {
    const peer = facts(name);
    const table = rows(ours(peer), peer);
    const lines = table.map(([metric, mine, theirs]) => {
      const off = mine === null || theirs === 0 ? 0 : (mine / theirs - 1) * 100;
      return `  ${metric.padEnd(16)}${String(mine).padEnd(22)}${String(theirs).padEnd(22)}${off.toFixed(4)} %`;
    });
    process.stdout.write(`${name}: ours, theirs, difference\n${lines.join("\n")}\n`);
    for (const [metric, mine, theirs] of table) {
      expect(mine, metric).not.toBeNull();
      expect(Math.abs((mine ?? NaN) - theirs), metric).toBeLessThanOrEqual(TOLERANCE * theirs);
    }
  });
});
