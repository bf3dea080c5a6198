import { describe, expect, test } from "vitest";
import {
  ERROR_TARGETS,
  loadInferencex,
  loadSilicon,
  loadTrtllmMax,
  loadVllmE2e,
  loadVllmRequests,
} from "../../../src/plan/index.ts";
import type { AccuracyRow, Loaded, MeasuredRun } from "../../../src/plan/index.ts";
import type { Result } from "../../../src/core/index.ts";

function loadedOf(result: Result<Loaded>): Loaded {
  if (!result.ok) throw new Error(result.problem.what);
  return result.value;
}

function first(result: Result<Loaded>): MeasuredRun {
  const run = loadedOf(result).runs[0];
  if (run === undefined) throw new Error("no run");
  return run;
}

const IX =
  "hardware,framework,model,precision,spec,disagg,prefill_tp,prefill_ep,prefill_dp_attn,isl,osl,conc," +
  "median_ttft_s,median_tpot_s,mean_tpot_s,tput_per_gpu,date,image,n_gpu_total,prompts_per_conc,flags";

describe("InferenceX rows", () => {
  test("a run: layout, closed loop, medians in ms, settings of the launch script", () => {
    const row =
      "h200,sglang,dsr1,fp8,none,false,8,1,false,8192,1024,16,0.5,0.02,0.021,900,2026-03-25," +
      "lmsysorg/sglang:v0.5.9-cu130,8,10,";
    const run = first(loadInferencex("ix.csv", `${IX}\n${row}\n`));
    expect(run).toMatchObject({
      id: "ix.csv:2",
      model: "deepseek-r1",
      gpu: "h200",
      engine: "sglang",
      version: "0.5.9",
      layout: { tp: 8, dp: 1, ep: 1, kvDtype: "bf16" },
      knobs: { maxNumSeqs: 256, maxBatchedTokens: 32768, prefixCaching: false, fraction: 0.82 },
      workload: { kind: "closed", requests: 160, concurrency: 16 },
    });
    expect(run.windows[0]?.measured).toEqual({
      ttftP50: 500,
      tpotP50: 20,
      tpotMean: 21,
      throughput: 900,
    });
  });

  test("a stalled run keeps its medians only; attention ranks are data parallel", () => {
    const row =
      "b200,trt,dsr1,fp4,none,false,4,4,true,1024,1024,256,0.5,0.02,0.021,900,2025-12-15,,4,10," +
      "cold_start_stall";
    const run = first(loadInferencex("ix.csv", `${IX}\n${row}\n`));
    expect(run.windows[0]?.measured).toEqual({ ttftP50: 500, tpotP50: 20 });
    expect(run.layout).toMatchObject({ tp: 1, dp: 4, ep: 4, dtype: "nvfp4", kvDtype: "fp8" });
    expect(run.quantizedParts).not.toContain("attention");
  });

  test("what cannot be simulated is counted by reason", () => {
    const rows = [
      "gb200,dynamo-trt,dsr1,fp4,none,true,4,4,true,1024,1024,4,1,1,1,1,,,8,,",
      "b200,trt,dsr1,fp4,mtp,false,4,4,true,1024,1024,4,1,1,1,1,,,4,,",
      "b200,sglang,dsr1,fp4,none,false,4,4,false,1024,1024,,1,1,1,1,,,4,,",
    ];
    const loaded = loadedOf(loadInferencex("ix.csv", `${IX}\n${rows.join("\n")}\n`));
    expect(loaded.runs).toEqual([]);
    expect(loaded.skipped.map(({ rows: count }) => count)).toEqual([1, 1, 1]);
  });

  test("a missing column is named", () => {
    const result = loadInferencex("ix.csv", "hardware,model\nh200,dsr1\n");
    expect(result.ok ? "" : result.problem.what).toContain("framework");
  });
});

