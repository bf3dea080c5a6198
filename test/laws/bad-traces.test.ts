/**
 * Damaged traces of every format are read, or refused with a place and a remedy; never a throw, a hang or a row that is neither kept
 * nor told of. Rows that are sound are kept whatever the others are.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { exportTrace, importTrace, type ImportOptions, type Trace } from "../../src/trace/index.ts";
import { damageLines, damageOne } from "../support/damage.ts";
import { randomRecording } from "../support/random-recording.ts";
import { writeApplied, writeBailian, writeDynamo, writeWeka } from "../support/write-agent-logs.ts";
import { writeAgentic, writeAgenticV1, writeDelta } from "../support/write-mooncake.ts";
import { jsonOf, type Written } from "../support/written-recording.ts";
import { bytes, idRows } from "../trace/import-support.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

/** Longest import, ms: hundreds of times what these files take on a slow machine. */
const SLOWEST_MS = 5000;

type File = { readonly values: readonly unknown[]; readonly options: ImportOptions };

const recorded =
  (
    write: (recording: ReturnType<typeof randomRecording>, seed: number) => Written,
    depth: number,
  ) =>
  (seed: number): File => {
    const isChain = write === writeDelta || write === writeApplied;
    const kind = { seed, tasks: 2, depth, gridUs: 1000, branches: false, overlaps: false };
    const recording = randomRecording({ ...kind, inFlight: !isChain, rewinds: !isChain });
    return write(recording, seed);
  };

/** Plain rows, in the format of the Mooncake traces or with names of their own. */
const plain =
  (names: readonly [time: string, input: string, output: string]) =>
  (seed: number): File => {
    const random = stream(seed, "plain");
    const values = Array.from({ length: 12 }, (_, i) => ({
      [names[0]]: i * 500 + random.int(100),
      [names[1]]: 1 + random.int(1500),
      [names[2]]: i + 1,
      session_id: `s${random.int(4)}`,
      ...(random.next() < 0.5 ? { delay: 12.5 } : {}),
      priority: random.int(3),
    }));
    return { values, options: {} };
  };

const JSON_FORMATS: { readonly [name: string]: (seed: number) => File } = {
  mooncake: plain(["timestamp", "input_length", "output_length"]),
  jsonl: plain(["time_ms", "prompt_tokens", "completion_tokens"]),
  mooncake_delta: recorded(writeDelta, 0),
  weka: recorded(writeWeka, 1),
  dynamo: recorded((recording, seed) => writeDynamo(recording, seed, true), 2),
  bailian: recorded(writeBailian, 0),
  applied_compute: recorded(writeApplied, 0),
  agentic_mooncake: recorded(writeAgentic, 2),
  "agentic_mooncake 1": recorded(writeAgenticV1, 1),
};

/** Output tokens of the calls that a row holds: they name calls in the files of these tests. */
function outputsOf(value: unknown): number[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === "assistant_response_length" && Array.isArray(inner)) return inner as number[];
    const isOutput = /^(out|output_length|output_tokens|completion_tokens|final_assistant\w+)$/;
    return isOutput.test(key) && typeof inner === "number" ? [inner] : outputsOf(inner);
  });
}

/** Rows that the import's log tells of without having kept them. */
function lost(trace: Trace): number {
  const told = /^(bad row skipped|dropped|noted: an event)/;
  return trace.header.importLog.reduce(
    (sum, { reason, rows }) => sum + (told.test(reason) ? rows : 0),
    0,
  );
}

function expectSound(trace: Trace): void {
  const { graph, sessions, header, hashes } = trace;
  let latest = 0;
  for (let row = 0; row < trace.rows; row++) {
    const at = trace.arrivalUs[row]!;
    const from = graph?.edgeStart[row] ?? 0;
    const to = graph?.edgeStart[row + 1] ?? 0;
    for (let e = from; e < to; e++) {
      const delayUs = graph!.delayUs[e]!;
      if (graph!.on[e]! < row && Number.isInteger(delayUs) && delayUs >= 0) continue;
      expect.fail(`row ${row} waits for row ${graph!.on[e]!} and ${delayUs} us`);
    }
    const parent = sessions?.parent[row] ?? -1;
    expect(parent).toBeLessThan(row);
    if (Number.isNaN(at)) expect(graph === undefined ? parent >= 0 : to > from).toBe(true);
    else {
      expect(Number.isInteger(at) && at >= latest).toBe(true);
      latest = at;
    }
    expect(trace.inputTokens[row]).toBeGreaterThan(0);
  }
  if (hashes !== undefined) {
    const odd = idRows(trace).findIndex((ids, row) => {
      const most = Math.ceil(trace.inputTokens[row]! / header.blockSize);
      return ids.length > most || ids.some((id) => id >= hashes.idCount);
    });
    expect(odd).toBe(-1);
  }
  expect(importTrace(exportTrace(trace, "columns")).ok).toBe(true);
}

