import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonCursor } from "../../src/trace/scan-json.ts";
import { scanCount, scanDecimal } from "../../src/trace/scan-number.ts";
import { bytesOf, textOf } from "../../src/trace/bytes.ts";
import { bytes, columns, idRows, imported } from "./import-support.ts";

/** How a file may be written without a change of meaning. */
const style = fc.record({
  crlf: fc.boolean(),
  bom: fc.boolean(),
  finalNewline: fc.boolean(),
  quote: fc.infiniteStream(fc.boolean()),
});

type Style = { crlf: boolean; bom: boolean; finalNewline: boolean; quote: Iterator<boolean> };

function csv(rows: readonly (readonly string[])[], how: Style): string {
  const field = (text: string): string =>
    how.quote.next().value === true || /["\n]/.test(text)
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  const lines = rows.map((row) => row.map(field).join(","));
  const newline = how.crlf ? "\r\n" : "\n";
  return (how.bom ? "\ufeff" : "") + lines.join(newline) + (how.finalNewline ? newline : "");
}

/** Records by csv-parse, as objects by column name. */
function records(text: string): Record<string, string>[] {
  return parse(text, { bom: true, columns: true });
}

const tokens = fc.integer({ min: 1, max: 10_000_000 });

describe("the CSV scanner against csv-parse", () => {
  it("reads BurstGPT files alike", () => {
    const label = fc.constantFrom("ChatGPT", "GPT-4", "Conversation log", 'a "b" c', "é,ü", "");
    const row = fc.tuple(fc.nat({ max: 1e7 }), label, tokens, tokens, label);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), style, (rows, how) => {
        // A comma in an unquoted field is another field: such texts are always quoted here.
        const quoted = { ...how, quote: fieldQuotes(how.quote) };
        const text = csv(
          [
            ["Timestamp", "Model", "Request tokens", "Response tokens", "Log Type"],
            ...rows.map((cells) => cells.map(String)),
          ],
          quoted,
        );
        const oracle = records(text)
          .map((record, index) => ({ record, index, time: Number(record["Timestamp"]) }))
          .sort((a, b) => a.time - b.time || a.index - b.index);
        const trace = imported(text);
        expect(columns(trace)).toEqual({
          us: oracle.map(({ time }) => (time - oracle[0]!.time) * 1e6),
          input: oracle.map(({ record }) => Number(record["Request tokens"])),
          output: oracle.map(({ record }) => Number(record["Response tokens"])),
        });
        const { model } = trace.labels!;
        expect(Array.from(model!.codes, (code) => model!.values[code])).toEqual(
          oracle.map(({ record }) => record["Model"]),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("reads Azure files alike, to the microsecond", () => {
    const digits = fc
      .integer({ min: 0, max: 9 })
      .chain((length) =>
        fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: length, maxLength: length }),
      );
    const row = fc.tuple(
      fc.integer({ min: 0, max: 4e9 }),
      digits,
      fc.constantFrom("", "Z", "+00:00", "+05:30", "-0800"),
      tokens,
      tokens,
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), style, (rows, how) => {
        const table = rows.map(([second, fraction, zone, input, output]) => [
          new Date((second + 86_400) * 1000).toISOString().slice(0, 19).replace("T", " ") +
            (fraction === "" ? "" : `.${fraction}`) +
            zone,
          String(input),
          String(output),
        ]);
        const text = csv([["TIMESTAMP", "ContextTokens", "GeneratedTokens"], ...table], how);
        const times = records(text).map((record) => exactIsoUs(record["TIMESTAMP"]!));
        const sorted = times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        expect(Array.from(imported(text).arrivalUs)).toEqual(
          sorted.map((time) => Number(time - sorted[0]!)),
        );
      }),
      { numRuns: 300 },
    );
  });
});

function* fieldQuotes(quotes: Iterator<boolean>): Generator<boolean> {
  for (;;) {
    quotes.next();
    yield true;
  }
}

/** Microseconds since 1970 in whole numbers, rounded half up by the seventh digit. */
function exactIsoUs(text: string): bigint {
  const [, clock, fraction, zone] = /^([^.Z+]{19})(?:\.(\d+))?(.*)$/.exec(text)!;
  const utc = /^[+-]/.test(zone!) ? zone!.replace(/^(...)(\d\d)$/, "$1:$2") : "Z";
  const seconds = BigInt(Date.parse(`${clock!.replace(" ", "T")}${utc}`) / 1000);
  const tenths = BigInt((fraction ?? "").padEnd(7, "0").slice(0, 7));
  return seconds * 1_000_000n + (tenths + 5n) / 10n;
}

describe("the number scanner", () => {
  it("agrees with Number on whatever Number calls a decimal number", () => {
    const text = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map(String),
      fc
        .tuple(fc.nat(), fc.nat({ max: 999_999 }), fc.integer({ min: -9, max: 9 }))
        .map(([whole, fraction, power]) => `${whole}.${fraction}e${power}`),
      fc.string({ unit: fc.constantFrom(..."0123456789.-+e "), maxLength: 12 }),
    );
    fc.assert(
      fc.property(text, (number) => {
        const trimmed = number.trim();
        const found = scanDecimal(bytes(number), 0, number.length, 0);
        const expected = trimmed === "" ? NaN : Number(trimmed);
        if (Number.isNaN(expected)) expect(found).toBeNaN();
        else if (Math.abs(expected) >= 1e22) expect(Math.abs(found)).toBeGreaterThan(1e21);
        else
          expect(Math.abs(found - expected)).toBeLessThanOrEqual(Math.abs(expected) * 1e-14 + 1e-6);
      }),
      { numRuns: 2000 },
    );
  });

  it("scales before it rounds", () => {
    fc.assert(
      fc.property(fc.nat({ max: 9_000_000 }), fc.nat({ max: 999_999 }), (seconds, micros) => {
        const text = `${seconds}.${String(micros).padStart(6, "0")}`;
        expect(scanDecimal(bytes(text), 0, text.length, 6)).toBe(seconds * 1e6 + micros);
      }),
    );
  });

  it("counts whole numbers only", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), (n) => {
        for (const text of [`${n}`, ` ${n} `, `${n}.0`, `0${n}`]) {
          expect(scanCount(bytes(text), 0, text.length)).toBe(n);
        }
      }),
    );
  });
});