describe("the silicon sample", () => {
  const head =
    "model,system,backend,backend_version,precision,mode,isl,osl,concurrency,gemm_q,moe_q,tp,adp,mtp,mep," +
    "ttft_ms,tpot_ms,measured,source";

  test("exports of InferenceX recorded tp × ep; other rows have equal lengths", () => {
    const rows = [
      "deepseek-ai/DeepSeek-R1,b200_sxm,trtllm,,fp8,agg,1024,1024,64,fp8,fp8,64,1,8,8,1,9,2025-10-01,2026-04-06.csv",
      "Qwen/Qwen3-235B-A22B-FP8,h200_sxm,vllm,0.12.0,fp8,agg,2000,100,8,fp8,fp8,1,,2,1,1,9,,gap/x.csv",
    ];
    const { runs } = loadedOf(loadSilicon("s.csv", `${head}\n${rows.join("\n")}\n`));
    expect(runs[0]?.layout).toMatchObject({ tp: 8, dp: 1, ep: 8 });
    expect(runs[0]?.workload).toMatchObject({ lengths: { kind: "drawn" } });
    expect(runs[1]?.layout).toMatchObject({ tp: 1, dp: 2, ep: 1, dtype: "fp8-block" });
    expect(runs[1]?.workload).toMatchObject({ requests: 80, lengths: { kind: "fixed" } });
  });

  test("experts too narrow for another split are split over ranks, whatever the export says", () => {
    const ofRanks = (tp: number): string =>
      `MiniMaxAI/MiniMax-M2.5,h200_sxm,vllm,0.18.0,fp8,agg,1024,1024,8,fp8,fp8,${tp},1,${tp},1,1,9,2026-03-28,x.csv`;
    const { runs } = loadedOf(loadSilicon("s.csv", [head, ofRanks(4), ofRanks(8), ""].join("\n")));
    expect(runs.map(({ layout }) => layout.ep)).toEqual([1, 8]);
  });

  describe("disaggregated", () => {
    const kinds = ["p", "d"].flatMap((kind) =>
      ["workers", "tp", "adp", "mtp", "mep"].map((column) => `${kind}_${column}`),
    );
    const splitHead = `${head},${kinds.join(",")}`;
    const rowOf = (facts: string, workers: string, model = "moonshotai/Kimi-K2.5"): string =>
      `${model},${facts},,,,,,,300,9,2026-04-18,db-dump/2026-04-27,${workers}`;
    const kimi = "gb200,trtllm,1.1.0-dev.2,fp4,disagg,1024,1024,15";

    test("rows are runs of two kinds of workers, in a family that no target is judged by", () => {
      const text = `${splitHead}\n${rowOf(kimi, "1,1,4,1,4,5,4,1,1,4")}\n`;
      const [run] = loadedOf(loadSilicon("s.csv", text)).runs;
      expect(run).toMatchObject({ family: "silicon-split", version: "1.3", gpus: 24 });
      const [prefill, decode] = run!.groups!;
      expect(prefill).toMatchObject({ workers: 1, layout: { tp: 1, dp: 4, ep: 4 } });
      expect(decode).toMatchObject({ workers: 5, layout: { tp: 4, dp: 1, ep: 4 } });
      const metrics = ["ttftMean", "tpotMean", "throughput"] as const;
      for (const metric of metrics) {
        const row = { ...run!, moe: true, window: "run", metric } as unknown as AccuracyRow;
        expect(ERROR_TARGETS.filter(({ selects }) => selects(row))).toEqual([]);
      }
    });

    test("rows of the dump that name V3 are InferenceX's R1", () => {
      const v3 = "h100_sxm,trtllm,0.8.1,fp8,disagg,1024,1024,6";
      const row = rowOf(v3, "1,1,16,1,16,3,16,1,1,16", "deepseek-ai/DeepSeek-V3");
      expect(loadedOf(loadSilicon("s.csv", `${splitHead}\n${row}\n`)).runs[0]?.model).toBe(
        "deepseek-r1",
      );
    });

    test.each([
      ["number of workers not recorded", rowOf(kimi, ",1,4,1,4,5,4,1,1,4")],
      [
        "layout not recorded",
        rowOf(kimi.replace("trtllm", "sglang"), "1,1,4,1,4,5,4,1,1,4").replace(
          "2026-04-18",
          "2025-12-21",
        ),
      ],
      ["no concurrency", rowOf(kimi.replace(/15$/, ""), "1,1,4,1,4,5,4,1,1,4")],
    ])("rows are left out: %s", (reason, row) => {
      const { runs, skipped } = loadedOf(loadSilicon("s.csv", `${splitHead}\n${row}\n`));
      expect(runs).toEqual([]);
      expect(skipped[0]?.reason).toContain(reason);
    });
  });

  test("NVIDIA's own rows have the generator's settings: one prompt and a slack in a step", () => {
    const ofEngine = (engine: string): string =>
      `Qwen/Qwen3-32B,h100_sxm,${engine},1.0,,agg,1024,256,64,,,2,,1,1,1,9,,gap/x.csv`;
    const rows = ["trtllm", "vllm", "sglang"].map(ofEngine);
    const { runs } = loadedOf(loadSilicon("s.csv", `${head}\n${rows.join("\n")}\n`));
    const [trtllm, vllm, sglang] = runs.map(({ knobs }) => knobs);
    expect(trtllm).toMatchObject({ maxNumSeqs: 64, maxBatchedTokens: 64 + 1024 + 1500 });
    expect(vllm).toMatchObject({ maxNumSeqs: 64, maxBatchedTokens: 64 + 1024 + 1500 });
    expect(sglang).toMatchObject({ maxBatchedTokens: 8192, maxPrefillTokens: 1024 + 1500 });
  });

  test("the generator mixes prompts and decodes on SGLang from 0.5.3 on", () => {
    const ofVersion = (version: string): string =>
      `Qwen/Qwen3-32B,h100_sxm,sglang,${version},,agg,1024,256,64,,,2,,1,1,1,9,,gap/x.csv`;
    const rows = ["0.5.1.post1", "0.5.6.post2"].map(ofVersion);
    const { runs } = loadedOf(loadSilicon("s.csv", `${head}\n${rows.join("\n")}\n`));
    expect(runs.map(({ knobs }) => knobs.mixedChunk)).toEqual([false, true]);
  });

  test("a worker of more than eight ranks is not credible", () => {
    const row =
      "deepseek-ai/DeepSeek-R1,gb200,sglang,,fp8,agg,1024,1024,64,fp8,fp8,72,1,72,1,1,9,2025-10-01,2026-04-06.csv";
    const loaded = loadedOf(loadSilicon("s.csv", `${head}\n${row}\n`));
    expect(loaded.runs).toEqual([]);
    expect(loaded.skipped).toHaveLength(1);
  });
});

