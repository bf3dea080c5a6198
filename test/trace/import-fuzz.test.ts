import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import { exportTrace, importTrace, inflate, type ImportOptions } from "../../src/trace/index.ts";
import { textOf } from "../../src/trace/bytes.ts";
import { bytes, imported } from "./import-support.ts";

const FILES = 10_000;
const SLOWEST_MS = 1000;

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}

const azure = `TIMESTAMP,ContextTokens,GeneratedTokens\r\n${lines(
  12,
  (i) => `2024-05-10 00:00:${10 + i}.009930+00:00,${i * 37},${i + 1}\r`,
)}`;
const burst = `Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n${lines(
  12,
  (i) => `${i * 3},${i % 3},1.5,"GPT-4",${i + 1},${i},1,Conversation log`,
)}\n`;
const mooncake = lines(
  10,
  (i) =>
    `{"timestamp": ${i * 500}.25, "input_length": ${i * 512 + 100}, "output_length": ${i}, ` +
    `"hash_ids": [0${lines(i, (k) => `, ${k < 3 ? k + 1 : i * 1e6 + k}`).replaceAll("\n", "")}], ` +
    `"session_id": "s${i % 4}", "delay": 12.5}`,
);

/** A file of every format, with the options that bring most code into play. */
const SEEDS: readonly { readonly bytes: Uint8Array; readonly options: ImportOptions }[] = [
  { bytes: bytes(azure), options: { maxBadRows: 3 } },
  { bytes: bytes(burst), options: { maxBadRows: 3 } },
  { bytes: bytes(mooncake), options: { maxBadRows: 5 } },
  { bytes: bytes(mooncake), options: { window: { fromUs: 1e6, toUs: 3e6 }, maxBadRows: 5 } },
  {
    bytes: bytes(
      `arrived_at,num_prefill_tokens,num_decode_tokens\n${lines(15, (i) => `${i / 7},${i + 5},9`)}`,
    ),
    options: {},
  },
  {
    bytes: bytes(
      `request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n${lines(9, (i) => `${i},2,0,${i},1,${i + 9},8`)}`,
    ),
    options: { maxBadRows: 2 },
  },
  {
    bytes: bytes(`t;in;out;model\n${lines(9, (i) => `${i * 0.5};${i + 1};8;"m""${i}"`)}`),
    options: { maxBadRows: 4 },
  },
  {
    bytes: bytes(
      lines(
        9,
        (i) => `{"time_ms": ${i}, "prompt_tokens": ${i + 3}, "completion_tokens": 2, "user": "é"}`,
      ),
    ),
    options: { maxBadRows: 4 },
  },
  {
    bytes: exportTrace(imported(mooncake), "agentic_mooncake"),
    options: { maxBadRows: 4 },
  },
  { bytes: bytes(mooncake), options: { format: "mooncake_delta", maxBadRows: 3 } },
  {
    bytes: bytes(
      lines(
        5,
        (i) =>
          `{"block_size": 4, "hash_id_scope": "local", "requests": [{"t": 0, "in": 8, "out": 1, "hash_ids": [1, 2]},` +
          `{"type": "subagent", "t": 1, "requests": [{"t": ${i}, "in": 4, "out": 1, "hr": [7, 1]}]}]}`,
      ),
    ),
    options: { maxBadRows: 2, shareSystem: true },
  },
  {
    bytes: bytes(
      lines(
        8,
        (i) =>
          `{"schema": "dynamo.request.trace.v1", "event_type": "request_end", "agent_context": {"session_id": "${i % 3}"},` +
          `"request": {"output_tokens": 2, "request_received_ms": ${i * 9}, "replay": {"trace_block_size": 2,` +
          `"input_length": 3, "input_sequence_hashes": [18446744073709551615, ${i}]}}}`,
      ),
    ),
    options: { maxBadRows: 2 },
  },
  {
    bytes: bytes(
      lines(
        9,
        (i) =>
          `{"chat_id": ${i}, "parent_chat_id": ${i % 2 === 0 ? -1 : i - 1}, "timestamp": ${i}.5, ` +
          `"input_length": 17, "output_length": 2, "hash_ids": [4, ${i}]}`,
      ),
    ),
    options: { maxBadRows: 2 },
  },
  {
    bytes: bytes(
      `{"num_turns": 1, "input_prompt_length": 40, "assistant_response_length": [3], "tool_call_output_length": [5], ` +
        `"tool_call_latency": [0.5], "final_assistant_response_length": 2}`,
    ),
    options: { maxBadRows: 2 },
  },
  { bytes: exportTrace(imported(mooncake), "columns"), options: {} },
  { bytes: gzipSync(mooncake), options: {} },
];

