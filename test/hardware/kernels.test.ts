import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import {
  busiestExperts,
  collectiveUs,
  contextAttentionUs,
  decodeAttentionUs,
  type DecodeRun,
  decodeRunUs,
  gemmUs,
  graphRows,
  imbalance,
  kernelDevice,
  type KernelsLayout,
  kernelsStepTime,
  moeUs,
  oneShotReduceUs,
  parseEngineTiming,
  parseKernelParams,
  reachedExperts,
  smoothMax,
  type StepShape,
  timingAt,
} from "../../src/hardware/index.ts";
import { deck, kernelsOf, paramsOf, timingOf } from "./kernels-support.ts";

const decode = (requests: number, contextTokens: number): StepShape => ({
  prefillRequests: 0,
  prefillTokens: 0,
  prefillPastTokens: 0,
  prefillPairs: 0,
  decodeRequests: requests,
  decodeContextTokens: contextTokens,
});

const mixed = (tokens: number, requests: number, contextTokens: number, past = 0): StepShape => ({
  prefillRequests: 1,
  prefillTokens: tokens,
  prefillPastTokens: past,
  prefillPairs: tokens * (past + tokens / 2),
  decodeRequests: requests,
  decodeContextTokens: contextTokens,
});

const WORKERS: readonly (readonly [gpu: string, model: string, layout: KernelsLayout])[] = [
  ["b300", "qwen3-32b", {}],
  ["h100", "llama-3.1-70b", { tp: 4, dtype: "fp8", kvDtype: "fp8" }],
  ["b200", "llama-3.1-70b", { tp: 2, pp: 2, dtype: "nvfp4" }],
  ["h200", "deepseek-r1", { tp: 8, ep: 8 }],
  ["b200", "deepseek-r1", { dp: 8, ep: 8, dtype: "nvfp4", kvDtype: "fp8" }],
  ["h200", "deepseek-v3.2", { tp: 8, cp: 2 }],
  ["h100", "gpt-oss-120b", { tp: 2 }],
  ["b200", "qwen3.5-397b-a17b", { tp: 8, ep: 8 }],
  ["rtx-4090", "qwen3-8b", { dtype: "int4" }],
  ["a100", "llama-4-scout", { tp: 8, dtype: "fp8" }],
];
const workers = WORKERS.map(([gpu, model, layout]) => ({
  name: `${model} on ${gpu} ${JSON.stringify(layout)}`,
  model: kernelsOf(gpu, model, layout),
}));

