import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeColumns, encodeColumns, InvariantError } from "../../src/core/index.ts";
import type { ColumnTable, TableColumn } from "../../src/core/index.ts";

const data = fc.oneof(
  fc.float64Array(),
  fc.float32Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.uint16Array(),
  fc.int16Array(),
  fc.uint8Array(),
  fc.int8Array(),
);
const text = fc.string({ unit: "binary", maxLength: 12 });
const column: fc.Arbitrary<TableColumn> = fc
  .tuple(text, fc.option(text, { nil: undefined }), data)
  .map(([name, unit, data]) => (unit === undefined ? { name, data } : { name, unit, data }));
const table: fc.Arbitrary<ColumnTable> = fc.record({
  name: text,
  columns: fc.uniqueArray(column, { selector: ({ name }) => name, maxLength: 6 }),
});

const small: ColumnTable = {
  name: "requests ∆",
  columns: [
    { name: "arrival", unit: "us", data: Float64Array.of(0, 1.5, NaN) },
    { name: "tokens", data: Uint32Array.of(7, 8, 9) },
  ],
};

describe("headworks.columns.v1", () => {
  it("gives back every table, from any alignment", () => {
    fc.assert(
      fc.property(table, fc.nat(8), (table, offset) => {
        const bytes = encodeColumns(table);
        expect(bytes.length % 8).toBe(0);
        const shifted = new Uint8Array(bytes.length + offset).subarray(offset);
        shifted.set(bytes);
        expect(decodeColumns(shifted)).toEqual({ ok: true, value: table });
      }),
      { numRuns: 300 },
    );
  });

  it("keeps its bytes", () => {
    const bytes = encodeColumns({
      name: "t",
      columns: [{ name: "x", unit: "µs", data: Int16Array.of(-2, 258) }],
    });
    const header =
      '{"name":"t","columns":[{"name":"x","type":"i16","length":2,"unit":"\\u00b5s"}]}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    const ascii = (from: number, to: number): string =>
      String.fromCharCode(...bytes.slice(from, to));
    expect(ascii(0, 8)).toBe("HWCOLS\x1a\n");
    expect(Array.from(bytes.subarray(8, 16))).toEqual([1, 0, 0, 0, padded.length, 0, 0, 0]);
    expect(ascii(32, 32 + padded.length)).toBe(padded);
    expect(Array.from(bytes.subarray(32 + padded.length))).toEqual([0xfe, 0xff, 2, 1, 0, 0, 0, 0]);
  });

  it("reads aligned columns in place", () => {
    const bytes = encodeColumns(small);
    const result = decodeColumns(bytes);
    expect(result.ok && result.value.columns[0]?.data.buffer).toBe(bytes.buffer);
  });

  it("names every truncation and every foreign beginning", () => {
    const bytes = encodeColumns(small);
    for (let length = 0; length < bytes.length; length++) {
      const result = decodeColumns(bytes.slice(0, length));
      const what = length < 8 ? "not a Headworks columns file" : "truncated columns file";
      expect(!result.ok && result.problem.what).toBe(what);
    }
    const longer = new Uint8Array(bytes.length + 8);
    longer.set(bytes);
    const result = decodeColumns(longer);
    expect(!result.ok && result.problem.what).toBe("damaged columns file: 8 bytes follow its end");
  });

  it("notices any damaged byte, and never throws", () => {
    const bytes = encodeColumns(small);
    const mutation = fc.array(
      fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(mutation, (mutation) => {
        const damaged = bytes.slice();
        for (const [at, flip] of mutation) damaged[at] = bytes[at]! ^ flip;
        expect(decodeColumns(damaged).ok).toBe(false);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (foreign) => {
        expect(decodeColumns(foreign).ok).toBe(false);
      }),
    );
  });

  it("refuses another version, and two columns of one name", () => {
    const bytes = encodeColumns(small);
    bytes[8] = 2;
    const result = decodeColumns(bytes);
    expect(!result.ok && result.problem.what).toBe("columns file of version 2");
    const twin = { name: "x", data: new Uint8Array(0) };
    expect(() => encodeColumns({ name: "t", columns: [twin, twin] })).toThrow(InvariantError);
  });
});