/** Imports; undefined when the file is refused, which must be told as it should. */
function attempt(text: string | Uint8Array, options: ImportOptions): Trace | undefined {
  const source = typeof text === "string" ? bytes(text) : text;
  const start = performance.now();
  const result = importTrace(source, { ...options, name: "damaged" });
  expect(performance.now() - start).toBeLessThan(SLOWEST_MS);
  if (result.ok) {
    expectSound(result.value);
    return result.value;
  }
  const { what, where, remedy } = result.problem;
  expect(what.length).toBeGreaterThan(5);
  expect(what.length).toBeLessThan(1000);
  expect(where).toMatch(/^damaged/);
  expect(remedy ?? `no remedy: ${what}`).not.toMatch(/^no remedy/);
  return undefined;
}

/** All calls of sound rows are in the trace, but for as many as its log tells of. */
function expectKept(trace: Trace, rows: readonly unknown[]): void {
  const left = new Map<number, number>();
  for (const output of trace.outputTokens) left.set(output, (left.get(output) ?? 0) + 1);
  const missing = rows.flatMap(outputsOf).filter((output) => {
    const count = left.get(output) ?? 0;
    left.set(output, count - 1);
    return count <= 0;
  });
  expect(missing.length).toBeLessThanOrEqual(lost(trace));
}

const seeds = fc.tuple(fc.nat(1_000_000), fc.nat(1_000_000));

describe.each(Object.entries(JSON_FORMATS))("%s", (name, fileOf) => {
  const format = name.split(" ")[0] as NonNullable<ImportOptions["format"]>;

  test(
    "a damaged row costs no other, and is told of",
    () => {
      let refused = 0;
      let read = 0;
      fc.assert(
        fc.property(seeds, ([seed, damage]) => {
          const { values, options } = fileOf(seed);
          const { rows, at } = damageOne(stream(damage, "damage"), values);
          const text = rows.map((row) => jsonOf(row)).join("\n");
          const told = { ...options, format };
          const whole = attempt(text, { ...told, maxBadRows: 1e9 });
          if (whole !== undefined) {
            const others = rows.filter((_, i) => i !== at);
            expectKept(whole, others);
            // The damaged row itself is in the trace, or in its log.
            expect(whole.rows + lost(whole)).toBeGreaterThanOrEqual(
              others.flatMap(outputsOf).length + Math.min(1, outputsOf(rows[at]).length),
            );
          }
          const strict = attempt(text, told);
          if (strict === undefined) refused++;
          else read++;
          // Nothing is passed over unasked.
          const log = strict?.header.importLog ?? [];
          expect(log.some(({ reason }) => reason.startsWith("bad row"))).toBe(false);
          attempt(text, { ...options, maxBadRows: damage % 3, zeroOutput: "drop" });
        }),
        lawRuns(80),
      );
      // Both must be common, or nothing was tried.
      expect(Math.min(refused, read)).toBeGreaterThan(10);
    },
    LAW_TIMEOUT_MS,
  );

  test(
    "a damaged line costs no other, and none where only blanks and line ends differ",
    () => {
      let harmless = 0;
      fc.assert(
        fc.property(seeds, ([seed, damage]) => {
          const { values, options } = fileOf(seed);
          const lines = values.map((row) => jsonOf(row));
          const { text, broken } = damageLines(stream(damage, "lines"), lines);
          const whole = attempt(text, { ...options, format, maxBadRows: 1e9 });
          if (broken === 0) {
            harmless++;
            const clean = attempt(lines.join("\n"), { ...options, format });
            const { header: _, ...columns } = clean!;
            const { header: __, ...found } = whole!;
            expect(found).toEqual(columns);
          }
          if (whole !== undefined && broken < lines.length) {
            const calls = values.flatMap(outputsOf).length;
            expect(whole.rows + lost(whole) + broken * 60).toBeGreaterThanOrEqual(calls);
          }
          attempt(text, { ...options, format });
          attempt(text, options);
        }),
        lawRuns(50),
      );
      expect(harmless).toBeGreaterThan(3);
    },
    LAW_TIMEOUT_MS,
  );

  test("a line of ten million bytes is read or refused in time", () => {
    const { values, options } = fileOf(7);
    const lines = values.map((row) => jsonOf(row));
    const [first] = lines as [string];
    const long = 10_000_000;
    const readsAlike = name === "mooncake" || name === "weka";
    const padded = [
      `${first.slice(0, -1)}, "note": "${"x".repeat(long)}"}`,
      `${first.slice(0, -1)}, "note": ${"[".repeat(long)}`,
      `${first.slice(0, -1)}, "hash_ids": [${"1,".repeat(long / 2)}1]}`,
      // One of each of the two readers: before they know a key, all formats are alike to them.
      ...(readsAlike
        ? [`${" ".repeat(long)}${first}`, "9".repeat(long), `"${"y".repeat(long)}`]
        : []),
    ];
    for (const line of padded) {
      attempt([line, ...lines.slice(1)].join("\n"), { ...options, format, maxBadRows: 5 });
    }
    attempt("", { format });
    attempt("\ufeff", { format });
    attempt("\n\n", { format });
    attempt("null", { format });
    attempt("[]", { format });
  });
});