describe("kernels step time", () => {
  it.each(workers)("decode runs agree with steps: $name", ({ model }) => {
    const run: DecodeRun = { c0: 0, c1: 0, c2: 0, contextEnd: 0 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 200_000 }),
        fc.integer({ min: 0, max: 3000 }),
        (requests, mean, steps) => {
          const context = requests * mean;
          model.decodeRun(requests, context, run);
          expect(run.contextEnd).toBeGreaterThan(context);
          for (const later of [context, context + requests * steps, run.contextEnd - 1]) {
            if (later < context || later >= run.contextEnd || later === Infinity) continue;
            const us = model.stepUs(decode(requests, later));
            expect(Math.abs(decodeRunUs(run, later) / us - 1)).toBeLessThan(1e-12);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  // Local chunks are the exception: a context beyond a chunk's end sees an emptier one.
  const monotone = workers.filter(({ name }) => !name.startsWith("llama-4"));
  it.each(monotone)("more work never takes less: $name", ({ model }) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4000 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 16, max: 20_000 }),
        (tokens, requests, mean) => {
          const context = requests * mean;
          const step = model.stepUs(decode(requests, context));
          expect(step).toBeGreaterThanOrEqual(1);
          expect(model.stepUs(decode(requests, 2 * context))).toBeGreaterThanOrEqual(step);
          const one = model.stepUs(mixed(tokens, requests, context));
          expect(model.stepUs(mixed(tokens, requests, 2 * context))).toBeGreaterThanOrEqual(one);
          const past = model.stepUs(mixed(tokens, requests, context, 10_000));
          expect(past).toBeGreaterThanOrEqual(one);
          // Eight times the tokens: beyond what tile and graph rounding could hide.
          expect(model.stepUs(mixed(8 * tokens, requests, context))).toBeGreaterThan(one * 0.999);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("prices a mixed step as one pass over the weights", () => {
    const model = kernelsOf("b300", "qwen3-32b");
    const prompt = model.parts(mixed(512, 0, 0)).gpuUs;
    const batch = model.parts(decode(32, 64_000)).gpuUs;
    const both = model.parts(mixed(512, 32, 64_000)).gpuUs;
    expect(both).toBeGreaterThan(Math.max(prompt, batch));
    // Weights of 64 GB at 7.75 TB/s are 8.3 ms: read once, not twice.
    expect(both).toBeLessThan(prompt + batch - 8000);
  });

  it("never beats the memory system or the tensor cores", () => {
    const model = kernelsOf("b300", "qwen3-32b");
    // 32.0 B weights are read once a step (all but the embedding), 2 bytes each, at 7.75 TB/s.
    expect(model.stepUs(decode(1, 100))).toBeGreaterThan((32.0e9 * 2) / 7.75e6);
    // 2 × 31.2 B FLOP a token (no embedding, no head) at 2.25 PFLOPS.
    expect(model.stepUs(mixed(8192, 0, 0))).toBeGreaterThan((2 * 31.2e9 * 8192) / 2.25e9);
  });

  it("pads decode batches to the captured graph sizes", () => {
    const model = kernelsOf("b300", "qwen3-32b", { tp: 4 });
    const rows = (batch: number): number => model.parts(decode(batch, 0)).gpuUs;
    expect([1, 2, 3, 8, 9, 16, 17, 257, 513].map((batch) => graphRows(batch, 512))).toEqual([
      1, 2, 4, 8, 16, 16, 24, 272, 513,
    ]);
    const few = [1, 2, 4, 8, 256, 384, 8192];
    expect([3, 9, 300, 385, 700].map((batch) => graphRows(batch, 640, few))).toEqual([
      4, 256, 384, 640, 700,
    ]);
    // Within a bucket only attention moves; its floor is the same.
    expect(Math.abs(rows(16) / rows(9) - 1)).toBeLessThan(0.01);
  });

  it("speeds up with tensor parallelism, less than in proportion", () => {
    const times = [1, 2, 4, 8].map((tp) =>
      kernelsOf("h100", "llama-3.1-70b", { tp, dtype: "fp8" }).stepUs(decode(16, 32_000)),
    );
    for (let i = 1; i < times.length; i++) {
      expect(times[i]!).toBeLessThan(times[i - 1]!);
      expect(times[i]!).toBeGreaterThan(times[i - 1]! / 2);
    }
  });

  it("shares a decode batch among pipeline stages without bubbles, a prompt with them", () => {
    const whole = kernelsOf("b200", "llama-3.1-70b", { tp: 2 });
    const staged = kernelsOf("b200", "llama-3.1-70b", { tp: 2, pp: 2 });
    // All layers at half the rows, plus hops.
    const half = whole.parts(decode(32, 64_000)).gpuUs;
    const ratio = staged.parts(decode(64, 128_000)).gpuUs / half;
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.05);
    const prompt = staged.parts(mixed(8192, 0, 0)).gpuUs / whole.parts(mixed(8192, 0, 0)).gpuUs;
    expect(prompt).toBeGreaterThan(0.7);
    expect(prompt).toBeLessThan(0.9);
  });

  it("keeps to the host's floor where the GPU is quicker", () => {
    const timing = { ...timingOf("vllm"), hostStepUs: 50_000 };
    const model = kernelsOf("b300", "qwen3-32b", {}, timing);
    const floor = timing.hostStepUs + timing.hostRequestUs + timing.gapUs;
    expect(model.stepUs(decode(1, 100))).toBeCloseTo(floor, 6);
    const waiting = kernelsOf("b300", "qwen3-32b", {}, { ...timing, asyncScheduling: false });
    expect(waiting.stepUs(decode(1, 100))).toBeGreaterThan(floor + 10_000);
  });

  it("marks GPUs without tables as estimated and scales by their peaks", () => {
    const h100 = kernelsOf("h100", "llama-3.1-8b");
    const pcie = kernelsOf("h100-pcie", "llama-3.1-8b");
    expect([h100.estimated, pcie.estimated]).toEqual([false, true]);
    // 2.0 against 3.35 TB/s: a decode step is bound by memory.
    const ratio = pcie.stepUs(decode(8, 8000)) / h100.stepUs(decode(8, 8000));
    expect(ratio).toBeGreaterThan(1.3);
    expect(ratio).toBeLessThan(1.7);
  });

  it("refuses a split that does not divide", () => {
    const gpu = deck.gpus.find(({ id }) => id === "b300")!;
    const model = deck.llms.find(({ id }) => id === "qwen3-32b")!.card;
    const spec = { gpu, model, params: paramsOf("b300_sxm"), timing: timingOf("vllm") };
    const three = kernelsStepTime({ ...spec, layout: { tp: 3 } });
    expect(three.ok ? "" : three.problem.what).toMatch(/64 attention heads/);
    expect(kernelsStepTime({ ...spec, layout: { cp: 0 } }).ok).toBe(false);
  });
});

describe("kernels", () => {
  const params = paramsOf("b300_sxm");
  const device = kernelDevice(params.rates);

  it("smoothMax lies between the larger and the sum", () => {
    const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(positive, positive, fc.double({ min: 1, max: 8, noNaN: true }), (a, b, p) => {
        const value = smoothMax(a, b, p);
        expect(value).toBeGreaterThanOrEqual(Math.max(a, b) * (1 - 1e-12));
        expect(value).toBeLessThanOrEqual((a + b) * (1 + 1e-12));
      }),
    );
    expect(smoothMax(3, 4, 2)).toBeCloseTo(5, 12);
  });

  it("meets measured points of the tables", () => {
    const bf16 = { compute: "bf16", weightBytes: 2, rowBytes: 2 } as const;
    const gemm = params.gemm["bf16"]!.params;
    // AIConfigurator b300_sxm TensorRT-LLM 1.3.0rc20 bf16: m, n, k, µs.
    for (const [m, n, k, us] of [
      [1, 51_200, 5120, 89.7],
      [32, 10_240, 5120, 20.9],
      [64, 5120, 8192, 19.7],
    ] as const) {
      expect(Math.abs(gemmUs(gemm, bf16, device, m, n, k, 1) / us - 1)).toBeLessThan(0.15);
    }
    const heads = { heads: 64, kvHeads: 8, keyDim: 128, valueDim: 128, kvBytes: 2 };
    const attention = params.decodeAttention["bf16"]!.params;
    for (const [batch, context, us] of [
      [16, 8192, 85.9],
      [64, 4096, 162.5],
    ] as const) {
      const predicted = decodeAttentionUs(attention, heads, device, batch, context);
      expect(Math.abs(predicted / us - 1)).toBeLessThan(0.1);
    }
  });

  it("throttle stretches compute, not memory", () => {
    const bf16 = { compute: "bf16", weightBytes: 2, rowBytes: 2 } as const;
    const gemm = params.gemm["bf16"]!.params;
    const ratio = (m: number): number =>
      gemmUs(gemm, bf16, device, m, 8192, 8192, 1.1) / gemmUs(gemm, bf16, device, m, 8192, 8192, 1);
    expect(ratio(16_384)).toBeGreaterThan(1.08);
    expect(ratio(1)).toBeLessThan(1.001);
  });

  it("experts: busy ranks, active experts, empty shapes", () => {
    const shape = {
      hidden: 7168,
      inter: 2048,
      matrices: 3,
      topK: 8,
      experts: 256,
      localExperts: 32,
      weightBytes: 1,
      compute: "fp8",
    } as const;
    expect(reachedExperts(shape, 1)).toBeCloseTo(1, 9);
    expect(reachedExperts(shape, 65_536)).toBeCloseTo(32, 1);
    expect(imbalance(1, 100)).toBe(1);
    expect(imbalance(8, 1e9)).toBeGreaterThan(1);
    expect(imbalance(8, 100)).toBeGreaterThan(imbalance(8, 1e9));
    expect(imbalance(64, 100)).toBeGreaterThan(imbalance(8, 100));
    const experts = params.moe["vllm/fp8-block/trtllm-gen/ep"]!.params;
    const few = moeUs(experts, shape, device, 8, 8, 1);
    expect(moeUs(experts, shape, device, 8, 16, 1)).toBeGreaterThan(few);
  });

  it("the fullest rank reaches as many experts as drawing them says", () => {
    // Independent model: draw popularity and choices, count distinct experts on the fullest rank.
    const [experts, ranks, topK, skew] = [64, 8, 4, 0.4];
    const random = stream(7, "experts");
    const normal = (): number => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += random.next();
      return sum;
    };
    const shape = { hidden: 1, inter: 1, matrices: 3, topK, experts, weightBytes: 1 };
    const whole = { ...shape, localExperts: experts, compute: "fp8" } as const;
    const split = { ...shape, localExperts: experts / ranks, compute: "fp8" } as const;
    const sigma = Math.sqrt(Math.log(1 + skew * skew));
    for (const tokens of [1, 4, 16, 64]) {
      let [reached, fullest] = [0, 0];
      const draws = 400;
      for (let draw = 0; draw < draws; draw++) {
        const weights = Array.from({ length: experts }, () => Math.exp(sigma * normal()));
        const seen = new Set<number>();
        for (let token = 0; token < tokens; token++) {
          const keys = weights.map((w, e) => [-Math.log(random.next() + 1e-12) / w, e] as const);
          keys.sort((a, b) => a[0] - b[0]);
          for (const [, e] of keys.slice(0, topK)) seen.add(e);
        }
        const onRank = Array.from({ length: ranks }, () => 0);
        for (const e of seen) onRank[e % ranks]!++;
        reached += seen.size / draws;
        fullest += Math.max(...onRank) / draws;
      }
      expect(Math.abs(reachedExperts(whole, tokens) / reached - 1)).toBeLessThan(0.06);
      expect(Math.abs(busiestExperts(split, tokens) / fullest - 1)).toBeLessThan(0.2);
      expect(busiestExperts(split, tokens)).toBeGreaterThan(reachedExperts(split, tokens));
    }
  });

  it("attention counts the past of a prompt and waits for nobody", () => {
    const heads = { heads: 8, kvHeads: 1, keyDim: 128, valueDim: 128, kvBytes: 2 };
    const attention = params.contextAttention["bf16"]!.params;
    const at = (pastTokens: number): number => {
      const shape = { requests: 1, newTokens: 512, pastTokens, pairs: 512 * (pastTokens + 256) };
      return contextAttentionUs(attention, heads, device, shape, 1);
    };
    expect(at(8192)).toBeGreaterThan(at(0));
    const none = { requests: 0, newTokens: 0, pastTokens: 0, pairs: 0 };
    expect(contextAttentionUs(attention, heads, device, none, 1)).toBe(0);
  });

  it("collectives cost nothing alone, and twice the traffic for a reduction", () => {
    const line = { fixedUs: 0, bytesPerUs: 1000, stepUs: 0, switchBytes: 1e6 };
    expect(collectiveUs(line, "all-reduce", 1, 1e6)).toBe(0);
    expect(collectiveUs(line, "all-gather", 4, 1000)).toBeCloseTo(0.75, 12);
    expect(collectiveUs(line, "all-reduce", 4, 1000)).toBeCloseTo(1.5, 12);
  });

  it("all-reduces in one shot read every other rank's message, up to a size", () => {
    const line = { fixedUs: 50, bytesPerUs: 1000, stepUs: 0, switchBytes: 1e6 };
    const shot = { oneShotUs: 3, oneShotBytesPerUs: 500, oneShotBytesMax: 1000 };
    const params = { ...line, ...shot };
    expect(collectiveUs(params, "all-reduce", 4, 1000)).toBeCloseTo(3 + (3 * 1000) / 500, 12);
    expect(collectiveUs(params, "all-reduce", 4, 1001)).toBe(
      collectiveUs(line, "all-reduce", 4, 1001),
    );
    expect(oneShotReduceUs(params, 4, 2000)).toBeCloseTo(3 + (3 * 2000) / 500, 12);
    expect(oneShotReduceUs(line, 4, 2000)).toBe(collectiveUs(line, "all-reduce", 4, 2000));
    expect(oneShotReduceUs(params, 1, 2000)).toBe(0);
  });
});

