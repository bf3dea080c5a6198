import { describe, expect, it } from "vitest";
import { loadInferencex, loadSplitRecipes, simulateRun } from "../../../src/plan/index.ts";
import type { MeasuredRun, SplitRecipes } from "../../../src/plan/index.ts";
import { runPartsOf } from "./run-parts-support.ts";

const ROW = {
  hardware: "gb200",
  framework: "dynamo-trt",
  model: "dsr1",
  precision: "fp8",
  spec: "none",
  disagg: "true",
  isl: "1024",
  osl: "1024",
  conc: "6",
  n_gpu_total: "32",
  prefill_tp: "8",
  prefill_ep: "8",
  prefill_dp_attn: "true",
  prefill_workers: "1",
  n_prefill_gpu_fixed: "8",
  decode_tp: "8",
  decode_ep: "8",
  decode_dp_attn: "false",
  decode_workers: "3",
  n_decode_gpu_fixed: "24",
  date: "2026-02-03",
  image: "",
  median_ttft_s: "7",
  median_tpot_s: "0.0077",
  tput_per_gpu: "100",
  flags: "",
} as const;

const RECIPE = {
  hardware: "gb200-multinode",
  framework: "dynamo-trt",
  model: "deepseek-ai/DeepSeek-R1-0528",
  precision: "fp8",
  isl: "1024",
  osl: "1024",
  spec: "none",
  conc: "6",
  prefill_workers: "1",
  prefill_tp: "8",
  prefill_dp_attn: "True",
  decode_workers: "3",
  decode_tp: "8",
  decode_dp_attn: "False",
  r_prefill_max_batch: "16",
  r_prefill_max_tokens: "8192",
  r_decode_max_batch: "1",
  r_decode_max_tokens: "1",
  r_prefill_mem_frac: "0.5",
  r_decode_mem_frac: "",
} as const;

type Changes<T> = Partial<Record<keyof T, string>>;

function table(row: Readonly<Record<string, string>>): string {
  return `${Object.keys(row).join(",")}\n${Object.values(row).join(",")}\n`;
}

function recipesOf(changes: Changes<typeof RECIPE> = {}): SplitRecipes {
  const loaded = loadSplitRecipes("recipes.csv", table({ ...RECIPE, ...changes }));
  if (!loaded.ok) throw new Error(loaded.problem.what);
  return loaded.value;
}

function runOf(row: Changes<typeof ROW> = {}, recipes?: SplitRecipes): MeasuredRun {
  const loaded = loadInferencex("inferencex.csv", table({ ...ROW, ...row }), recipes);
  if (!loaded.ok) throw new Error(loaded.problem.what);
  return loaded.value.runs[0]!;
}

/** The run without what can be done with it. */
function factsOf({ atConcurrency: _atConcurrency, ...facts }: MeasuredRun): object {
  return facts;
}

describe("limits of recipes", () => {
  it("hold for a rank in TensorRT-LLM and for the worker in SGLang", () => {
    const [prefill, decode] = runOf({}, recipesOf()).groups!;
    expect(prefill.knobs).toMatchObject({ maxNumSeqs: 16 * 8, maxBatchedTokens: 8192 * 8 });
    expect(decode.knobs).toMatchObject({ maxNumSeqs: 1 });
    expect([prefill.knobs.fraction, decode.knobs.fraction]).toEqual([0.5, 0.8]);
    const sglang = { framework: "dynamo-sglang" };
    const [first, second] = runOf(sglang, recipesOf(sglang)).groups!;
    expect(first.knobs).toMatchObject({ maxNumSeqs: 16, maxBatchedTokens: 8192 });
    expect(second.knobs).toMatchObject({ maxNumSeqs: 1 });
  });

  it("leave no attention rank of SGLang without a place", () => {
    const sglang = { framework: "dynamo-sglang" };
    const [prefill] = runOf(sglang, recipesOf({ ...sglang, r_prefill_max_batch: "4" })).groups!;
    expect(prefill.knobs.maxNumSeqs).toBe(8);
  });

  it("are taken for the load of the deployment or of each decode worker", () => {
    expect(runOf({}, recipesOf({ conc: "4 6 8" })).groups![1].knobs.maxNumSeqs).toBe(1);
    expect(runOf({}, recipesOf({ conc: "2" })).groups![1].knobs.maxNumSeqs).toBe(1);
    expect(runOf({}, recipesOf({ conc: "5" })).groups![1].knobs.maxNumSeqs).toBe(2);
  });

  it.each([
    { hardware: "gb300-multinode" },
    { precision: "fp4" },
    { model: "openai/gpt-oss-120b" },
    { osl: "8192" },
    { spec: "mtp" },
    { prefill_workers: "2" },
    { decode_dp_attn: "True" },
  ])("are not taken from another recipe: %o", (other) => {
    expect(factsOf(runOf({}, recipesOf(other)))).toEqual(factsOf(runOf()));
  });

  it("are the usual ones where a recipe tells none", () => {
    const columns = Object.keys(RECIPE).filter((column) => column.startsWith("r_"));
    const blank = Object.fromEntries(columns.map((column) => [column, ""]));
    expect(factsOf(runOf({}, recipesOf(blank)))).toEqual(factsOf(runOf()));
  });

  it("make clients wait for a place: a whole answer with two clients for each", () => {
    const firstTokensMs = (run: MeasuredRun): readonly [ttft: number, tpot: number] => {
      const done = simulateRun(run, runPartsOf(run));
      if (!done.ok) throw new Error(done.problem.what);
      const { ttftP50, tpotP50 } = done.value.windows[0]!;
      return [ttftP50!, tpotP50!];
    };
    const [usualMs] = firstTokensMs(runOf());
    const [ttftMs, tpotMs] = firstTokensMs(runOf({}, recipesOf()));
    // Answers have 920 tokens on average.
    expect(ttftMs).toBeGreaterThan(0.8 * 920 * tpotMs);
    expect(usualMs).toBeLessThan(0.1 * ttftMs);
  });
});

it("a table without the layout's columns is refused by name", () => {
  const loaded = loadSplitRecipes("recipes.csv", "hardware,framework\ngb200,dynamo-trt\n");
  expect(loaded).toMatchObject({ ok: false, problem: { where: "recipes.csv, line 1" } });
});
