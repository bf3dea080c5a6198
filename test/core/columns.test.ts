import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { F64Column, I32Column, InvariantError, U32Column } from "../../src/core/index.ts";

describe.each([
  { name: "F64Column", Column: F64Column, Plain: Float64Array },
  { name: "U32Column", Column: U32Column, Plain: Uint32Array },
  { name: "I32Column", Column: I32Column, Plain: Int32Array },
])("$name", ({ Column, Plain }) => {
  it("holds what a typed array of the values holds", () => {
    fc.assert(
      fc.property(fc.array(fc.double()), fc.nat(20), fc.double(), (values, capacity, other) => {
        const column = new Column(capacity);
        values.forEach((value) => column.push(value));
        const plain = Plain.from(values);
        expect(column.length).toBe(values.length);
        expect(column.view()).toEqual(plain);
        if (values.length === 0) return;
        column.set(values.length - 1, other);
        plain[values.length - 1] = other;
        expect(column.at(values.length - 1)).toBe(plain[values.length - 1]);
      }),
    );
  });

  it("refuses places outside it, spare room included", () => {
    const column = new Column(8);
    column.push(1);
    expect(() => column.at(1)).toThrow(InvariantError);
    expect(() => column.at(-1)).toThrow(InvariantError);
    expect(() => column.set(1, 0)).toThrow(InvariantError);
  });
});
