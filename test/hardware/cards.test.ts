import { describe, expect, test } from "vitest";
import { parseQuantity } from "../../src/core/quantity.ts";
import { findGpu, findModel } from "../../src/hardware/cards.ts";
import { parseGpuCard } from "../../src/hardware/gpu-card.ts";
import { modelFacts } from "../../src/hardware/model-card-facts.ts";
import { countParameters } from "../../src/hardware/model-card-params.ts";
import type { LlmFile } from "./cards-support.ts";
import { bundledDeck, documentsOf, valueOf } from "./cards-support.ts";

const deck = bundledDeck();

describe("bundled models", () => {
  const files = documentsOf<LlmFile>("llms");

  test("all models asked for are there", () => {
    expect(files.length).toBeGreaterThanOrEqual(33);
  });

  test.each(files)("%s: parameters within 0.5 %% of the published count", (_, file) => {
    const count = countParameters(valueOf(findModel(deck, file.llm)).card);
    const total = count.total + (file.published.includesEncoder ? count.encoder : 0);
    expect(Math.abs(total / file.published.params - 1)).toBeLessThan(0.005);
  });

  // KV bytes of one token over the whole model, bf16: 2 · layers · kv heads · head dim · 2, or
  // layers · (rank + rope) · 2 for latent attention. By hand from the models' pages.
  test.each([
    ["llama-2-7b", 524288],
    ["llama-3.1-70b", 327680],
    ["qwen3-32b", 262144],
    ["qwen2.5-7b", 57344],
    ["deepseek-r1", 61 * 576 * 2],
    ["kimi-k2.5", 61 * 576 * 2],
    ["gpt-oss-120b", 18 * 2 * 8 * 64 * 2],
    ["qwen3.5-397b-a17b", 15 * 2 * 2 * 256 * 2],
  ])("%s caches %i bytes a token", (name, bytes) => {
    const facts = valueOf(modelFacts(valueOf(findModel(deck, name)).card));
    expect(facts.kvBytesPerTokenPerGpu).toBe(bytes);
  });

  test("latent attention is not split by tensor parallelism, heads are", () => {
    const r1 = valueOf(findModel(deck, "deepseek-r1")).card;
    expect(valueOf(modelFacts(r1, { tp: 8 })).kvBytesPerTokenPerGpu).toBe(61 * 576 * 2);
    const llama = valueOf(findModel(deck, "llama-3.1-70b")).card;
    expect(valueOf(modelFacts(llama, { tp: 8 })).kvBytesPerTokenPerGpu).toBe(40960);
    expect(valueOf(modelFacts(llama, { tp: 16 })).kvBytesPerTokenPerGpu).toBe(40960);
    expect(valueOf(modelFacts(llama, { tp: 4, pp: 2 })).kvBytesPerTokenPerGpu).toBe(40960);
    expect(valueOf(modelFacts(llama, { kvDtype: "fp8" })).kvBytesPerTokenPerGpu).toBe(163840);
  });

  test("weights follow precision and split", () => {
    const llama = valueOf(findModel(deck, "llama-3.1-70b")).card;
    const whole = valueOf(modelFacts(llama));
    expect(whole.weightBytes).toBe(2 * 70553706496);
    expect(whole.weightBytesPerGpu).toBe(whole.weightBytes);
    const half = valueOf(modelFacts(llama, { tp: 4 }));
    expect(half.weightBytesPerGpu / (whole.weightBytes / 4)).toBeCloseTo(1, 3);
    const nvfp4 = valueOf(modelFacts(llama, { dtype: "nvfp4" }));
    expect(nvfp4.weightBytes / 1e9).toBeCloseTo(68.4532e9 * 0.5625e-9 + 4.2, 0);
    // Published checkpoint sizes: gpt-oss-120b 60.8 GiB (model card), DeepSeek-R1 about 671 GB.
    const oss = valueOf(modelFacts(valueOf(findModel(deck, "gpt-oss-120b")).card));
    expect(oss.weightBytes / 1073741824).toBeCloseTo(60.8, 0);
    const r1 = valueOf(modelFacts(valueOf(findModel(deck, "deepseek-r1")).card));
    expect(r1.weightBytes / 671e9).toBeCloseTo(1, 2);
  });

  test("experts may be split by rank or by width: the bytes are the same", () => {
    const r1 = valueOf(findModel(deck, "deepseek-r1")).card;
    const tp = valueOf(modelFacts(r1, { tp: 8 }));
    const ep = valueOf(modelFacts(r1, { tp: 8, ep: 8 }));
    expect(ep.weightBytesPerGpu).toBe(tp.weightBytesPerGpu);
    const dep = valueOf(modelFacts(r1, { dp: 8, ep: 8 }));
    expect(dep.gpus).toBe(8);
    expect(dep.weightBytesPerGpu).toBeGreaterThan(ep.weightBytesPerGpu);
  });

  test("a split that does not divide names the nearest", () => {
    const card = valueOf(findModel(deck, "qwen3-30b-a3b")).card;
    const bad = modelFacts(card, { tp: 3 });
    expect(bad.ok ? "" : bad.problem.what).toContain("nearest: tp");
    const noExperts = modelFacts(valueOf(findModel(deck, "llama-3.1-8b")).card, { tp: 2, ep: 2 });
    expect(noExperts.ok ? "" : noExperts.problem.where).toBe("ep");
  });
});

