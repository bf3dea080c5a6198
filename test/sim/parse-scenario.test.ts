import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuantity } from "../../src/core/quantity.ts";
import { problemText } from "../../src/core/index.ts";
import { hasQuantities, parseScenario, scenarioJsonSchema } from "../../src/sim/index.ts";

function problemOf(document: unknown, units = false): string {
  const parsed = parseScenario(document, units ? parseQuantity : undefined);
  return parsed.ok ? "accepted" : problemText(parsed.problem);
}

describe("parseScenario", () => {
  it("fills in every default from three lines", () => {
    const parsed = parseScenario({ model: "llama-3.1-8b", gpu: "h100", trace: "a.jsonl" });
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        headworks: 1,
        seed: 1,
        cluster: { workers: 1, gpus_per_worker: null, parallelism: { tensor: 1, data: 1 } },
        engine: { block_size: 16, max_num_seqs: 256, num_gpu_blocks: null, step_time: null },
        traffic: { source: { trace: "a.jsonl" }, arrivals: { mode: "timestamps", speedup: 1 } },
        router: { policy: "round_robin" },
      },
    });
    expect(parsed.ok && "trace" in parsed.value).toBe(false);
  });

  it("turns texts with units into numbers in the unit of their key", () => {
    const document = {
      traffic: { warmup_s: "1.5 min", horizon_s: "2 h" },
      slo: { ttft_s: "500 ms", tpot_s: "0.05" },
      engine: { step_time: { type: "fixed", prefill_ms: "2 s", decode_ms: "800 us" } },
      cost: { usd_per_gpu_hour: "$2.50/hour" },
    };
    expect(hasQuantities(document)).toBe(true);
    const parsed = parseScenario(document, parseQuantity);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        traffic: { warmup_s: 90, horizon_s: 7200 },
        slo: { ttft_s: 0.5, tpot_s: 0.05 },
        engine: { step_time: { prefill_ms: 2000, decode_ms: 0.8 } },
        cost: { usd_per_gpu_hour: 2.5 },
      },
    });
  });

  it("needs no quantity parser for plain numbers", () => {
    expect(hasQuantities({ slo: { ttft_s: "0.5" }, name: "5 ms", cluster: { workers: 3 } })).toBe(
      false,
    );
  });

  it.each([
    [{ engine: { max_num_seq: 4 } }, "did you mean max_num_seqs?"],
    [{ engine: { maxNumSeqs: 4 } }, "did you mean max_num_seqs?"],
    [{ max_num_seqs: 4 }, "did you mean engine.max_num_seqs?"],
    [{ wrokers: 4 }, "did you mean cluster.workers?"],
    [{ engine: { step_time: { type: "fixed", decode_ms: 1, prefil_ms: 2 } } }, "prefill_ms"],
  ])("suggests the key meant by %j", (document, words) => {
    expect(problemOf(document)).toContain(words);
  });

  it.each([
    ["seed", { seed: "one" }, "a plain number"],
    ["cluster.workers", { cluster: { workers: 0 } }, "a number > 0"],
    ["cluster.workers", { cluster: { workers: 1e9 } }, "a number ≤ 1000000"],
    ["cluster.workers", { cluster: { workers: 2.5 } }, "a whole number"],
    ["engine.watermark", { engine: { watermark: 2 } }, "a number ≤ 0.9"],
    ["engine.scheduler", { engine: { scheduler: "vlm" } }, "did you mean vllm?"],
    ["engine.step_time.type", { engine: { step_time: { type: "liner" } } }, "did you mean linear?"],
    [
      "engine.step_time.decode_ms",
      { engine: { step_time: { type: "fixed", prefill_ms: 1 } } },
      "add",
    ],
    ["slo.ttft_s", { slo: { ttft_s: "fast" } }, "number"],
    ["slo.ttft_s", { slo: { ttft_s: "5 kg" } }, "5 kg"],
    ["slo.ttft_s", { slo: { ttft_s: Number.NaN } }, "number"],
    ["headworks", { headworks: 2 }, "1"],
    ["traffic", { traffic: [] }, "mapping"],
  ])("names %s in %j", (where, document, words) => {
    const text = problemOf(document, true);
    expect(text.startsWith(`${where}: `)).toBe(true);
    expect(text).toContain(words);
  });

  it.each([
    ["engine.max_num_batched_tokens", { engine: { max_num_batched_tokens: 100 } }],
    ["engine.max_model_len", { engine: { num_gpu_blocks: 10, max_model_len: 200 } }],
    [
      "engine.max_num_batched_tokens",
      { engine: { enable_chunked_prefill: false, max_model_len: 9000 } },
    ],
    ["trace", { trace: "a", traffic: { source: { trace: "b" } } }],
    ["traffic.source", { traffic: { source: { trace: "b", synth: "c" } } }],
    ["traffic.source.parameters", { trace: "a", traffic: { source: { parameters: {} } } }],
    ["traffic.source.format", { traffic: { source: { synth: "a", format: "csv" } } }],
    ["traffic.end_s", { traffic: { start_s: 10, end_s: 10 } }],
    ["traffic.warmup_s", { traffic: { warmup_s: 60, horizon_s: 60 } }],
    [
      "traffic.warmup_s",
      { traffic: { warmup_s: 60, end_s: 100, arrivals: { mode: "timestamps", speedup: 2 } } },
    ],
  ])("checks rules between keys: %s", (where, document) => {
    expect(problemOf(document).startsWith(`${where}: `)).toBe(true);
  });

  it("says how many faults there are", () => {
    expect(problemOf({ seed: "x", cluster: { workers: -1 } })).toContain("one more fault follows");
  });

  it.each([[null], [undefined], [[]], [3], ["text"], [""]])(
    "refuses %j as a document",
    (document) => {
      expect(problemOf(document)).toContain("mapping of sections");
    },
  );

  it("accepts any JSON value without throwing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (document) => {
        const parsed = parseScenario(document, parseQuantity);
        return parsed.ok || parsed.problem.what.length > 0;
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it("gives a scenario that parses to itself", () => {
    const parsed = parseScenario({ trace: "a.jsonl", slo: { ttft_s: 1 } });
    const again = parsed.ok ? parseScenario(parsed.value) : parsed;
    expect(again).toEqual(parsed);
  });

  it("survives a cyclic document", () => {
    const document: Record<string, unknown> = {};
    document["traffic"] = document;
    expect(problemOf(document)).toContain("levels deep");
  });
});

describe("scenarioJsonSchema", () => {
  it("lets keys with a unit take text, and others not", () => {
    const schema = scenarioJsonSchema();
    const traffic = schema.properties?.["traffic"]?.properties;
    expect(traffic?.["warmup_s"]?.type).toEqual(["number", "string"]);
    expect(traffic?.["horizon_s"]?.anyOf).toContainEqual({ type: "string" });
    expect(schema.properties?.["seed"]?.type).toBe("integer");
    expect(schema.additionalProperties).toBe(false);
  });
});
