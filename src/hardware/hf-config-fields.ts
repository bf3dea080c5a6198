import { editDistance } from "../core/index.ts";
import type { Problem } from "../core/index.ts";

/** Any JSON object, as `JSON.parse` gives it. */
export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Assumption: no size, rank or factor in a configuration reaches this; products of a few stay finite. */
const NUMBER_LIMIT = 1e15;

/** Assumption: twice the vocabularies and positions of 2026 (Llama 4: 10.5 million positions), rounded up to a power of two. */
const COUNT_LIMIT = 33_554_432;
const COUNTS = "a whole number ≥ 1";
const COUNTS_UP_TO = `a whole number from 1 to ${COUNT_LIMIT}`;

/** As it stands in the file; JSON has no word for what is no number. */
function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

/**
 * Typed reads of one JSON object. A wrong or missing field is noted in `problems` and read as 1,
 * so that one pass names every bad field and never computes with NaN.
 */
export class Fields {
  readonly json: JsonObject;
  readonly problems: Problem[];

  constructor(json: JsonObject, problems: Problem[] = []) {
    this.json = json;
    this.problems = problems;
  }

  has(name: string): boolean {
    return this.json[name] !== undefined && this.json[name] !== null;
  }

  /** The first present of several names as a number ≥ 0 that a model could have. */
  number(...names: string[]): number {
    for (const name of names) {
      if (!this.has(name)) continue;
      const value = this.json[name];
      if (typeof value === "number" && value >= 0 && value < NUMBER_LIMIT) return value;
      return this.bad(name, `is ${shown(value)}`, "a number ≥ 0 and below 10^15");
    }
    return this.bad(names.join(" or "), "is missing", "a number");
  }

  /** A count: a whole number from 1 to `COUNT_LIMIT`. */
  count(...names: string[]): number {
    const name = names.find((one) => this.has(one));
    if (name === undefined) return this.bad(names.join(" or "), "is missing", COUNTS);
    const value = this.json[name];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) {
      return value <= COUNT_LIMIT ? value : this.bad(name, `is ${value}`, COUNTS_UP_TO);
    }
    const isQuoted = typeof value === "string" && /^\d+$/.test(value);
    const quotes = isQuoted ? `; ${value} without the quotes` : "";
    return this.bad(name, `is ${shown(value)}`, COUNTS + quotes);
  }

  numberOr(fallback: number, ...names: string[]): number {
    return names.some((name) => this.has(name)) ? this.number(...names) : fallback;
  }

  countOr(fallback: number, ...names: string[]): number {
    return names.some((name) => this.has(name)) ? this.count(...names) : fallback;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.json[name];
    if (value === undefined || value === null) return fallback;
    if (typeof value === "boolean") return value;
    this.bad(name, `is ${JSON.stringify(value)}`, "true or false");
    return fallback;
  }

  textOr(fallback: string, name: string): string {
    const value = this.json[name];
    return typeof value === "string" ? value : fallback;
  }

  object(name: string): Fields | undefined {
    const value = this.json[name];
    return isObject(value) ? new Fields(value, this.problems) : undefined;
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.json[name];
    return Array.isArray(value) ? value : undefined;
  }

  /** Notes a field that cannot be so beside the others. */
  reject(where: string, what: string, expected: string): void {
    // Layers of one kind say it once.
    if (this.problems.some((problem) => problem.where === where)) return;
    this.problems.push({ what, where, expected });
  }

  private bad(where: string, what: string, expected: string): number {
    const whole = { what: `${where} ${what}`, where, expected };
    this.problems.push({ ...whole, remedy: "take config.json as the model's page publishes it" });
    return 1;
  }
}

/** Letters and digits only: "llama4" and "Llama-4" are alike. */
function letters(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** The known word nearest to `word`: one that begins with it, else the least edits away. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const wanted = letters(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const other = letters(candidate);
    const isLonger = wanted.length >= 3 && other.startsWith(wanted);
    const distance = isLonger ? other.length / 1000 : editDistance(wanted, other);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}
