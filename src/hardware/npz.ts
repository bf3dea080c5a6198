/** Numeric arrays out of NumPy files: `.npy` (versions 1 to 3) and `.npz` (a zip of them). */
import { unzipSync } from "fflate/browser";
import { fail, ok, type Result } from "../core/index.ts";

/** One array, in C order whatever the file had. `shape` is empty for a scalar. */
export type NpyArray = { readonly shape: readonly number[]; readonly values: Float64Array };

// Assumption: limits far above any profile (100 × 100 grids), far below what exhausts a browser.
const MEMBERS_MAX = 256;
const BYTES_MAX = 64 * 1024 * 1024;

const REMEDY = 'write the file with numpy.savez("profile.npz", name=array, …)';

type NpyHeader = { descr: string; fortranOrder: boolean; shape: number[]; dataOffset: number };

function ascii(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The dictionary literal in front of the data, e.g. `{'descr': '<f8', …, 'shape': (3, 4), }`. */
function parseHeader(bytes: Uint8Array, where: string): Result<NpyHeader> {
  if (bytes.length < 10 || ascii(bytes.subarray(0, 6)) !== "\x93NUMPY") {
    return fail({ what: "not a NumPy array", where, expected: "bytes 93 4E 55 4D 50 59 first" });
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) {
    return fail({ what: `unknown NPY version ${version}`, where, expected: "version 1, 2 or 3" });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) return fail({ what: "the array is cut off", where });
  const dataOffset = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (dataOffset > bytes.length) return fail({ what: "the array's header is cut off", where });
  const text = ascii(bytes.subarray(start, dataOffset));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || dims === undefined) {
    return fail({
      what: "the array's header cannot be read",
      where,
      expected: "descr, fortran_order and shape of one plain numeric type",
      remedy: REMEDY,
    });
  }
  const shape = dims
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(Number);
  return ok({ descr, fortranOrder: order === "True", shape, dataOffset });
}

type Reader = { size: number; at: (view: DataView, offset: number, little: boolean) => number };

const READERS: Readonly<Record<string, Reader>> = {
  f4: { size: 4, at: (view, offset, little) => view.getFloat32(offset, little) },
  f8: { size: 8, at: (view, offset, little) => view.getFloat64(offset, little) },
  i1: { size: 1, at: (view, offset) => view.getInt8(offset) },
  u1: { size: 1, at: (view, offset) => view.getUint8(offset) },
  i2: { size: 2, at: (view, offset, little) => view.getInt16(offset, little) },
  u2: { size: 2, at: (view, offset, little) => view.getUint16(offset, little) },
  i4: { size: 4, at: (view, offset, little) => view.getInt32(offset, little) },
  u4: { size: 4, at: (view, offset, little) => view.getUint32(offset, little) },
  i8: { size: 8, at: (view, offset, little) => Number(view.getBigInt64(offset, little)) },
  u8: { size: 8, at: (view, offset, little) => Number(view.getBigUint64(offset, little)) },
};

/** Index in the file of the element at C-order index `index`, for a Fortran-order array. */
function fortranIndex(index: number, shape: readonly number[]): number {
  let rest = index;
  let stride = 1;
  for (const size of shape) stride *= size;
  let position = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    stride /= size;
    position += (rest % size) * stride;
    rest = Math.floor(rest / size);
  }
  return position;
}

/**
 * Reads one NPY array: float and integer types of 1 to 8 bytes, either byte order, C or Fortran
 * layout. 64-bit integers beyond 2^53 are a problem, not a rounding.
 *
 * `where` names the array in problems.
 */
export function readNpy(bytes: Uint8Array, where = "array"): Result<NpyArray> {
  const parsed = parseHeader(bytes, where);
  if (!parsed.ok) return parsed;
  const { descr, fortranOrder, shape, dataOffset } = parsed.value;
  const byteOrder = descr.slice(0, 1);
  const reader = READERS[descr.slice(1)];
  if (reader === undefined || !"<>|=".includes(byteOrder)) {
    return fail({
      what: `type ${descr} is not supported`,
      where,
      expected: "a float or integer type such as <f8, <f4, <i8 or <i4",
      remedy: "convert it with array.astype(float)",
    });
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const expectedBytes = count * reader.size;
  if (bytes.length - dataOffset !== expectedBytes) {
    return fail({
      what: `the array has ${bytes.length - dataOffset} bytes of data`,
      where,
      expected: `${expectedBytes} bytes for shape (${shape.join(", ")}) of ${descr}`,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataOffset, expectedBytes);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const at = fortranOrder ? fortranIndex(i, shape) : i;
    const value = reader.at(view, at * reader.size, byteOrder !== ">");
    if (reader.size === 8 && !descr.endsWith("f8") && !Number.isSafeInteger(value)) {
      return fail({ what: `integer ${value} is too large`, where, expected: "at most 2^53 − 1" });
    }
    values[i] = value;
  }
  return ok({ shape, values });
}

/**
 * Reads the named arrays of an NPZ file (stored or deflated). Arrays that are not named are left
 * alone, whatever their type. Names that the file lacks are missing in the result.
 *
 * Problems: not a zip file, damaged, more than 256 members or 64 MiB, an array that `readNpy`
 * refuses.
 */
export function readNpz(
  bytes: Uint8Array,
  names: readonly string[],
): Result<ReadonlyMap<string, NpyArray>> {
  const wanted = new Set(names.map((name) => `${name}.npy`));
  let members = 0;
  let size = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: (file) => {
        if (++members > MEMBERS_MAX) throw new RangeError(`more than ${MEMBERS_MAX} members`);
        if (!wanted.has(file.name)) return false;
        size += file.originalSize;
        if (!(size <= BYTES_MAX)) throw new RangeError(`more than ${BYTES_MAX} bytes unpacked`);
        return true;
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail({ what: `the NPZ file cannot be unpacked (${reason})`, remedy: REMEDY });
  }
  const arrays = new Map<string, NpyArray>();
  for (const name of names) {
    const file = files[`${name}.npy`];
    if (file === undefined) continue;
    const array = readNpy(file, name);
    if (!array.ok) return array;
    arrays.set(name, array.value);
  }
  return ok(arrays);
}
