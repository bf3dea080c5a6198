import { existsSync, readFileSync } from "node:fs";
import { lusolve } from "mathjs";
import { describe, expect, it } from "vitest";
import {
  balancedExperts,
  type GemmParams,
  gemmUs,
  kernelDevice,
  type MoeParams,
  moeUs,
} from "../../src/hardware/index.ts";
import {
  calibrateKernels,
  fitRobust,
  fitSteps,
  type LinearSolver,
  paramChanges,
  parseSteps,
  parseTable,
  stepAccuracy,
} from "../../src/plan/index.ts";
import { kernelsOf, paramsOf, timingOf } from "../hardware/kernels-support.ts";

const solve: LinearSolver = (matrix, right) =>
  (
    lusolve(
      matrix.map((row) => [...row]),
      [...right],
    ) as number[][]
  ).map(([value]) => value!);

const data = process.env["HEADWORKS_DATA"] ?? "../shared/data";
const steps = `${data}/kernels/fpm_b300_vllm0.20.1.csv`;

describe("robust fit", () => {
  it("finds the parameters behind exact rows, and past gross outliers", () => {
    const xs = Float64Array.from({ length: 200 }, (_, i) => i + 1);
    const rows = Int32Array.from(xs.keys());
    const fit = (measured: Float64Array): Float64Array =>
      fitRobust({
        parameters: [
          { name: "a", initial: 1, min: 1e-3, max: 1e3 },
          { name: "b", initial: 1, min: 1e-3, max: 1e3 },
        ],
        predict: (at, row) => at[0]! + at[1]! * xs[row]!,
        measured,
        rows,
        solve,
      });
    const exact = xs.map((x) => 7 + 0.3 * x);
    expect(fit(exact)[0]).toBeCloseTo(7, 5);
    expect(fit(exact)[1]).toBeCloseTo(0.3, 6);
    const dirty = exact.map((value, i) => (i % 20 === 3 ? value * 10 : value));
    // One row in twenty is ten times too large: least squares would be off by a third and more.
    expect(Math.abs(fit(dirty)[0]! / 7 - 1)).toBeLessThan(0.03);
    expect(Math.abs(fit(dirty)[1]! / 0.3 - 1)).toBeLessThan(0.03);
  });
});

