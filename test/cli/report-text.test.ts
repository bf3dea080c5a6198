import { describe, expect, it } from "vitest";
import { comparisonText } from "../../src/cli/comparison-text.ts";
import { reportText, wrapped } from "../../src/cli/report-text.ts";
import { verdictOf } from "../../src/sim/index.ts";
import { compareReports } from "../../src/plan/index.ts";
import type { Report } from "../../src/sim/index.ts";
import { reportOf } from "./fixtures.ts";

const base = reportOf();
const queued = { ...base.latency, queueMs: { ...base.latency.queueMs, p99: 390 } };
const nothing = { mean: null, p50: null, p90: null, p95: null, p99: null, p999: null, max: null };
const poolsBusy = (["prefill", "decode"] as const).map((role, i): Report["pools"][number] => ({
  name: role,
  role,
  workers: 1,
  gpus: 1,
  engine: base.engine,
  drafts: null,
  completed: 1000,
  gpuHours: 0.07,
  costUsd: null,
  busyShare: [0.3, 0.95][i]!,
  meanBatchSize: 8,
  steps: 1000,
  tokens: { prefilled: 1, output: 1, recomputed: 0 },
  kv: base.kv,
}));
/** As much of it as the verdict reads. */
const handedOver = {
  handoffs: 1000,
  transferMs: { ...nothing, p50: 40, p99: 90 },
} as NonNullable<Report["disagg"]>;
const oneFault: NonNullable<Report["faults"]> = {
  moved: 4,
  failed: 3,
  tokensLost: 100,
  gpuSLost: 1,
  gpuSDown: 60,
  events: [
    {
      kind: "crash",
      atS: 60,
      untilS: null,
      workers: [0],
      link: null,
      touched: 7,
      moved: 4,
      failed: 3,
      tokensLost: 100,
      gpuSLost: 1,
      gpuSDown: 60,
      goodputBeforePerS: 4,
      goodputDip: 0.4,
      recoveryS: 25,
    },
  ],
  more: 0,
  outages: [],
};

describe("reportText", () => {
  it("prints the page", async () => {
    const warnings = ["3 rows of the trace were dropped"];
    await expect(
      reportText(reportOf({ warnings }), { colour: false, columns: 100 }),
    ).toMatchFileSnapshot("pictures/report.txt");
  });

  it("has no colours unless asked, and the same words with them", () => {
    const plain = reportText(base, { colour: false, columns: 100 });
    const coloured = reportText(base, { colour: true, columns: 100 });
    expect(plain).not.toContain("\u001b");
    expect(coloured).toContain("\u001b[");
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(plain);
  });

  it("shows a dash where there is no data", () => {
    const latency = { ...base.latency, tpotMs: nothing };
    expect(reportText(reportOf({ latency }), { colour: false, columns: 100 })).toMatch(
      /TPOT +– +– +– +– +– +– +–/,
    );
  });
});

describe("verdictOf", () => {
  const cases: readonly (readonly [Partial<Report>, mood: string, words: string])[] = [
    [{}, "good", "2 workers served all 1,000 requests in 4 min 10 s. Nothing ran short"],
    [{ kv: { ...base.kv, preemptions: 50 } }, "good", "KV blocks were the limit: 50 preemptions"],
    [{ batch: { ...base.batch, busyShare: 0.97 } }, "good", "Nothing ran short"],
    [{ latency: queued }, "good", "Bursts queued"],
    [
      { latency: queued, batch: { ...base.batch, busyShare: 0.97 } },
      "good",
      "Compute was the limit",
    ],
    [{ latency: queued, batch: { ...base.batch, meanSize: 250 } }, "good", "max_num_seqs was the"],
    [
      { latency: queued, kv: { ...base.kv, usageMean: 0.8, usagePeak: 1 } },
      "good",
      "KV blocks were the limit: the slowest",
    ],
    [
      { latency: queued, pools: poolsBusy },
      "good",
      "Compute of pool decode was the limit: workers were busy 95.0 % of the time",
    ],
    [
      { disagg: handedOver, pools: poolsBusy },
      "good",
      "1 prefill and 1 decode workers served all 1,000 requests",
    ],
    [{ disagg: handedOver }, "good", "Hand-offs took 40 ms in the median and 90 ms at p99."],
    [
      { disagg: { ...handedOver, transferMs: { ...nothing, p50: 900, p99: 5000 } } },
      "good",
      "Moving keys and values was the limit: the slowest 1 % of hand-offs took over 5 s",
    ],
    [
      { faults: oneFault },
      "good",
      "1 fault: 3 requests lost, 4 moved to other workers, goodput fell by up to 40.0 % and was back after 25 s.",
    ],
    [
      { faults: { ...oneFault, moved: 0, events: [{ ...oneFault.events[0]!, recoveryS: null }] } },
      "good",
      "1 fault: 3 requests lost, goodput fell by up to 40.0 % and did not recover.",
    ],
    [
      { slo: { ...base.slo, targets: { ttftMs: 500 }, goodputPerS: 3.9, attainment: 0.995 } },
      "good",
      "held the SLO: 99.5 % of the requests met TTFT ≤ 500 ms",
    ],
    [
      { slo: { ...base.slo, targets: { tpotMs: 50 }, goodputPerS: 1, attainment: 0.5 } },
      "bad",
      "missed the SLO",
    ],
    [{ stopped: "the horizon was reached." }, "good", "ended early: the horizon was reached."],
    [{ requests: { ...base.requests, completed: 900, rejected: 100 } }, "bad", "100 rejected"],
    [{ requests: { ...base.requests, offered: 0, completed: 0 } }, "bad", "No request arrived"],
  ];
  it.each(cases)("says what happened in %#", (changes, mood, words) => {
    const verdict = verdictOf(reportOf(changes));
    expect(verdict.mood).toBe(mood);
    expect(verdict.text).toContain(words);
  });
});

it("wraps at words", () => {
  expect(wrapped("aa bb cc dd", 5)).toEqual(["aa bb", "cc dd"]);
  expect(wrapped("longer-than-the-line x", 5)).toEqual(["longer-than-the-line", "x"]);
});

it("prints a comparison", async () => {
  const changed = reportOf({
    digest: "a".repeat(32),
    kv: { ...base.kv, hitRate: 0.4, preemptions: 3 },
  });
  const comparison = compareReports({
    a: { name: "a", document: base },
    b: { name: "b", document: changed },
    gates: [{ metric: "kv.preemptions", limit: 2, relative: false, text: "kv.preemptions=2" }],
  });
  if (!comparison.ok) throw new Error(comparison.problem.what);
  const names = { a: "a.json", b: "b.json" };
  await expect(
    comparisonText(comparison.value, { colour: false, all: false, names }),
  ).toMatchFileSnapshot("pictures/comparison.txt");
});
