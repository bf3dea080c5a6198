/**
 * `headworks.columns.v1`: one table of typed columns as bytes.
 *
 *   0   8  magic "HWCOLS", 0x1a, 0x0a (a text-mode transfer breaks it, as in PNG)
 *   8   4  version, 1
 *   12  4  bytes of the header
 *   16  16 digest of the version, the header's length, the header and the payload
 *   32     header: JSON in ASCII, padded with spaces to a multiple of 8:
 *          {"name", "columns": [{"name", "unit"?, "type", "length"}]}
 *   …      payload: the columns in order, each padded with zeros to a multiple of 8
 *
 * All numbers are little-endian, whatever the machine.
 */
import { Digest } from "./digest.ts";
import { fail, invariant, ok } from "./result.ts";
import type { Failed, Result } from "./result.ts";

export type ColumnData =
  | Float64Array
  | Float32Array
  | Uint32Array
  | Int32Array
  | Uint16Array
  | Int16Array
  | Uint8Array
  | Int8Array;

export type TableColumn = {
  readonly name: string;
  /** Unit of the values, such as "us" or "token". */
  readonly unit?: string;
  readonly data: ColumnData;
};

/** Columns under one name; they may differ in length. */
export type ColumnTable = { readonly name: string; readonly columns: readonly TableColumn[] };

export const COLUMNS_FORMAT = "headworks.columns.v1";

const MAGIC = [0x48, 0x57, 0x43, 0x4f, 0x4c, 0x53, 0x1a, 0x0a] as const;
const VERSION = 1;
const VERSION_AT = 8;
const HEADER_BYTES_AT = 12;
const DIGEST_AT = 16;
const HEADER_AT = 32;
const ALIGN = 8;

const BYTES_OF = { f64: 8, f32: 4, u32: 4, i32: 4, u16: 2, i16: 2, u8: 1, i8: 1 } as const;
type ColumnType = keyof typeof BYTES_OF;
type HeaderColumn = {
  readonly name: string;
  readonly unit?: string;
  readonly type: ColumnType;
  readonly length: number;
};
type Header = { readonly name: string; readonly columns: readonly HeaderColumn[] };

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Writes a table as a `headworks.columns.v1` file.
 *
 * @throws InvariantError when two columns have one name
 */
export function encodeColumns(table: ColumnTable): Uint8Array {
  const columns = table.columns.map(({ name, unit, data }): HeaderColumn => {
    const column = { name, type: typeOf(data), length: data.length };
    return unit === undefined ? column : { ...column, unit };
  });
  const twice = repeatedName(columns);
  invariant(twice === undefined, `two columns named ${String(twice)} in table ${table.name}`);
  const header = asciiJson({ name: table.name, columns });
  const payloadAt = HEADER_AT + aligned(header.length);
  const bytes = new Uint8Array(payloadAt + payloadBytes(columns));
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(VERSION_AT, VERSION, true);
  view.setUint32(HEADER_BYTES_AT, payloadAt - HEADER_AT, true);
  bytes.fill(0x20, HEADER_AT, payloadAt);
  for (let i = 0; i < header.length; i++) bytes[HEADER_AT + i] = header.charCodeAt(i);
  let at = payloadAt;
  for (const { data } of table.columns) {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    bytes.set(raw, at);
    if (!LITTLE_ENDIAN) swapBytes(bytes, at, data.byteLength, data.BYTES_PER_ELEMENT);
    at += aligned(data.byteLength);
  }
  writeDigest(view);
  return bytes;
}

/**
 * Reads a `headworks.columns.v1` file. Where `bytes` is aligned to 8, the columns are views of it.
 *
 * Errors: bytes of another format or version, a truncated or lengthened file, any damaged byte.
 */
export function decodeColumns(bytes: Uint8Array): Result<ColumnTable> {
  if (bytes.length < MAGIC.length || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    return fail({
      what: "not a Headworks columns file",
      where: "byte 0",
      expected: `${COLUMNS_FORMAT}, which starts with "HWCOLS"`,
      remedy: "give a .columns file that Headworks wrote",
    });
  }
  if (bytes.length < HEADER_AT) return truncated(bytes.length, HEADER_AT);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(VERSION_AT, true);
  if (version !== VERSION) {
    return fail({
      what: `columns file of version ${version}`,
      where: `byte ${VERSION_AT}`,
      expected: `version ${VERSION}`,
      remedy: "read it with the version of Headworks that wrote it",
    });
  }
  const headerBytes = view.getUint32(HEADER_BYTES_AT, true);
  const payloadAt = HEADER_AT + headerBytes;
  if (bytes.length < payloadAt) return truncated(bytes.length, payloadAt);
  const header = parseHeader(bytes.subarray(HEADER_AT, payloadAt));
  if (header === undefined || headerBytes % ALIGN !== 0) return damaged("its header is unreadable");
  const end = payloadAt + payloadBytes(header.columns);
  if (bytes.length < end) return truncated(bytes.length, end);
  if (bytes.length > end) return damaged(`${bytes.length - end} bytes follow its end`);
  if (!digestMatches(view)) return damaged("its digest does not match");
  return ok({ name: header.name, columns: readPayload(bytes, payloadAt, header.columns) });
}