const CSV_FORMATS: {
  readonly [name: string]: readonly [string, (i: number) => readonly unknown[]];
} = {
  azure: [
    "TIMESTAMP,ContextTokens,GeneratedTokens",
    (i) => [`2024-05-10 00:00:${10 + i}.009930+00:00`, i * 37 + 1, i + 1],
  ],
  burstgpt: [
    "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type",
    (i) => [i * 3, i % 3, 1.5, "GPT-4", i + 1, i + 1, 1, "Conversation log"],
  ],
  vidur: ["arrived_at,num_prefill_tokens,num_decode_tokens", (i) => [i / 7, i + 5, i + 1]],
  splitwise: [
    "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size",
    (i) => [i, 2, 0, i, 1, i + 9, i + 1],
  ],
  csv: ["t,in,out,model", (i) => [i * 0.5, i + 1, i + 1, `m${i}`]],
};

const CELLS = [
  "",
  "x",
  "-1",
  "1.5",
  "1e300",
  "nan",
  "99999999999999999999",
  '"',
  '"a',
  "a,b",
  "\u0000",
  " 3 ",
  "\ufeff",
  "5\r",
];

describe.each(Object.entries(CSV_FORMATS))("%s", (name, [header, rowOf]) => {
  const format = name as NonNullable<ImportOptions["format"]>;

  test(
    "a damaged cell costs no other row, and is told of",
    () => {
      let refused = 0;
      let read = 0;
      fc.assert(
        fc.property(fc.nat(), fc.nat(), fc.nat(), fc.boolean(), (at, cell, strange, isHeader) => {
          const table = [
            header.split(","),
            ...Array.from({ length: 12 }, (_, i) => rowOf(i).map(String)),
          ];
          const line = isHeader && at % 4 === 0 ? 0 : 1 + (at % 12);
          const row = table[line]!;
          row[cell % row.length] = CELLS[strange % CELLS.length]!;
          const text = table.map((cells) => cells.join(",")).join("\n");
          const whole = attempt(text, { format, maxBadRows: 1e9 });
          const isQuoted = text.includes('"');
          if (whole !== undefined && !isQuoted) {
            expect(whole.rows + lost(whole)).toBeGreaterThanOrEqual(12);
          }
          if (attempt(text, { format }) === undefined) refused++;
          else read++;
          attempt(text, {});
        }),
        lawRuns(200),
      );
      expect(Math.min(refused, read)).toBeGreaterThan(4);
    },
    LAW_TIMEOUT_MS,
  );
});