describe("eager prompt steps of TensorRT-LLM", () => {
  it("cost the host what 2,000 of them took with gpt-oss-120b on B200, less with dense layers", () => {
    const trtllm = timingOf("trtllm");
    const hostMs = (model: string): number =>
      kernelsOf("b200", model, {}, trtllm).parts(mixed(16, 0, 0)).launchUs / 1000;
    // 34.2 ms up to 64 tokens (kernel notes §6.2).
    expect(hostMs("gpt-oss-120b")).toBeGreaterThan(33);
    expect(hostMs("gpt-oss-120b")).toBeLessThan(35.5);
    // 36 layers each; the experts' module is what differs.
    expect(hostMs("qwen3-8b")).toBeLessThan(0.6 * hostMs("gpt-oss-120b"));
  });
});

describe("all-reduces", () => {
  it("are not fused with norms beyond the engine's limit", () => {
    const layout = { tp: 4, dtype: "fp8" } as const;
    const limited = kernelsOf("h100", "llama-3.1-70b", layout);
    const free = kernelsOf("h100", "llama-3.1-70b", layout, {
      ...timingOf("vllm"),
      fusedBytesMax: {},
    });
    const us = (model: typeof free, batch: number) => model.parts(decode(batch, 0)).gpuUs;
    // Two megabytes on Hopper: 128 rows of 8192 elements.
    expect(us(limited, 128)).toBe(us(free, 128));
    const normUs = (4 * 8192 * 2 * 256) / (0.8 * 3.35e6);
    expect(us(limited, 256) - us(free, 256)).toBeGreaterThan(80 * 2 * normUs);
  });

  it("beside their norm have the kernel of the engine's version: a second stage from 256 kB on", () => {
    const sglang = timingOf("sglang");
    const usOf = (version: string, model: string, batch: number): number =>
      kernelsOf("h100", model, { tp: 8 }, timingAt(sglang, version)).parts(decode(batch, 0)).gpuUs;
    const extraUs = (batch: number): number =>
      (usOf("0.5.6", "qwen3-32b", batch) - usOf("0.5.14", "qwen3-32b", batch)) / 128;
    // 25 rows of 5120 are 256,000 bytes, 26 are more than 256 kB; graphs hold 24 and 32.
    expect(extraUs(32) - extraUs(24)).toBeGreaterThan(3);
    // SGLang fuses those of Qwen3's experts with norms, which is another kernel.
    const fused = "qwen3-235b-a22b";
    expect(usOf("0.5.6", fused, 32)).toBe(usOf("0.5.14", fused, 32));
  });

  it("of an older TensorRT-LLM send small messages whole: seven times each on eight ranks", () => {
    const layout = { tp: 8, dtype: "fp8" } as const;
    const timing = timingOf("trtllm");
    const usOf = (version: string, batch: number): number =>
      kernelsOf("h200", "llama-3.1-70b", layout, timingAt(timing, version)).parts(decode(batch, 0))
        .gpuUs;
    const extraUs = (batch: number): number => (usOf("1.1", batch) - usOf("1.2", batch)) / 160;
    // The tables' slope of one shot, 26 us a megabyte; two shots take 31 us for two megabytes.
    expect(extraUs(128)).toBeGreaterThan(22);
    expect(extraUs(128)).toBeLessThan(34);
    expect(Math.abs(extraUs(8))).toBeLessThan(2);
    // Past 128 rows the kernel is the other one.
    expect(usOf("1.1", 144)).toBe(usOf("1.2", 144));
    const alone = { ...layout, tp: 1 };
    const one = (version: string): number =>
      kernelsOf("h200", "llama-3.1-70b", alone, timingAt(timing, version)).parts(decode(64, 0))
        .gpuUs;
    expect(one("1.1")).toBe(one("1.2"));
  });
});