test("maximum load: all at once, whole sequences reserved", () => {
  const text =
    "version,gpu,model,quant,tp,n_gpu,isl,osl,num_requests,output_tokens_per_s_per_gpu\n" +
    "1.0,H100,Llama-3.3-70B,fp8,2,2,20000,2000,1000,400\n";
  expect(first(loadTrtllmMax("t.csv", text))).toMatchObject({
    model: "llama-3.3-70b",
    layout: { tp: 2, dtype: "fp8", kvDtype: "fp8" },
    knobs: { maxBatchedTokens: 22048, chunkedPrefill: false },
    workload: { kind: "rate", requests: 1000, ratePerS: Infinity },
  });
});

test("maximum load: how the documentation writes splits", () => {
  const head =
    "version,gpu,model,quant,parallel,tp,ep,attention_dp,pp,n_gpu,isl,osl,num_requests,output_tokens_per_s_per_gpu";
  const layoutOf = (version: string, model: string, split: string) => {
    const row = `${version},B200,${model},fp8,${split},1000,1000,3000,400`;
    return first(loadTrtllmMax("t.csv", `${head}\n${row}\n`)).layout;
  };
  const shared = { tp: 1, dp: 8, ep: 8, pp: 1 };
  expect(layoutOf("1.1", "DeepSeek-R1", "DEP8,8,8,True,1,8")).toMatchObject(shared);
  expect(layoutOf("1.1", "GPT-OSS-120B", "DEP8,,,,,8")).toMatchObject(shared);
  const tensor = { tp: 8, dp: 1, ep: 8, pp: 1 };
  expect(layoutOf("1.1", "Qwen3-235B-A22B", "TEP8,8,8,,1,8")).toMatchObject(tensor);
  const plain = { ...tensor, ep: 1 };
  expect(layoutOf("1.1", "Qwen3-235B-A22B", "TP8,8,,,1,8")).toMatchObject(plain);
  expect(layoutOf("1.0", "Qwen3-235B-A22B", "TP8,8,,,1,8")).toMatchObject({ tp: 1, dp: 8, ep: 1 });
  const staged = { tp: 2, dp: 1, pp: 2 };
  expect(layoutOf("0.17", "Llama-3.1-405B", "TP2 PP2,2,,,2,4")).toMatchObject(staged);
});

describe("vLLM in open loop", () => {
  const experiments =
    "exp,model,hardware,tp,dp,precision,max_num_batched_tokens,max_num_seqs,gpu_mem_util,cpu_offload," +
    "workload,stages,num_unique_system_prompts,num_users_per_system_prompt,system_prompt_len,question_len,output_len\n" +
    "a,meta-llama/Llama-3.1-70B-Instruct,H100,4,,FP16,2048,128,,,codegen,5@600;10@600,11,4,100,466,247\n";
  const actuals =
    "exp,stage,e2e_mean,ttft_mean,itl_mean\na,-1,4840,58,30\na,0,4494,54,30\na,1,5013,60,30\n";

  test("stages are windows; time between tokens follows the length that was asked for", () => {
    const run = first(loadVllmE2e(experiments, actuals));
    expect(run.windows.map(({ name, fromS, toS }) => [name, fromS, toS])).toEqual([
      ["run", 0, Infinity],
      ["stage 0", 0, 600],
      ["stage 1", 600, 1200],
    ]);
    expect(run.windows[0]?.measured.itlMean).toBeCloseTo((4840 - 58) / 246, 9);
    expect(run.workload).toMatchObject({ shared: { groups: 11, users: 4, systemTokens: 100 } });
  });

  test("runs with client timeouts are left out, by reason", () => {
    const head = "exp,model,tp,stages,n_err,output_len\n";
    const loaded = loadedOf(
      loadVllmRequests(`${head}x,meta-llama/Llama-2-7b-hf,1,4@10,3,10\n`, () => ""),
    );
    expect(loaded.runs).toEqual([]);
    expect(loaded.skipped[0]?.reason).toContain("timeouts");
  });
});
