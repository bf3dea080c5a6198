import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findGpu, findModel } from "../../src/hardware/index.ts";
import { gpuName, modelName } from "../../src/plan/accuracy/run-names.ts";
import { bundledDeck } from "./cards-support.ts";

const deck = bundledDeck();

function model(name: string): string | undefined {
  const found = findModel(deck, name);
  return found.ok ? found.value.id : undefined;
}

function gpu(name: string): string | undefined {
  const found = findGpu(deck, name);
  return found.ok ? found.value.id : undefined;
}

describe("names of models", () => {
  test("releases of the same shapes are one card", () => {
    const names = ["meta-llama/Meta-Llama-3.1-8B-Instruct", "llama3.1-8b", "Llama 3.1 8B"];
    expect(names.map(model)).toEqual(["llama-3.1-8b", "llama-3.1-8b", "llama-3.1-8b"]);
    expect(model("deepseek-ai/DeepSeek-R1-0528")).toBe("deepseek-r1");
    expect(model("DeepSeek-V3.2-Exp")).toBe("deepseek-v3.2");
    expect(model("Qwen3-30B-A3B-Instruct-2507")).toBe("qwen3-30b-a3b");
    expect(model("LLaMA v2 70B")).toBe("llama-2-70b");
  });

  test("another size, generation or format is another card", () => {
    expect(model("llama-4-scout-fp8")).toBe("llama-4-scout-fp8");
    expect(model("llama-4-scout")).toBe("llama-4-scout");
    for (const other of ["llama-3-8b", "qwen3", "deepseek-r1-nvfp4", "glm-5.1", "kimi-k2"])
      expect(model(other), other).toBeUndefined();
  });

  test("published tables: short names, owners and formats", () => {
    const found = (name: string) => model(modelName(name));
    expect(found("gptoss")).toBe("gpt-oss-120b");
    expect(found("llama70b")).toBe("llama-3.3-70b");
    expect(found("kimik2.5")).toBe("kimi-k2.5");
    expect(found("nvidia/DeepSeek-R1-0528-NVFP4-v2")).toBe("deepseek-r1");
    expect(found("RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8")).toBe("llama-3.1-70b");
    expect(found("RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic")).toBe("llama-4-scout-fp8");
    expect(found("Qwen/Qwen3.5-397B-A17B-FP8")).toBe("qwen3.5-397b-a17b");
  });

  test("every card finds itself, however it is spelled", () => {
    const separators = fc.constantFrom("-", "_", " ");
    const spelling = fc.tuple(fc.constantFrom(...deck.llms), separators, fc.boolean());
    fc.assert(
      fc.property(spelling, ([entry, separator, upper]) => {
        for (const name of [entry.id, entry.hf]) {
          const spelled = name.replaceAll("-", separator);
          expect(model(upper ? spelled.toUpperCase() : spelled)).toBe(entry.id);
        }
      }),
    );
  });
});

describe("names of GPUs", () => {
  test("short, full and published names", () => {
    const names = {
      h100: "h100-sxm",
      "NVIDIA H100 SXM5 80GB": "h100-sxm",
      h100_pcie: "h100-pcie",
      a100: "a100-sxm-80",
      "A100-SXM4-40GB": "a100-sxm-40",
      "a100-40": "a100-sxm-40",
      a100_pcie: "a100-pcie-80",
      "4090": "rtx-4090",
      "NVIDIA GeForce RTX 4090": "rtx-4090",
      rtx_pro_6000_server: "rtx-pro-6000",
      "gb200-nvl72": "gb200",
      "gb300-nv": "gb300",
      b200_sxm: "b200",
      "h100 mig 1g 20gb": "h100-mig-1g-20gb",
    };
    for (const [name, id] of Object.entries(names)) {
      expect(gpu(name), name).toBe(id);
      expect(gpu(gpuName(name)), name).toBe(id);
    }
  });

  test("two that fit are none, and a size that does not exist is none", () => {
    expect(gpu("h100 mig 1g")).toBeUndefined();
    expect(gpu("mi300x")).toBeUndefined();
  });

  test("every card finds itself", () => {
    for (const { id } of deck.gpus) expect(gpu(id.toUpperCase().replaceAll("-", "_"))).toBe(id);
  });
});