describe("sparse attention", () => {
  const usOf = (tokens: number, past = 0, gpu = "h200"): number =>
    kernelsOf(gpu, "glm-5", { tp: 8 }).parts(mixed(tokens, 0, 0, past)).gpuUs;

  it("works on as many keys for every query of a long prompt, on padded heads", () => {
    // 78 layers, 64 heads instead of 8, 2048 keys of 576 and 512, 0.64 of the bf16 peak of H200.
    const tokens = 4096;
    const sparseUs = (78 * 2 * 64 * 2048 * 1088 * tokens) / (0.64 * 989e6);
    const scoresUs = (78 * 2 * 32 * 128 * tokens * 8192) / (0.56 * 1978e6);
    const extraUs = usOf(tokens, 16_384) - usOf(tokens, 8192);
    // A longer past costs scores and its expansion, not attention.
    expect(extraUs).toBeGreaterThan(scoresUs);
    expect(extraUs).toBeLessThan(sparseUs);
    expect(usOf(tokens, 8192)).toBeGreaterThan(sparseUs);
  });

  it("is dense up to the keys that a query reads", () => {
    const perToken = (tokens: number): number => usOf(tokens) / tokens;
    expect(perToken(2304)).toBeGreaterThan(1.15 * perToken(2048));
  });
});

