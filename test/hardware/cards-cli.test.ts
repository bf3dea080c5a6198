import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runMemory } from "../../src/cli/commands/memory.ts";
import { runModels } from "../../src/cli/commands/models.ts";
import { loadDeck, readCards } from "../../src/cli/load-cards.ts";
import { loadHardware } from "../../src/cli/load-hardware.ts";
import { loadEngineTiming, loadKernelParams } from "../../src/cli/load-kernels.ts";
import { findGpu } from "../../src/hardware/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";
import { bundledDeck, valueOf } from "./cards-support.ts";

const folder = mkdtempSync(join(tmpdir(), "headworks-cards-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const CONFIG = {
  architectures: ["LlamaForCausalLM"],
  _name_or_path: "acme/Tiny-1B",
  hidden_size: 2048,
  num_hidden_layers: 16,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 8192,
  vocab_size: 128256,
  max_position_embeddings: 131072,
  tie_word_embeddings: true,
};

describe("models", () => {
  test("add writes a card that show and memory then read", async () => {
    const config = file("config.json", JSON.stringify(CONFIG));
    const out = join(folder, "tiny.yaml");
    const added = valueOf(await runModels({ action: "add", name: config, out }));
    // Llama 3.2 1B, whose shape this is: 1,235,814,400 parameters on its page.
    expect(added.text).toContain("tiny-1b, 1.24 B parameters");
    expect(readFileSync(out, "utf8")).toContain("llm: tiny-1b");
    const again = await runModels({ action: "add", name: config, out });
    expect(again.ok ? "" : again.problem.what).toBe("the file exists");
    const options = { action: "show", name: "Tiny-1B", cards: [out], json: true } as const;
    const shown = JSON.parse(valueOf(await runModels(options)).text) as { params: object };
    expect(shown.params).toMatchObject({ total: 1235814400 });
    const settings = { engine: "vllm", model: "tiny-1b", gpu: "h100", cards: [out] } as const;
    expect(valueOf(await runMemory(settings)).exitCode).toBe(0);
  });

  test("show without a split is an overview; one that does not divide is an error", async () => {
    const text = valueOf(await runModels({ action: "show", name: "deepseek-r1" })).text;
    expect(text).toContain("latent attention 128 heads, 512+64");
    expect(text).toMatch(/fp8-block +8 .* 70272 +35136/);
    const bad = await runModels({ action: "show", name: "deepseek-r1", layout: { tp: 3 } });
    expect(bad.ok).toBe(false);
    const unknown = await runModels({ action: "show", name: "llama4" });
    expect(unknown.ok ? "" : unknown.problem.expected).toContain("nearest: llama-4-scout");
  });

  test("list names every bundled model", async () => {
    const rows = JSON.parse(valueOf(await runModels({ action: "list", json: true })).text) as [];
    expect(rows.length).toBe(bundledDeck().llms.length);
  });
});

describe("memory", () => {
  test("what does not fit exits 1 and says what would, best first", async () => {
    const options = { engine: "vllm", model: "llama-3.1-70b", gpu: "h100" } as const;
    const output = valueOf(await runMemory(options));
    expect(output.exitCode).toBe(1);
    expect(output.text).toMatch(/would fit:\n {2}--tp 2 on h100-sxm: \d+ tokens/);
    const json = JSON.parse(valueOf(await runMemory({ ...options, json: true })).text) as object;
    expect(json).toMatchObject({ gpu: "h100-sxm", fits: false, kvBlocks: 0 });
  });

  test("advice stays in the node: formats, then nodes; slices of a GPU are never joined", async () => {
    const fitsOf = async (model: string, gpu: string, tp?: number): Promise<string[]> => {
      const split = tp === undefined ? {} : { tp };
      const output = valueOf(await runMemory({ engine: "vllm", model, gpu, ...split, json: true }));
      const { alternatives } = JSON.parse(output.text) as { alternatives: { label: string }[] };
      return alternatives.map(({ label }) => label);
    };
    // Two GPUs to a node.
    const small = await fitsOf("llama-3.1-70b", "rtx-4090");
    expect(small).toContain("--dtype int4 --tp 2 on rtx-4090");
    expect(small).toContain("--tp 2 --pp 4 on rtx-4090, 4 nodes");
    expect(small.join()).not.toMatch(/--tp (4|8|16) .*on rtx/);
    expect(small).toContain("--gpu h100-sxm --tp 2");
    expect(await fitsOf("llama-3.1-405b", "h100-pcie", 2)).toContain(
      "--tp 8 --pp 2 on h100-pcie, 2 nodes",
    );
    for (const label of await fitsOf("qwen2.5-72b", "h100-mig-3g-40gb"))
      expect(label).toMatch(/^--gpu/);
    const { text } = valueOf(
      await runMemory({ engine: "vllm", model: "llama-3.1-8b", gpu: "rtx-4090", tp: 4 }),
    );
    expect(text).toContain("4 GPUs are 2 nodes (rtx-4090-2): ranks talk over the network");
  });

  test("a format the GPU lacks names the nearest one", async () => {
    const bad = await runMemory({
      engine: "vllm",
      model: "llama-3.1-8b",
      gpu: "a100",
      dtype: "fp8",
    });
    expect(bad.ok ? "" : bad.problem.expected).toContain("nearest: int8");
  });
});

describe("card files", () => {
  test("a user's GPU overrides the bundled one", async () => {
    const card = readFileSync(new URL("../../models/gpus/h100-sxm.yaml", import.meta.url), "utf8");
    const own = file("own.yaml", card.replace("3.35 TB/s", "3.00 TB/s"));
    const deck = valueOf(await loadDeck([own]));
    expect(deck.gpus.find((gpu) => gpu.id === "h100-sxm")?.hbmBytesPerS).toBe(3e12);
  });

  test("what calibrate wrote is used before what is bundled", async () => {
    const json = (path: string): string =>
      readFileSync(new URL(`../../models/kernels/${path}.json`, import.meta.url), "utf8");
    const timing = file("vllm.json", json("engines/vllm").replace(/"gapUs": ?\d+/, '"gapUs": 123'));
    const params = file(
      "h100.json",
      json("h100_sxm").replace(/"throttle": ?[0-9.]+/, '"throttle": 1.5'),
    );
    const deck = valueOf(await loadDeck([timing, params]));
    expect(valueOf(loadEngineTiming(deck, "vllm")).gapUs).toBe(123);
    expect(valueOf(loadEngineTiming(deck, "sglang")).engine).toBe("sglang");
    expect(valueOf(loadKernelParams(deck, valueOf(findGpu(deck, "h100")))).throttle).toBe(1.5);
    expect(valueOf(loadKernelParams(deck, valueOf(findGpu(deck, "h200")))).kernels).toBe(
      "h200_sxm",
    );
    const scenario = scenarioSchema.parse({ model: "llama-3.1-8b", gpu: "h100-sxm" });
    const hardware = valueOf(await loadHardware(scenario, [timing, params]));
    expect(hardware.timing?.gapUs).toBe(123);
    expect(hardware.params?.throttle).toBe(1.5);
  });

  test.each([
    ["broken.yaml", "gpu: [", "broken.yaml"],
    ["list.yaml", "- 1", "list.yaml"],
    ["what.yaml", "a: 1", "what.yaml"],
    ["engine.json", '{"engine": "vllm", "scales": {}}', "engine.json: version"],
    ["bad.yaml", "gpu: x\nname: x\n", "hbm.capacity"],
    ["arch.json", '{"architectures": ["NopeForCausalLM"]}', "arch.json: architectures"],
  ])("%s is a problem with a place", async (name, text, where) => {
    const read = await readCards([file(name, text)]);
    expect(read.ok ? "" : read.problem.where).toContain(where);
  });

  test("a missing file is a problem", async () => {
    expect((await readCards([join(folder, "none.yaml")])).ok).toBe(false);
  });
});