describe("calibration", () => {
  const rates = {
    bf16FlopPerS: 1e15,
    fp8FlopPerS: 2e15,
    fp4FlopPerS: 0,
    hbmBytesPerS: 3e12,
    sms: 132,
  };
  const truth: GemmParams = {
    compute: 0.7,
    memory: 0.8,
    fixedUs: 3,
    quant: 0,
    power: 2,
    kLoopUs: 1,
  };

  function gemmTable(): string {
    const device = kernelDevice(rates);
    const format = { compute: "bf16", weightBytes: 2, rowBytes: 2 } as const;
    const lines = ["m,n,k,latency_ms"];
    for (const m of [1, 16, 64, 256, 1024, 4096]) {
      for (const n of [1024, 4096, 8192]) {
        for (const k of [512, 2048, 5120, 8192]) {
          lines.push(`${m},${n},${k},${gemmUs(truth, format, device, m, n, k, 1) / 1000}`);
        }
      }
    }
    return lines.join("\n");
  }

  const run = (read: (name: string) => string | undefined) =>
    calibrateKernels({ system: "toy", rates, read, solve, source: "made up", date: "2026-11-20" });
  const table = gemmTable();
  const read = (name: string): string | undefined =>
    name === "gemm_toy_bfloat16.csv" ? table : undefined;

  it("recovers the parameters a table was made with, the same each time", () => {
    const fitted = run(read);
    if (!fitted.ok) throw new Error(fitted.problem.what);
    const { params, residuals } = fitted.value.gemm["bf16"]!;
    for (const name of ["compute", "memory", "fixedUs", "kLoopUs"] as const) {
      expect(Math.abs(params[name] / truth[name] - 1)).toBeLessThan(0.02);
    }
    expect(residuals!.heldOutP90).toBeLessThan(0.01);
    expect(JSON.stringify(run(read))).toBe(JSON.stringify(fitted));
  });

  it("finds where an all-reduce leaves its one-shot kernel", () => {
    const sizes = Array.from({ length: 20 }, (_, i) => 2 ** (i + 8));
    const us = (bytes: number): number =>
      bytes <= 2 ** 19 ? 3.4 + (7 * bytes) / 250_000 : 12 + (1.75 * bytes) / 400_000;
    const lines = sizes.map((bytes) => `toy,own,1.0,own,8,${bytes},${us(bytes) / 1000}`);
    const reduces = ["system,framework,version,mode,num_gpus,bytes,latency_ms", ...lines].join(
      "\n",
    );
    const fitted = run((name) => (name === "allreduce_custom.csv" ? reduces : read(name)));
    if (!fitted.ok) throw new Error(fitted.problem.what);
    const { params, residuals } = fitted.value.collective["own/8"]!;
    expect(params.oneShotBytesMax).toBe(2 ** 19);
    expect(Math.abs(params.oneShotUs! / 3.4 - 1)).toBeLessThan(0.02);
    expect(Math.abs(params.oneShotBytesPerUs! / 250_000 - 1)).toBeLessThan(0.02);
    expect(residuals!.p90).toBeLessThan(0.02);
  });

  describe("experts", () => {
    const KERNEL = "fp8moe_flashinfer_trtllm_trtllmfp8expertsmonolithic";
    const experts: MoeParams = {
      compute: 0.4,
      memory: 0.9,
      fixedUs: 30,
      stream: 0.3,
      power: 2,
      pad: 8,
      expertUs: 0.02,
      narrow: 20,
      leak: 0.02,
    };

    /** Rows of a model whose tokens all choose among its first `used` experts, on the rank that holds these. */
    function rowsOf(hidden: number, kernel: string, used: number): string[] {
      const device = kernelDevice(rates);
      const lines: string[] = [];
      for (const ep of [1, 2, 4, 8]) {
        for (const tokens of [1, 8, 64, 512, 2048, 4096, 8192, 16384]) {
          const local = Math.min(256 / ep, used);
          const shape = {
            hidden,
            inter: 2048,
            matrices: 3,
            topK: 8,
            experts: used,
            localExperts: local,
            weightBytes: 1,
            compute: "fp8",
          } as const;
          const active = balancedExperts(shape, tokens);
          const pairs = Math.max(active, (tokens * 8 * local) / used);
          const ms = moeUs(experts, shape, device, pairs, active, 1) / 1000;
          lines.push(`${kernel},fp8_block,bal,${hidden},2048,8,256,1,${ep},${tokens},${ms}`);
        }
      }
      return lines;
    }

    const head = "kernel,dtype,dist,hidden,inter,topk,experts,tp,ep,tokens,latency_ms";
    const spread = [4096, 5120, 6144].flatMap((hidden) => rowsOf(hidden, KERNEL, 256));
    const fitOf = (lines: readonly string[]) => {
      const moe = [head, ...lines].join("\n");
      const fitted = run((name) => (name === "moe_toy_vllm.csv" ? moe : read(name)));
      if (!fitted.ok) throw new Error(fitted.problem.what);
      return fitted.value.moe;
    };

    it("that choose by themselves are fitted without shapes whose tokens chose one rank's", () => {
      const lopsided = rowsOf(7168, KERNEL, 128);
      expect(fitOf([...spread, ...lopsided])).toEqual(fitOf(spread));
    });

    it("are fitted with all shapes where tokens are spread, or the caller chooses", () => {
      const key = "vllm/fp8-block/trtllm-gen/ep";
      const alike = fitOf([...spread, ...rowsOf(7168, KERNEL, 256)]);
      expect(alike[key]!.residuals!.rows).toBe(fitOf(spread)[key]!.residuals!.rows + 24);
      const cutlass = fitOf([...rowsOf(6144, "cutlass", 256), ...rowsOf(7168, "cutlass", 128)]);
      expect(cutlass["vllm/fp8-block/cutlass/ep"]!.residuals!.rows).toBe(48);
    });
  });

  it("names the table and the line of a fault", () => {
    const ragged = run((name) => (name.startsWith("gemm_toy_bf") ? `${table}\n1,2` : undefined));
    expect(ragged.ok ? "" : ragged.problem.where).toBe("gemm_toy_bfloat16.csv, line 74");
    const headless = parseTable("a.csv", "m,n\n1,2\n", ["k"]);
    expect(headless.ok ? "" : headless.problem.what).toBe("there is no column k");
    expect(parseTable("a.csv", "", ["k"]).ok).toBe(false);
    expect(parseTable("a.csv", "k", ["k"]).ok).toBe(false);
  });

  it("lists what differs between two parameter files", () => {
    const old = paramsOf("h100_sxm");
    expect(paramChanges(old, old)).toEqual([]);
    const moved = { ...old, throttle: 1.3 };
    expect(paramChanges(old, moved)).toEqual([{ path: "throttle", from: old.throttle, to: 1.3 }]);
  });
});

