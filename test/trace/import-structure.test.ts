import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chainHashIds,
  EXPORT_FORMATS,
  exportLosses,
  exportTrace,
  inflate,
  looksGzipped,
  rowIdCount,
  type HashRuns,
  type Trace,
} from "../../src/trace/index.ts";
import { gatherRuns, HashRunsBuilder, IdInterner } from "../../src/trace/hash-runs.ts";
import { TextInterner } from "../../src/trace/text-interner.ts";
import { bytes, columns, idRows, imported, refused } from "./import-support.ts";

function runsOf(rows: readonly (readonly number[])[]): HashRuns {
  const interner = new IdInterner();
  const builder = new HashRunsBuilder();
  for (const row of rows) {
    for (const id of row) builder.add(interner.intern(id, 0));
    builder.endRow();
  }
  return builder.build();
}

function spelled(hashes: HashRuns): number[][] {
  return idRows({ rows: hashes.rowStart.length - 1, hashes } as Trace);
}

describe("block ids", () => {
  it("are interned densely, whatever their size", () => {
    const id = fc.oneof(
      fc.nat({ max: 50 }),
      fc.nat({ max: 2 ** 23 }),
      fc.constantFrom(2 ** 22 - 1, 2 ** 22, 2 ** 32 - 1),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.nat({ max: 2 })), { maxLength: 300 }), (ids) => {
        const interner = new IdInterner();
        const seen = new Map<string, number>();
        for (const [low, high] of ids) {
          const key = `${high}:${low}`;
          if (!seen.has(key)) seen.set(key, seen.size);
          expect(interner.intern(low, high)).toBe(seen.get(key));
        }
        expect(interner.size).toBe(seen.size);
      }),
    );
  });

  const rows = fc.array(fc.array(fc.nat({ max: 6 }), { maxLength: 8 }), { maxLength: 12 });

  it("chain into ids that are equal exactly when prefixes are", () => {
    fc.assert(
      fc.property(rows, (source) => {
        const chained = chainHashIds(runsOf(source));
        const found = spelled(chained);
        const codes = new Map<string, number>();
        source.forEach((ids, row) => {
          const expected = ids.map((_, i) => {
            const prefix = ids.slice(0, i + 1).join(",");
            if (!codes.has(prefix)) codes.set(prefix, codes.size);
            return codes.get(prefix);
          });
          expect(found[row]).toEqual(expected);
          expect(rowIdCount(chained, row)).toBe(ids.length);
        });
        expect(chained.idCount).toBe(codes.size);
        // Chaining what is chained changes nothing.
        expect(chainHashIds(chained)).toEqual(chained);
      }),
    );
  });

  it("stay the same ids, densely, for any choice of rows", () => {
    fc.assert(
      fc.property(rows, fc.array(fc.nat()), (source, picks) => {
        const order = source.length === 0 ? [] : picks.map((pick) => pick % source.length);
        const runs = gatherRuns(runsOf(source), order);
        const dense = new Map<number, number>();
        const expected = order.map((row) =>
          source[row]!.map((id) => {
            if (!dense.has(id)) dense.set(id, dense.size);
            return dense.get(id);
          }),
        );
        expect(spelled(runs)).toEqual(expected);
        expect(runs.idCount).toBe(dense.size);
      }),
    );
  });

  it("make maximal runs", () => {
    const runs = runsOf([[10, 11, 12], [10, 11, 13], [], [20]]);
    expect(runs).toEqual({
      rowStart: Uint32Array.of(0, 1, 3, 3, 4),
      start: Uint32Array.of(0, 0, 3, 4),
      length: Uint32Array.of(3, 2, 1, 1),
      idCount: 5,
    });
  });
});

describe("names", () => {
  it("get the code of their first appearance", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 400 }), (texts) => {
        const interner = new TextInterner();
        const seen: string[] = [];
        for (const text of texts) {
          const raw = bytes(text);
          if (!seen.includes(text)) seen.push(text);
          expect(interner.codeOf(raw, 0, raw.length)).toBe(seen.indexOf(text));
        }
        expect(interner.texts()).toEqual(seen);
      }),
    );
  });
});