function readPayload(
  bytes: Uint8Array,
  payloadAt: number,
  columns: readonly HeaderColumn[],
): TableColumn[] {
  const copy = bytes.byteOffset % ALIGN !== 0 || !LITTLE_ENDIAN;
  const source = copy ? bytes.slice() : bytes;
  let at = payloadAt;
  return columns.map(({ name, unit, type, length }) => {
    const width = BYTES_OF[type];
    if (!LITTLE_ENDIAN) swapBytes(source, at, length * width, width);
    const data = columnOver(type, source.buffer, source.byteOffset + at, length);
    at += aligned(length * width);
    return unit === undefined ? { name, data } : { name, unit, data };
  });
}

function typeOf(data: ColumnData): ColumnType {
  if (data instanceof Float64Array) return "f64";
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Uint32Array) return "u32";
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Uint16Array) return "u16";
  if (data instanceof Int16Array) return "i16";
  return data instanceof Uint8Array ? "u8" : "i8";
}

function columnOver(type: ColumnType, buffer: ArrayBufferLike, at: number, n: number): ColumnData {
  switch (type) {
    case "f64":
      return new Float64Array(buffer, at, n);
    case "f32":
      return new Float32Array(buffer, at, n);
    case "u32":
      return new Uint32Array(buffer, at, n);
    case "i32":
      return new Int32Array(buffer, at, n);
    case "u16":
      return new Uint16Array(buffer, at, n);
    case "i16":
      return new Int16Array(buffer, at, n);
    case "u8":
      return new Uint8Array(buffer, at, n);
    case "i8":
      return new Int8Array(buffer, at, n);
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}

function payloadBytes(columns: readonly HeaderColumn[]): number {
  return columns.reduce((sum, { type, length }) => sum + aligned(length * BYTES_OF[type]), 0);
}

function repeatedName(columns: readonly HeaderColumn[]): string | undefined {
  const seen = new Set<string>();
  return columns.find(({ name }) => seen.size === seen.add(name).size)?.name;
}

function asciiJson(header: Header): string {
  return JSON.stringify(header).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The header, or undefined when anything about it is wrong. */
function parseHeader(bytes: Uint8Array): Header | undefined {
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7e) return undefined;
    text += String.fromCharCode(byte);
  }
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(header) || typeof header["name"] !== "string") return undefined;
  const { name, columns } = header;
  if (!Array.isArray(columns) || !columns.every(isHeaderColumn)) return undefined;
  return repeatedName(columns) === undefined ? { name, columns } : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHeaderColumn(value: unknown): value is HeaderColumn {
  if (!isRecord(value)) return false;
  const { name, unit, type, length } = value;
  return (
    typeof name === "string" &&
    (unit === undefined || typeof unit === "string") &&
    typeof type === "string" &&
    Object.hasOwn(BYTES_OF, type) &&
    typeof length === "number" &&
    Number.isSafeInteger(length) &&
    length >= 0
  );
}

function digestWords(view: DataView): number[] {
  const digest = new Digest();
  const words = view.byteLength - (view.byteLength % 4);
  for (let at = VERSION_AT; at < DIGEST_AT; at += 4) digest.addU32(view.getUint32(at, true));
  for (let at = HEADER_AT; at < words; at += 4) digest.addU32(view.getUint32(at, true));
  const hex = digest.hex();
  return [0, 8, 16, 24].map((from) => parseInt(hex.slice(from, from + 8), 16));
}

function writeDigest(view: DataView): void {
  digestWords(view).forEach((word, i) => view.setUint32(DIGEST_AT + 4 * i, word, true));
}

function digestMatches(view: DataView): boolean {
  return digestWords(view).every((word, i) => view.getUint32(DIGEST_AT + 4 * i, true) === word);
}

function swapBytes(bytes: Uint8Array, from: number, length: number, width: number): void {
  for (let at = from; at < from + length; at += width) bytes.subarray(at, at + width).reverse();
}

function truncated(has: number, needs: number): Failed {
  return fail({
    what: "truncated columns file",
    where: `byte ${has}`,
    expected: `at least ${needs} bytes`,
    remedy: "copy or write the file again",
  });
}

function damaged(how: string): Failed {
  return fail({
    what: `damaged columns file: ${how}`,
    expected: COLUMNS_FORMAT,
    remedy: "copy or write the file again",
  });
}