describe("measured steps", () => {
  const header = "ctx_reqs,ctx_tokens,ctx_kv_tokens,dec_reqs,dec_kv_tokens,latency_ms";

  it("are read with their regimes, bad ones with their line", () => {
    const read = parseSteps("s.csv", `${header}\n1,512,0,0,0,9\n0,0,0,4,400,3\n2,8,8,1,9,4\n`);
    if (!read.ok) throw new Error(read.problem.what);
    expect(read.value.map(({ regime }) => regime)).toEqual(["context", "decode", "mixed"]);
    expect(read.value[2]!.shape.prefillPairs).toBe((8 * (8 + 4)) / 2);
    const bad = parseSteps("s.csv", `${header}\n1,512,0,0,0,9\n0,0,0,4,-1,3\n`);
    expect(bad.ok ? "" : bad.problem.where).toBe("s.csv, line 3");
  });

  it("give back the scales they were made with", () => {
    const timing = timingOf("vllm");
    const scales = { decode: 1.2, context: 0.9, mixed: 1.1 };
    const slow = kernelsOf("h100", "llama-3.1-8b", {}, { ...timing, scales: { default: scales } });
    const lines = [header];
    for (let i = 1; i <= 40; i++) {
      const decodes = `${i},${i * 900}`;
      const [tokens, pairs] = [1000 + 100 * i, (1000 + 100 * i) ** 2 / 2];
      const shape = (prefill: number, decode: number) => ({
        prefillRequests: prefill,
        prefillTokens: prefill * tokens,
        prefillPastTokens: 0,
        prefillPairs: prefill * pairs,
        decodeRequests: decode * i,
        decodeContextTokens: decode * i * 900,
      });
      lines.push(`0,0,0,${decodes},${slow.stepUs(shape(0, 1)) / 1000}`);
      lines.push(`1,${tokens},0,0,0,${slow.stepUs(shape(1, 0)) / 1000}`);
      lines.push(`1,${tokens},0,${decodes},${slow.stepUs(shape(1, 1)) / 1000}`);
    }
    const read = parseSteps("s.csv", lines.join("\n"));
    if (!read.ok) throw new Error(read.problem.what);
    const model = kernelsOf("h100", "llama-3.1-8b", {}, { ...timing, scales: { default: scales } });
    const runs = [{ run: "", model, peakUsPerToken: 0 }];
    const fit = fitSteps(read.value, runs, { timing, floors: false, solve });
    expect(fit.scales.decode).toBeCloseTo(1.2, 2);
    expect(fit.scales.context).toBeCloseTo(0.9, 2);
    expect(fit.scales.mixed).toBeCloseTo(1.1, 2);
    const accuracy = stepAccuracy(read.value, [{ run: "", model: slow, peakUsPerToken: 0 }]);
    for (const { mape, rows } of accuracy.overall) {
      expect(rows).toBe(40);
      expect(mape).toBeLessThan(1e-9);
    }
    const tooFast = stepAccuracy(read.value, [{ run: "", model: slow, peakUsPerToken: 1e9 }]);
    expect(tooFast.overall).toEqual([]);
  });

  it.skipIf(!existsSync(steps))(
    `of Qwen3-32B on B300 are met within 8 / 10 / 10 % (needs ${steps})`,
    () => {
      const read = parseSteps(steps, readFileSync(steps, "utf8"));
      if (!read.ok) throw new Error(read.problem.what);
      // Runs 12 and 14 of the file's index; 2 × 31.2 B FLOP a token at 2.25 PFLOPS a GPU.
      const runs = [
        ["12", 1],
        ["14", 4],
      ] as const;
      const accuracy = stepAccuracy(
        read.value,
        runs.map(([run, tp]) => ({
          run,
          model: kernelsOf("b300", "qwen3-32b", { tp }),
          peakUsPerToken: (2 * 31.2e9) / 2.25e9 / tp,
        })),
      );
      const mape = Object.fromEntries(accuracy.overall.map(({ regime, mape }) => [regime, mape]));
      expect(mape["decode"]).toBeLessThan(0.08);
      expect(mape["context"]).toBeLessThan(0.1);
      expect(mape["mixed"]).toBeLessThan(0.1);
    },
  );
});