describe("bundled hardware", () => {
  test("every GPU asked for has a card with positive peaks", () => {
    const wanted = [
      "a100-sxm-40",
      "a100",
      "a100-pcie",
      "l40s",
      "rtx-pro-6000",
      "rtx-4090",
      "h100",
      "h100-pcie",
    ];
    wanted.push("h200", "gh200", "b200", "b300", "gb200", "gb300", "h20");
    wanted.push(...["1g-10gb", "1g-20gb", "2g-20gb", "3g-40gb"].map((mig) => `h100-mig-${mig}`));
    wanted.push("h100-mig-4g-40gb", "h100-mig-7g-80gb");
    for (const name of wanted) {
      const gpu = valueOf(findGpu(deck, name));
      expect(gpu.visibleBytes).toBeLessThanOrEqual(gpu.hbmBytes);
      expect(gpu.visibleBytes).toBeGreaterThan(0.9 * gpu.hbmBytes);
      expect(gpu.hbmBytesPerS).toBeGreaterThan(4e11);
      expect(gpu.flops.bf16FlopPerS).toBeGreaterThan(1e14);
      expect(gpu.prices.length).toBeGreaterThan(0);
      expect(gpu.power.idleW).toBeLessThan(gpu.tdpW);
    }
  });

  test("MIG slices are no more than their GPU", () => {
    const h100 = valueOf(findGpu(deck, "h100"));
    const slices = deck.gpus.filter(({ id }) => id.startsWith("h100-mig-"));
    expect(slices.length).toBe(6);
    for (const slice of slices) {
      // A slice has whole memory slices (eighths), and arithmetic by its share of the SMs.
      expect(slice.sms).toBeLessThanOrEqual(h100.sms);
      expect(slice.flops.bf16FlopPerS / h100.flops.bf16FlopPerS).toBeCloseTo(slice.sms / 132, 2);
      expect(slice.hbmBytesPerS / h100.hbmBytesPerS).toBeCloseTo(
        Math.round((8 * slice.hbmBytes) / h100.hbmBytes) / 8,
        3,
      );
      expect(slice.nvlinkBytesPerS).toBe(0);
      expect(slice.estimated).toBe(true);
    }
  });

  // What the files say, not what the parser makes of it: every number is a pair with a declared source, and every source
  // and price has a date.
  describe.each(["gpus", "nodes", "links"])("%s", (folder) => {
    const files = documentsOf<Readonly<Record<string, unknown>>>(folder);
    test.each(files)("%s: unit, source and date on every number", (_, file) => {
      const sources = file["sources"] as Readonly<Record<string, string>>;
      const faults: string[] = [];
      let numbers = 0;
      const visit = (value: unknown, path: string): void => {
        if (Array.isArray(value) && value.length === 2 && sources[String(value[1])] !== undefined) {
          numbers++;
        } else if (typeof value === "object" && value !== null) {
          for (const [key, part] of Object.entries(value)) visit(part, `${path}/${key}`);
        } else if (typeof value === "number" || /^[$]?[0-9.]+( |$)/.test(String(value))) {
          faults.push(`${path}: ${String(value)} has no source`);
        }
      };
      for (const [key, value] of Object.entries(file)) if (key !== "sources") visit(value, key);
      for (const [key, text] of Object.entries(sources)) {
        if (!/\b20\d\d\b/.test(text)) faults.push(`sources/${key} has no date`);
      }
      expect(faults).toEqual([]);
      expect(numbers).toBeGreaterThanOrEqual(3);
    });
  });

  test("every GPU has three price tiers with a date", () => {
    for (const gpu of deck.gpus) {
      for (const price of gpu.prices) {
        expect(price.date).toMatch(/^20\d\d-\d\d-\d\d$/);
        expect(price.hyperscalerUsdPerHour).toBeGreaterThan(0);
        expect(price.neocloudUsdPerHour).toBeGreaterThan(0);
        expect(price.rental3yUsdPerHour).toBeGreaterThan(0);
      }
      expect(gpu.prices.length).toBeGreaterThan(0);
    }
  });

  test("cards name GPUs, nodes and peers that exist", () => {
    for (const gpu of deck.gpus) {
      expect(deck.nodes.some((node) => node.id === gpu.node)).toBe(true);
      if (gpu.estimated) expect(deck.gpus.some((peer) => peer.id === gpu.peer)).toBe(true);
    }
    for (const node of deck.nodes) {
      expect(deck.gpus.some((gpu) => gpu.id === node.gpu)).toBe(true);
    }
  });

  test("units: decimal bandwidth, binary capacity, hourly price", () => {
    const h100 = valueOf(findGpu(deck, "H100_SXM"));
    expect(h100.hbmBytesPerS).toBe(3.35e12);
    expect(h100.hbmBytes).toBe(80 * 1073741824);
    expect(h100.flops.fp8FlopPerS).toBe(1.978e15);
    expect(h100.prices[0]?.hyperscalerUsdPerHour).toBeCloseTo(1.17, 9);
    expect(h100.allInW).toBe(1370);
  });
});