const random = stream(20_260_101, "fuzz");

/** Bytes that scanners treat specially, met more often than chance would have it. */
const TELLING = bytes('\n\r",:{}[]\\ \t-+.eE09/nN\u0000\ufeff');

function mutate(source: Uint8Array): Uint8Array {
  let result = Array.from(source);
  const edits = 1 + random.int(6);
  for (let edit = 0; edit < edits; edit++) {
    const at = random.int(result.length + 1);
    const span = random.int(20);
    const byte = random.next() < 0.5 ? random.int(256) : TELLING[random.int(TELLING.length)]!;
    const kind = random.int(7);
    if (kind === 0) result[at] = byte;
    else if (kind === 1) result.splice(at, 0, byte);
    else if (kind === 2) result.splice(at, span);
    else if (kind === 3 && random.next() < 0.3) result = result.slice(0, at);
    else if (kind === 4) result.splice(at, 0, ...result.slice(at, at + span * 5));
    else if (kind === 5)
      result.splice(at, 0, ...Array.from({ length: span }, () => random.int(256)));
    else if (kind === 6) result.splice(at, span, ...bytes(String(random.next() * 1e30)));
  }
  return Uint8Array.from(result);
}

it(`neither throws nor hangs on ${FILES} mutated files`, () => {
  let good = 0;
  for (let file = 0; file < FILES; file++) {
    const { bytes: source, options } = SEEDS[file % SEEDS.length]!;
    const mutated = mutate(source);
    const start = performance.now();
    const inflated = inflate(mutated, 1e6);
    const result = importTrace(inflated.ok ? inflated.value : mutated, {
      ...options,
      name: "fuzz",
    });
    const took = performance.now() - start;
    const check = (sound: boolean, what: string): void => {
      if (!sound) expect.fail(`file ${file} ${what}: ${JSON.stringify(textOf(mutated))}`);
    };
    check(took < SLOWEST_MS, `took ${took} ms`);
    if (!result.ok) {
      check(result.problem.what.length > 3, "has an empty problem");
      check(result.problem.where?.includes("fuzz") === true, "has a problem without a place");
      continue;
    }
    good++;
    const trace = result.value;
    let latest = 0;
    trace.arrivalUs.forEach((time, row) => {
      if (Number.isNaN(time)) {
        const edges = trace.graph?.edgeStart;
        const waits =
          edges === undefined ? trace.sessions!.parent[row]! >= 0 : edges[row + 1]! > edges[row]!;
        check(waits, "has a first turn without a time");
        return;
      }
      check(Number.isInteger(time) && time >= latest, "has unordered arrivals");
      latest = time;
    });
    // What was read can be written and read again: the columns file checks every column.
    check(importTrace(exportTrace(trace, "columns")).ok, "does not survive its export");
  }
  // Both outcomes must be well represented, or nothing was tried.
  expect(good).toBeGreaterThan(FILES / 10);
  expect(good).toBeLessThan((FILES * 9) / 10);
});

it("takes time in proportion to hostile files", () => {
  const header = "t,in,out\n";
  const hostile: readonly string[] = [
    `${header}${'"'.repeat(300_000)}`,
    `${header}${'"\n'.repeat(30_000)}`,
    `${header}${",".repeat(300_000)}`,
    `${header}1,2,${"9".repeat(300_000)}`,
    `${"{".repeat(300_000)}`,
    `{"hash_ids": [${"1".repeat(300_000)}]}`,
    `{"hash_ids": ${"[".repeat(300_000)}`,
    `{"hash_ids": [], ${lines(20_000, (i) => `"k${i}": 0`).replaceAll("\n", ",")}}`,
    `${'{"a":1,"hash_ids":[]}\n'.repeat(10_000)}`,
    "a".repeat(500_000),
    "\n".repeat(500_000),
  ];
  for (const text of hostile) {
    const start = performance.now();
    const result = importTrace(bytes(text), { maxBadRows: 1e9 });
    // Milliseconds when linear, minutes when each of 300,000 characters costs another pass.
    expect(performance.now() - start, text.slice(0, 40)).toBeLessThan(20_000);
    expect(result.ok, text.slice(0, 40)).toBe(false);
  }
});
