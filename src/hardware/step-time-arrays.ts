/** The named number arrays of a profile file, whether NPZ or JSON. */
import { fail, ok, type Result } from "../core/index.ts";
import { readNpz, type NpyArray } from "./npz.ts";

/** A profile file: the bytes of an NPZ, or a parsed JSON object of number lists. */
export type ProfileSource = Uint8Array | object;

function numbers(value: unknown): Float64Array | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every((item) => typeof item === "number") ? Float64Array.from(value) : undefined;
}

function arrayOf(value: unknown): NpyArray | undefined {
  if (typeof value === "number") return { shape: [], values: Float64Array.of(value) };
  const row = numbers(value);
  if (row !== undefined) return { shape: [row.length], values: row };
  if (!Array.isArray(value)) return undefined;
  const rows = value.map(numbers);
  const width = rows[0]?.length ?? 0;
  const values = new Float64Array(rows.length * width);
  for (const [i, cells] of rows.entries()) {
    if (cells?.length !== width) return undefined;
    values.set(cells, i * width);
  }
  return { shape: [rows.length, width], values };
}

/**
 * The arrays `names` of a profile file. Names that the file lacks are missing in the result.
 *
 * Problems: what `readNpz` refuses; JSON that is not an object, or holds under one of the names
 * something else than a number, a list of numbers or equally long lists of numbers.
 */
export function profileArrays(
  source: unknown,
  names: readonly string[],
): Result<ReadonlyMap<string, NpyArray>> {
  if (source instanceof Uint8Array) return readNpz(source, names);
  if (typeof source !== "object" || source === null || Array.isArray(source)) {
    return fail({
      what: "the profile is not a JSON object",
      expected: `an object with ${names.join(", ")}`,
    });
  }
  const fields = new Map<string, unknown>(Object.entries(source));
  const arrays = new Map<string, NpyArray>();
  for (const name of names) {
    const field = fields.get(name);
    if (field === undefined) continue;
    const array = arrayOf(field);
    if (array === undefined) {
      return fail({
        what: "the array holds something else than numbers in equal rows",
        where: name,
        expected: "a list of numbers, or a list of equally long lists of numbers",
      });
    }
    arrays.set(name, array);
  }
  return ok(arrays);
}

/** The array of that name, or a problem when it is missing or has other than `dimensions` axes. */
export function requireArray(
  arrays: ReadonlyMap<string, NpyArray>,
  name: string,
  dimensions: number,
  remedy: string,
): Result<NpyArray> {
  const array = arrays.get(name);
  if (array === undefined) return fail({ what: "the array is missing", where: name, remedy });
  if (array.shape.length === dimensions) return ok(array);
  return fail({
    what: `the array has shape (${array.shape.join(", ")})`,
    where: name,
    expected: `${dimensions} axes`,
    remedy,
  });
}