/** Random traces with everything a trace can have, by way of an import. */
const traces = fc
  .record({
    rows: fc.array(
      fc.record({
        gap: fc.nat({ max: 1e7 }),
        blocks: fc.nat({ max: 5 }),
        branch: fc.nat({ max: 4 }),
        output: fc.nat({ max: 3000 }),
        session: fc.option(fc.nat({ max: 3 })),
        delay: fc.option(fc.nat({ max: 1e6 })),
        priority: fc.integer({ min: -9, max: 9 }),
        model: fc.constantFrom("a", "b", 'q"uo,te', "ü"),
      }),
      { minLength: 1, maxLength: 25 },
    ),
    hashed: fc.boolean(),
    labelled: fc.boolean(),
  })
  .map(({ rows, hashed, labelled }) => {
    let time = 0;
    const started = new Set<number>();
    const lines = rows.map((row) => {
      time += row.gap;
      const known = row.session !== null && started.has(row.session);
      if (row.session !== null) started.add(row.session);
      const ids = Array.from({ length: row.blocks + 1 }, (_, i) =>
        i === 0 ? 0 : row.branch * 100 + i,
      );
      return JSON.stringify({
        ...(known && row.delay !== null ? { delay: row.delay / 1000 } : { timestamp: time / 1000 }),
        input_length: (row.blocks + 1) * 512 - 3,
        output_length: row.output,
        ...(row.session === null ? {} : { session_id: `s${row.session}` }),
        ...(hashed ? { hash_ids: ids } : {}),
        ...(labelled ? { model: row.model, priority: row.priority } : {}),
      });
    });
    return imported(lines.join("\n"), { name: "random" });
  });

describe("export", () => {
  it("keeps everything in columns", () => {
    fc.assert(
      fc.property(traces, (trace) => {
        expect(exportLosses(trace, "columns")).toEqual([]);
        const again = imported(exportTrace(trace, "columns"));
        expect(again).toEqual(trace);
      }),
      { numRuns: 100 },
    );
  });

  it.each(["mooncake", "csv"] as const)("comes back the same from %s", (format) => {
    fc.assert(
      fc.property(traces, (trace) => {
        const again = imported(exportTrace(trace, format), { name: "random" });
        expect(columns(again)).toEqual(columns(trace));
        expect(again.sessions).toEqual(trace.sessions);
        expect(again.labels).toEqual(trace.labels);
        expect(again.priority ?? new Int16Array(trace.rows)).toEqual(
          trace.priority ?? new Int16Array(trace.rows),
        );
        if (format === "mooncake") expect(again.hashes).toEqual(trace.hashes);
        expect(exportLosses(trace, format).length > 0).toBe(
          format === "csv" && trace.hashes !== undefined,
        );
      }),
      { numRuns: 100 },
    );
  });

  it("writes what the publishers write", () => {
    const line = '{"timestamp": 0, "input_length": 700, "output_length": 5, "hash_ids": [0, 1]}\n';
    expect(new TextDecoder().decode(exportTrace(imported(line), "mooncake"))).toBe(line);
    expect(new TextDecoder().decode(exportTrace(imported(line), "csv"))).toBe(
      "arrival_us,input_tokens,output_tokens\n0,700,5\n",
    );
    expect(EXPORT_FORMATS).toEqual(["mooncake", "agentic_mooncake", "csv", "columns"]);
  });

  it("refuses a columns file with any byte missing", () => {
    const file = exportTrace(imported("t,in,out\n1,2,3\n4,5,6\n"), "columns");
    for (const length of [file.length - 1, 100, 9, 6]) {
      expect(refused(file.subarray(0, length), { name: "x.columns" }).where).toContain("x.columns");
    }
  });
});

describe("gzip", () => {
  const text = "arrived_at,num_prefill_tokens,num_decode_tokens\n".repeat(9000);

  it("inflates one member or several", () => {
    const one = gzipSync(text);
    expect(looksGzipped(one)).toBe(true);
    expect(looksGzipped(bytes(text))).toBe(false);
    for (const file of [one, Buffer.concat([one, one])]) {
      const result = inflate(file);
      if (!result.ok) throw new Error(JSON.stringify(result.problem));
      const copies = file === one ? 1 : 2;
      expect(Buffer.from(result.value).equals(Buffer.from(text.repeat(copies)))).toBe(true);
    }
    const empty = inflate(gzipSync(""));
    expect(empty.ok && empty.value.length === 0).toBe(true);
  });

  it("reports truncation at every length and damage at every byte", () => {
    const file = gzipSync(Array.from({ length: 400 }, (_, i) => `${(i * 7919) % 1000},`).join(""));
    for (let length = 0; length < file.length; length++) {
      const result = inflate(file.subarray(0, length));
      expect(result.ok, `cut to ${length}`).toBe(false);
      if (!result.ok && length > 2) expect(result.problem.where).toMatch(/byte \d+/);
    }
    let unnoticed = 0;
    for (let at = 0; at < file.length; at++) {
      const damaged = Uint8Array.from(file);
      damaged[at]! ^= 0x10;
      if (inflate(damaged).ok) unnoticed++;
    }
    // Only header bytes that carry no data (time, extra flags, system) may change unseen.
    expect(unnoticed).toBeLessThanOrEqual(6);
  });

  it("stops at the limit", () => {
    const result = inflate(gzipSync(new Uint8Array(50_000_000)), 1_000_000);
    expect(!result.ok && result.problem.what).toContain("more than 1000000 bytes");
  });
});
