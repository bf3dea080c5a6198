import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { exportTrace, inflate, inspectTrace } from "../../src/trace/index.ts";
import { imported, noted, refused } from "./import-support.ts";

const folder = join(process.env["HEADWORKS_DATA"] ?? "../shared/data", "traces");
const present = existsSync(folder);
if (!present) console.log(`real traces skipped: ${folder} is absent (set HEADWORKS_DATA)`);

function load(file: string): Uint8Array {
  const raw = readFileSync(join(folder, file));
  return file.endsWith(".gz") ? gunzipSync(raw) : raw;
}

function mean(values: Uint32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe.runIf(present)("published traces", () => {
  it("Mooncake conversation: rows, blocks, runs, ticks, and the same bytes back", () => {
    const file = load("mooncake-fast25/conversation_trace.jsonl.gz");
    const trace = imported(file);
    const { hashes, header } = trace;
    expect(header.format).toBe("mooncake");
    expect(trace.rows).toBe(12_031);
    expect(hashes!.length.reduce((sum, length) => sum + length, 0)).toBe(288_500);
    expect(hashes!.idCount).toBe(182_790);
    expect(hashes!.start.length / trace.rows).toBeCloseTo(2.78, 2);
    // No parent violated, no tail repaired: nothing to log.
    expect(header.importLog).toEqual([]);
    expect(header.partialTail).toBe("included");
    expect(header.tickUs / 3_000_000).toBeCloseTo(1, 3);
    expect(trace.arrivalUs.at(-1)! / 1e6).toBeCloseTo(3537, 0);
    expect(mean(trace.inputTokens)).toBeCloseTo(12_035, 0);
    expect(mean(trace.outputTokens)).toBeCloseTo(342.6, 1);
    expect(Buffer.compare(exportTrace(trace, "mooncake"), file)).toBe(0);
    const inflated = inflate(
      readFileSync(join(folder, "mooncake-fast25/conversation_trace.jsonl.gz")),
    );
    expect(inflated.ok && Buffer.compare(inflated.value, file) === 0).toBe(true);
  });

  it("Mooncake arXiv slice", () => {
    const trace = imported(load("mooncake-arxiv/mooncake_trace.slice-t1178625-1190840.jsonl"));
    expect(trace.rows).toBe(93);
    expect(mean(trace.inputTokens)).toBeCloseTo(7695, 0);
    expect(trace.arrivalUs[0]).toBe(0);
  });

  it("Azure 2023 conversation", () => {
    const trace = imported(load("azure-2023/AzureLLMInferenceTrace_conv.csv"));
    expect(trace.rows).toBe(19_366);
    expect(trace.arrivalUs.at(-1)! / 60e6).toBeCloseTo(58.4, 1);
    expect(mean(trace.inputTokens)).toBeCloseTo(1155, 0);
    expect(mean(trace.outputTokens)).toBeCloseTo(211, 0);
    expect(Math.max(...trace.inputTokens)).toBe(14_050);
    expect(trace.header.epochUnixUs).toBe(Date.parse("2023-11-16T18:15:46.680Z") * 1000 + 590);
    expect(trace.header.tickUs).toBe(0);
  });

  it("BurstGPT: 33 rows with one failure", () => {
    const trace = imported(load("burstgpt/BurstGPT_1.first33rows.csv"));
    expect(trace.rows).toBe(32);
    expect(noted(trace, /dropped: no output tokens/)).toBe(1);
    expect(trace.header.tickUs).toBe(1_000_000);
  });

  it("splitwise-sim, LLMServingSim rows, vidur lengths", () => {
    expect(imported(load("splitwise-sim/test_trace.csv")).rows).toBe(3);
    expect(imported(load("llmservingsim/workload_me2_01_mixed.jsonl")).rows).toBe(608);
    const lengths = load("vidur/arxiv_summarization_stats_llama2_tokenizer_filtered_v2.csv");
    expect(refused(lengths).what).toContain("no arrival times");
    expect(refused(lengths).remedy).toContain("arrived_at");
  });

  it("Weka: every call and sub-agent, hit rate of a cache without end", () => {
    const trace = imported(load("weka-kv-cache-tester/traces-355.rle.jsonl.gz"));
    // Counted with another program: 23,491 calls, and 524 of 48 sub-agents, in 355 tasks.
    expect(trace.rows).toBe(23_491 + 524);
    const { prefixes, sessions } = inspectTrace(trace);
    expect(sessions!.tasks).toMatchObject({ tasks: 355, edges: { spawn: 48 } });
    // Published for 710 of the tasks: 96.4 % of tokens, means over sessions 68.5 calls.
    expect(prefixes!.infiniteCache.tokenHit).toBeCloseTo(0.963, 3);
    expect(sessions!.tasks!.callsMean).toBeCloseTo(67.65, 2);
    expect(trace.header.importLog).toEqual([]);
  });

  it("Weka: files as they are published, one after the other", () => {
    const names = ["0187", "0277", "0291", "0328", "0504"];
    const files = names.map((name) => load(`weka-kv-cache-tester/raw/trace_${name}.json.gz`));
    const trace = imported(Buffer.concat(files.flatMap((file) => [file, Buffer.from("\n")])));
    expect(trace.rows).toBe(127);
    expect(inspectTrace(trace).sessions!.tasks).toMatchObject({
      tasks: 5,
      edges: { sequence: 116, spawn: 6, join: 5 },
    });
  });
});