describe("a user's card", () => {
  const card = {
    gpu: "x1",
    name: "X1",
    architecture: "x",
    peer: "h100-sxm",
    hbm: { capacity: ["100 GB", "spec"], bandwidth: ["4 TB/s", "spec"] },
    flops: { bf16: ["1000 TFLOPS", "spec"] },
    sms: 100,
    pcie: { bandwidth: ["64 GB/s", "spec"] },
    power: { tdp: ["500 W", "spec"] },
    sources: { spec: "a spec sheet, 2026-11-20" },
  };

  test("a spec sheet is enough, and the result is marked estimated", () => {
    const gpu = valueOf(parseGpuCard("x1.yaml", card, parseQuantity));
    expect(gpu.estimated).toBe(true);
    expect(gpu.visibleBytes).toBeCloseTo(98.9e9, -3);
    expect(gpu.prices).toEqual([]);
  });

  test.each([
    ["no source", { hbm: { capacity: "100 GB", bandwidth: ["4 TB/s", "spec"] } }, "hbm.capacity"],
    ["wrong unit", { power: { tdp: ["500 GB", "spec"] } }, "power.tdp"],
    ["missing", { flops: {} }, "flops.bf16"],
    ["negative", { power: { tdp: ["-5 W", "spec"] } }, "power.tdp"],
  ])("%s is a problem that names file and field", (_, change, field) => {
    const bad = parseGpuCard("x1.yaml", { ...card, ...change }, parseQuantity);
    expect(bad.ok ? "" : bad.problem.where).toBe(`x1.yaml: ${field}`);
  });

  test("unknown names come with the nearest known one", () => {
    const gpu = findGpu(deck, "h20O");
    expect(gpu.ok ? "" : gpu.problem.expected).toContain("nearest: h20");
    const model = findModel(deck, "qwen3-32");
    expect(model.ok ? "" : model.problem.expected).toContain("nearest: qwen3-32b");
  });
});
