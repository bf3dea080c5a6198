import { describe, expect, it } from "vitest";
import { kernelsStepTime } from "../../../src/hardware/index.ts";
import { decodeBatch, loadInferencex, rankPairs, simulateRun } from "../../../src/plan/index.ts";
import { runPartsOf } from "./run-parts-support.ts";

const COLUMNS = {
  hardware: "gb200",
  framework: "dynamo-trt",
  model: "dsr1",
  precision: "fp4",
  spec: "none",
  disagg: "true",
  isl: "1024",
  osl: "1024",
  conc: "64",
  n_gpu_total: "12",
  prefill_tp: "4",
  prefill_ep: "4",
  prefill_dp_attn: "true",
  prefill_workers: "1",
  n_prefill_gpu_fixed: "4",
  decode_tp: "8",
  decode_ep: "8",
  decode_dp_attn: "false",
  decode_workers: "1",
  n_decode_gpu_fixed: "8",
  date: "2025-12-09",
  image: "nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:0.8.1.post1",
  median_ttft_s: "0.2",
  median_tpot_s: "0.014",
  tput_per_gpu: "890",
  flags: "",
} as const;

function load(changes: Partial<Record<keyof typeof COLUMNS, string>> = {}) {
  const row = { ...COLUMNS, ...changes };
  const text = `${Object.keys(row).join(",")}\n${Object.values(row).join(",")}\n`;
  const loaded = loadInferencex("inferencex.csv", text);
  if (!loaded.ok) throw new Error(loaded.problem.what);
  return loaded.value;
}

describe("disaggregated rows", () => {
  it("are runs of two kinds of workers, of the engine's version of the month", () => {
    const [run] = load().runs;
    expect(run).toMatchObject({ family: "inferencex-disagg", engine: "trtllm", version: "1.1" });
    const [prefill, decode] = run!.groups!;
    expect(prefill).toMatchObject({ role: "prefill", workers: 1, layout: { tp: 1, dp: 4, ep: 4 } });
    expect(decode).toMatchObject({ role: "decode", workers: 1, layout: { tp: 8, dp: 1, ep: 8 } });
    expect(decode.knobs.maxNumSeqs).toBe(64);
  });

  it("are left out when their layout is not recorded or contradicts itself", () => {
    const reasonsOf = (changes: Parameters<typeof load>[0]): string[] =>
      load(changes).skipped.map(({ reason }) => reason);
    expect(reasonsOf({ decode_workers: "" })).toEqual(["disaggregated, layout not recorded"]);
    expect(reasonsOf({ decode_workers: "2" })).toEqual(["disaggregated, layout not recorded"]);
    expect(reasonsOf({ flags: "stall_or_drain" })).toEqual(["disaggregated, stalled or drained"]);
    expect(reasonsOf({ spec: "mtp" })).toHaveLength(1);
  });

  it("simulate: more decode workers make answers quicker, and every prompt is handed over", () => {
    const [run] = load().runs;
    const few = simulateRun(run!, runPartsOf(run!));
    const wider = load({ decode_workers: "4", n_decode_gpu_fixed: "32", n_gpu_total: "36" })
      .runs[0]!;
    const many = simulateRun(wider, runPartsOf(wider));
    if (!few.ok || !many.ok) throw new Error("a run failed");
    const [a, b] = [few.value.windows[0]!, many.value.windows[0]!];
    expect(b.tpotP50!).toBeLessThan(0.8 * a.tpotP50!);
    expect(b.throughput! * 36).toBeGreaterThan(a.throughput! * 12);
  });

  it("batches fit the load as the recipes do", () => {
    expect([4300 / 8, 6144 / 8, 5152 / 40, 3584 / 56, 9, 3, 1].map(decodeBatch)).toEqual([
      512, 768, 128, 64, 8, 3, 1,
    ]);
    expect(decodeBatch(0.2)).toBe(1);
  });
});

it("attention ranks schedule and replay graphs each for its own requests", () => {
  const [run] = load({ decode_tp: "8", decode_dp_attn: "true" }).runs;
  const parts = runPartsOf(run!);
  const at = (dp: number) => {
    const layout = { ...run!.layout, tp: 8 / dp, dp };
    const made = kernelsStepTime({ ...parts, layout });
    if (!made.ok) throw new Error(made.problem.what);
    return made.value.parts({
      prefillRequests: 0,
      prefillTokens: 0,
      prefillPastTokens: 0,
      prefillPairs: 0,
      decodeRequests: 1024,
      decodeContextTokens: 1024 * 1024,
    });
  };
  // 1024 on one rank outgrow the graphs; 128 on each of eight do not.
  expect(at(1).launchUs).toBeGreaterThan(10_000);
  expect(at(8).launchUs).toBe(0);
  expect(at(8).schedulingUs).toBeLessThan(at(1).schedulingUs);
});

it("measurements nearer than their noise are no order", () => {
  // 1.8 % and 2.4 % make 3 % together.
  const noises = [0.018, 0.024];
  expect(rankPairs([100, 102], [2, 1], noises)).toMatchObject({ concordant: 0, discordant: 0 });
  expect(rankPairs([100, 104], [2, 1], noises)).toMatchObject({ discordant: 1 });
  expect(rankPairs([100, 102], [2, 1])).toMatchObject({ discordant: 1 });
});