describe("the power cap", () => {
  it("bounds 8-bit products from above, and long prompts run into it", () => {
    const cap = paramsOf("h200_sxm").sustainedFp8FlopPerS! / 1e6;
    const model = kernelsOf("h200", "llama-3.1-70b", { dtype: "fp8", kvDtype: "fp8" });
    // 68.5 B weights in products, the output layer aside.
    const atCap = (tokens: number): number => (2 * 68.5e9 * tokens) / cap;
    for (const tokens of [64, 512, 4096, 16_384]) {
      expect(model.parts(mixed(tokens, 0, 0)).gpuUs).toBeGreaterThan(atCap(tokens));
    }
    expect(model.parts(mixed(16_384, 0, 0)).gpuUs).toBeLessThan(1.5 * atCap(16_384));
    expect(model.parts(mixed(64, 0, 0)).gpuUs).toBeGreaterThan(2 * atCap(64));
  });
});

describe("parameter files", () => {
  const folder = new URL("../../models/kernels/", import.meta.url);
  const systems = readdirSync(folder).filter((name) => name.endsWith(".json"));

  it("cover every calibration that a GPU card names", () => {
    const named = new Set(deck.gpus.map(({ calibration }) => calibration).filter(Boolean));
    expect(systems.map((name) => name.replace(".json", "")).sort()).toEqual([...named].sort());
    for (const system of named) expect(paramsOf(system).kernels).toBe(system);
  });

  it("hold fits that rows they did not see confirm", () => {
    for (const system of ["h100_sxm", "h200_sxm", "b200_sxm", "b300_sxm"]) {
      const { gemm, contextAttention, decodeAttention } = paramsOf(system);
      for (const section of [gemm, contextAttention, decodeAttention]) {
        for (const { residuals } of Object.values(section)) {
          expect(residuals!.heldOutMedian).toBeLessThan(0.16);
          expect(residuals!.heldOutMedian).toBeLessThan(residuals!.median + 0.02);
        }
      }
    }
  });

  it("are refused with the place of the fault", () => {
    const good = paramsOf("h100_sxm");
    const problem = (change: object): string => {
      const parsed = parseKernelParams("x.json", { ...good, ...change });
      return parsed.ok ? "" : (parsed.problem.where ?? "");
    };
    expect(problem({ gemm: {} })).toBe("x.json: gemm");
    expect(problem({ throttle: 0.5 })).toBe("x.json: throttle");
    expect(problem({ rates: { ...good.rates, hbmBytesPerS: 0 } })).toBe(
      "x.json: rates.hbmBytesPerS",
    );
    const shot = { params: { ...good.collective["vllm/8"]!.params, oneShotBytesPerUs: 0 } };
    expect(problem({ collective: { "vllm/8": shot } })).toBe(
      "x.json: collective.vllm/8.params.oneShotBytesPerUs",
    );
    const bad = { bf16: { params: { ...good.gemm["bf16"]!.params, compute: Number.NaN } } };
    expect(problem({ gemm: bad })).toBe("x.json: gemm.bf16.params.compute");
    expect(parseKernelParams("x.json", undefined).ok).toBe(false);
    const timing = { ...timingOf("vllm"), gapUs: -1 };
    const parsed = parseEngineTiming("vllm.json", timing);
    expect(parsed.ok ? "" : parsed.problem.where).toBe("vllm.json: gapUs");
    expect(parseEngineTiming("vllm.json", null).ok).toBe(false);
  });
});