/** JSON text of a value with random spacing, and keys that may be escaped. */
function jsonText(value: unknown, space: Iterator<string>, escape: Iterator<boolean>): string {
  const gap = (): string => String(space.next().value);
  if (Array.isArray(value)) {
    return `[${gap()}${value.map((item) => jsonText(item, space, escape)).join(`${gap()},${gap()}`)}${gap()}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => {
      const name = JSON.stringify(key);
      const code = key.charCodeAt(0).toString(16).padStart(4, "0");
      const written =
        /^\w/.test(key) && escape.next().value === true ? `"\\u${code}${name.slice(2)}` : name;
      return `${written}${gap()}:${gap()}${jsonText(item, space, escape)}`;
    });
    return `{${gap()}${entries.join(`${gap()},${gap()}`)}${gap()}}`;
  }
  return JSON.stringify(value);
}

const spaces = fc.infiniteStream(fc.constantFrom("", "", " ", "\t", "  "));
const rarely = fc.infiniteStream(fc.nat({ max: 20 }).map((n) => n === 0));

describe("the JSON scanner against JSON.parse", () => {
  it("reads rows alike in any order, spacing and company of keys", () => {
    const row = fc.record({
      timestamp: fc.nat({ max: 1e9 }),
      blocks: fc.array(fc.oneof(fc.nat({ max: 99 }), fc.maxSafeNat()), {
        minLength: 1,
        maxLength: 9,
      }),
      output: tokens,
      extra: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }),
      order: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        spaces,
        rarely,
        (rows, space, escape) => {
          const lines = rows.map(({ timestamp, blocks, output, extra, order }) => {
            const known = {
              timestamp,
              input_length: blocks.length * 512 - 1,
              output_length: output,
              hash_ids: blocks,
            };
            const foreign = Object.entries(extra).map(
              ([key, value]) => [`x${key}`, value] as const,
            );
            const entries = [...Object.entries(known), ...foreign]
              .map((entry) => ({ entry, rank: order.next().value ?? 0 }))
              .sort((a, b) => a.rank - b.rank)
              .map(({ entry }) => entry);
            return jsonText(Object.fromEntries(entries), space, escape);
          });
          const oracle = lines
            .map((line) => JSON.parse(line) as Record<string, unknown>)
            .map((record) => ({ record, time: Number(record["timestamp"]) }))
            .sort((a, b) => a.time - b.time);
          const trace = imported(lines.join("\n"), { format: "mooncake" });
          expect(Array.from(trace.arrivalUs)).toEqual(
            oracle.map(({ time }) => (time - oracle[0]!.time) * 1000),
          );
          expect(Array.from(trace.outputTokens)).toEqual(
            oracle.map(({ record }) => record["output_length"]),
          );
          expectSamePrefixes(
            idRows(trace),
            oracle.map(({ record }) => record["hash_ids"] as number[]),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it("accepts exactly what JSON.parse accepts", () => {
    const mutated = fc
      .tuple(
        fc.json({ maxDepth: 4 }),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'{}[]",:0-1.eEtruafnls\\ \u0001x')), {
          maxLength: 3,
        }),
      )
      .map(([text, edits]) => {
        let result = text;
        for (const [place, character] of edits) {
          const at = place % (result.length + 1);
          result = result.slice(0, at) + character + result.slice(at + (place % 2));
        }
        return result;
      });
    fc.assert(
      fc.property(mutated, (text) => {
        const source = bytes(text);
        const cursor = new JsonCursor(source);
        cursor.open(0, source.length);
        const accepted = cursor.skipValue() && cursor.peek() < 0;
        expect(accepted).toBe(isJson(text));
      }),
      { numRuns: 5000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Equal ids must mean equal prefixes of the source ids, and the other way round. */
function expectSamePrefixes(found: number[][], source: (readonly unknown[])[]): void {
  const idOf = new Map<string, number>();
  const prefixOf = new Map<number, string>();
  source.forEach((ids, row) => {
    expect(found[row]!.length).toBe(ids.length);
    // Ids that always have one parent are kept as they are, so a whole file may be unchained: compare
    // prefix by prefix, which holds in both cases.
    ids.forEach((_, i) => {
      const prefix = JSON.stringify(ids.slice(0, i + 1));
      const id = found[row]![i]!;
      expect(idOf.get(prefix) ?? id).toBe(id);
      expect(prefixOf.get(id) ?? prefix).toBe(prefix);
      idOf.set(prefix, id);
      prefixOf.set(id, prefix);
    });
  });
}

describe("text", () => {
  it("is decoded and encoded as the host's codecs do", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        expect(bytesOf(text)).toEqual(new TextEncoder().encode(text));
        expect(textOf(bytesOf(text))).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(text)),
        );
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (raw) => {
        const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
        let expected: string | undefined;
        try {
          expected = strict.decode(raw);
        } catch {
          expected = undefined;
        }
        if (expected === undefined) expect(textOf(raw)).toContain("\ufffd");
        else expect(textOf(raw)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
