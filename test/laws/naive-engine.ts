/**
 * A second engine, as naive as can be: plain objects, one block at a time, one forward pass at a time. It is written
 * from the rules of continuous batching, not from src/sim, and shares no code with it, so that a mistake must be made
 * twice to go unseen. Timestamps, round robin, every
 * scheduler that batches continuously.
 *
 * The rules where engines differ: a full hit of an aligned prompt computes its last block again in place; a recompute
 * costs what a prompt costs; a request that could outgrow an empty pool is refused on arrival.
 */

import type { Scenario } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { textKeys } from "./naive-answers.ts";
import { NaiveSglang } from "./naive-sglang.ts";
import { NaiveTensorrtLlm } from "./naive-tensorrt-llm.ts";
import { NaiveWorker } from "./naive-worker.ts";
import type { NaiveDrafts, NaiveKnobs, NaiveRequest, NaiveTotals } from "./naive-worker.ts";

export type { NaiveRequest, NaiveTotals } from "./naive-worker.ts";

/** Block ids of a row, one by one. */
export function idsOf({ hashes }: Trace, row: number): number[] {
  const ids: number[] = [];
  if (hashes === undefined) return ids;
  for (let run = hashes.rowStart[row]!; run < hashes.rowStart[row + 1]!; run++) {
    for (let i = 0; i < hashes.length[run]!; i++) ids.push(hashes.start[run]! + i);
  }
  return ids;
}

/** The names of a prompt's full engine blocks: the id that holds a block's last token, and the block's number. */
export function keysOf(trace: Trace, row: number, engineBlock: number): (string | null)[] {
  const { hashes } = trace;
  const input = trace.inputTokens[row]!;
  const keys: (string | null)[] = [];
  if (hashes === undefined) return keys;
  const ids = idsOf(trace, row);
  const size = trace.header.blockSize;
  for (let block = 0; (block + 1) * engineBlock <= input; block++) {
    const id = ids[Math.floor(((block + 1) * engineBlock - 1) / size)];
    const place = Math.floor(((block + 1) * engineBlock - 1) / size);
    // A partial last trace block is the same only at the same length.
    const isTail = (place + 1) * size > input;
    keys.push(id === undefined ? null : `${id}/${block}${isTail ? `/${input % size}` : ""}`);
  }
  return keys;
}

/** Tokens of prompt and output that SGLang and TensorRT-LLM let a request have at most. */
function poolLength(engine: NaiveKnobs, drafts: number): number {
  if (engine.scheduler === "sglang")
    return (engine.num_gpu_blocks - 1) * engine.block_size - drafts;
  if (engine.scheduler === "tensorrt_llm")
    return engine.num_gpu_blocks * engine.block_size - drafts;
  return Infinity;
}

export function refused(engine: NaiveKnobs, input: number, output: number, drafts = 0): boolean {
  if (engine.max_model_len !== null && input >= engine.max_model_len) return true;
  if (input >= poolLength(engine, drafts)) return true;
  const longest = input + Math.max(0, output - 1) + drafts;
  const room = engine.num_gpu_blocks - Math.floor(engine.watermark * engine.num_gpu_blocks);
  if (Math.ceil(longest / engine.block_size) > room) return true;
  if (engine.enable_chunked_prefill || engine.scheduler === "sglang") return false;
  const isKept =
    engine.scheduler === "tensorrt_llm" && engine.capacity_scheduler_policy !== "max_utilization";
  return (isKept ? input : longest) > engine.max_num_batched_tokens;
}

/** When a request's client will lose patience with it, as far as can be told. */
function patienceOf({ clients }: Scenario): (request: NaiveRequest) => number[] {
  const us = (seconds: number | null): number => (seconds === null ? Infinity : seconds * 1e6);
  return ({ arrival, first }) => [
    arrival + us(clients.timeout_s),
    ...(Number.isNaN(first) ? [arrival + us(clients.ttft_timeout_s)] : []),
  ];
}

const WORKERS = { vllm: NaiveWorker, tensorrt_llm: NaiveTensorrtLlm, sglang: NaiveSglang };

/** Runs a trace of timestamped rows to its end. */
export function runNaively(
  scenario: Scenario,
  trace: Trace,
  drafts: NaiveDrafts = { count: 0, tokensOf: () => 1 },
): { requests: NaiveRequest[]; totals: NaiveTotals } {
  const { num_gpu_blocks: blocks, step_time: stepTime } = scenario.engine;
  if (blocks === null || stepTime === null) throw new Error("pool and step time must be given");
  const engine: NaiveKnobs = { ...scenario.engine, num_gpu_blocks: blocks, step_time: stepTime };
  const totals: NaiveTotals = {
    preemptions: 0,
    gaveWay: 0,
    evicted: 0,
    steps: 0,
    end: 0,
    gaps: [],
  };
  const count = scenario.cluster.workers;
  if (engine.scheduler === "static") throw new Error("the naive engine has no static batches");
  const Kind = WORKERS[engine.scheduler];
  const workers = Array.from({ length: count }, (_, id) => new Kind(id, engine, totals));
  for (const worker of workers) worker.drafts = drafts;
  const keys = textKeys(trace, engine.block_size, engine.cache_generated_tokens);
  const requests: NaiveRequest[] = Array.from({ length: trace.rows }, (_, row) => {
    const input = trace.inputTokens[row]!;
    const room =
      Math.min(engine.max_model_len ?? Infinity, poolLength(engine, drafts.count)) - input;
    const output = Math.min(trace.outputTokens[row]!, Math.max(0, room));
    const isRefused = refused(engine, input, output, drafts.count);
    return {
      row,
      arrival: trace.arrivalUs[row]!,
      input,
      output,
      keys: keys.prompts[row]!,
      answerKeys: keys.answers[row]!,
      keepUs: engine.kv_retention_hints ? (trace.hints?.keepUs?.[row] ?? 0) : 0,
      admitted: NaN,
      first: NaN,
      finish: isRefused ? trace.arrivalUs[row]! : NaN,
      last: NaN,
      cached: 0,
      preemptions: 0,
      worker: -1,
      rejected: isRefused,
      cancelled: false,
      generated: 0,
      computed: 0,
      prefilled: 0,
      decoding: false,
      blocks: [],
    };
  });
  const patience = patienceOf(scenario);
  let next = 0;
  let routed = 0;
  for (;;) {
    const open = requests.slice(0, next).filter((one) => Number.isNaN(one.finish));
    const now = Math.min(
      requests[next]?.arrival ?? Infinity,
      ...workers.map((w) => w.endsAt),
      ...open.flatMap(patience),
    );
    if (now === Infinity) break;
    totals.end = now;
    for (const worker of workers) if (worker.endsAt === now) worker.end(now);
    for (const request of open) {
      const isOver = !Number.isNaN(request.finish) || !patience(request).includes(now);
      if (!isOver) workers[request.worker]!.cancel(request, now);
    }
    for (; requests[next]?.arrival === now; next++) {
      const request = requests[next]!;
      if (request.rejected) continue;
      request.worker = routed++ % count;
      workers[request.worker]!.waiting.push(request);
    }
    for (const worker of workers) if (worker.endsAt === Infinity) worker.start(now);
  }
  return { requests, totals };
}
