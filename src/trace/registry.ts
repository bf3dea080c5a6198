import { fail, ok, type Problem, type Result } from "../core/index.ts";
import { FORMATS, type FormatName } from "./import-options.ts";
import { nearestName } from "./nearest-name.ts";

/** A public trace that `headworks trace fetch` can bring. */
export type RegistryEntry = {
  readonly name: string;
  readonly title: string;
  /** Where to get it, tried in order. */
  readonly urls: readonly string[];
  /** Name of the file it becomes. */
  readonly file: string;
  readonly format: FormatName;
  readonly licence: string;
  readonly citation: string;
  /** Of the file as it is served; absent where no trusted copy could be hashed. */
  readonly sha256?: string;
  readonly bytes?: number;
  readonly rows?: number;
  /** Tokens per block id, where rows have them. */
  readonly blockSize?: number;
};

const TEXT_KEYS = ["name", "title", "file", "format", "licence", "citation"] as const;
const NUMBER_KEYS = ["bytes", "rows", "blockSize"] as const;
const KEYS: readonly string[] = [...TEXT_KEYS, ...NUMBER_KEYS, "urls", "sha256"];

/** Checks the parsed text of a registry file (`{"v": 1, "traces": […]}`). */
export function parseRegistry(document: unknown): Result<readonly RegistryEntry[]> {
  const traces = isRecord(document) && document["v"] === 1 ? document["traces"] : undefined;
  if (!Array.isArray(traces)) {
    return fail({ what: "this is no trace registry", expected: '{"v": 1, "traces": […]}' });
  }
  const entries: RegistryEntry[] = [];
  const names = new Set<string>();
  for (const [i, value] of (traces as unknown[]).entries()) {
    const where = `traces[${i}]`;
    const entry = parseEntry(value, where);
    if (!entry.ok) return entry;
    if (names.has(entry.value.name)) {
      return fail({ what: `the name ${entry.value.name} is used twice`, where });
    }
    names.add(entry.value.name);
    entries.push(entry.value);
  }
  return ok(entries);
}

/** The entry of a name, or a problem that suggests the nearest one. */
export function findRegistered(
  entries: readonly RegistryEntry[],
  name: string,
): Result<RegistryEntry> {
  const found = entries.find((entry) => entry.name === name);
  if (found !== undefined) return ok(found);
  const names = entries.map((entry) => entry.name);
  const nearest = nearestName(name, names);
  return fail({
    what: `no public trace is registered as ${JSON.stringify(name)}`,
    expected: `one of ${names.join(", ")}`,
    ...(nearest === undefined ? {} : { remedy: `did you mean ${nearest}?` }),
  });
}

function parseEntry(value: unknown, where: string): Result<RegistryEntry> {
  if (!isRecord(value)) return fail({ what: "an entry is no object", where });
  const problem = checkEntry(value, where);
  // checkEntry has tested every key of the type, and that there is no other.
  return problem === undefined ? ok(value as RegistryEntry) : fail(problem);
}

function checkEntry(entry: Fields, where: string): Problem | undefined {
  const unknown = Object.keys(entry).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return { what: `unknown key ${unknown}`, where };
  for (const key of TEXT_KEYS) {
    const text = entry[key];
    if (typeof text !== "string" || text === "") {
      return { what: `${key} is missing`, where: `${where}.${key}`, expected: "a text" };
    }
  }
  for (const key of NUMBER_KEYS) {
    const count = entry[key];
    if (count !== undefined && !(Number.isSafeInteger(count) && (count as number) > 0)) {
      return { what: `${key} is no count`, where: `${where}.${key}`, expected: "a whole number" };
    }
  }
  return checkPlaces(entry, where);
}

/** The fields that decide what is downloaded, and under which name it is written. */
function checkPlaces(entry: Fields, where: string): Problem | undefined {
  const { urls, sha256, file, format } = entry;
  const isWeb = (url: unknown): boolean => typeof url === "string" && /^https?:\/\/\S+$/.test(url);
  if (!Array.isArray(urls) || urls.length === 0 || !urls.every(isWeb)) {
    const expected = "one or more http or https addresses";
    return { what: "urls cannot be used", where: `${where}.urls`, expected };
  }
  if (sha256 !== undefined && !(typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256))) {
    const expected = "64 hex digits, lower case";
    return { what: "sha256 is no hash", where: `${where}.sha256`, expected };
  }
  if (!/^[A-Za-z0-9][\w.-]*$/.test(file as string)) {
    const expected = "a plain file name: letters, digits, dot, dash";
    return { what: `file is ${JSON.stringify(file)}`, where: `${where}.file`, expected };
  }
  if (!FORMATS.some((known) => known === format)) {
    const expected = `one of ${FORMATS.join(", ")}`;
    return { what: `format is ${String(format)}`, where: `${where}.format`, expected };
  }
  return undefined;
}

type Fields = {
  readonly [key in keyof RegistryEntry]?: unknown;
};

function isRecord(value: unknown): value is Fields & { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
