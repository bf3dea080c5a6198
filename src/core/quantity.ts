/**
 * Texts with units as numbers: "900 GB/s", "141 GiB", "2.2 us", "400 Gb/s", "$2.50/hour", "989
 * TFLOPS".
 *
 * Not exported from index.ts: mathjs takes half a second to load. The edges import this file when a
 * document holds such a text.
 */
import { bignumberDependencies, create, createUnitDependencies, unitDependencies } from "mathjs";
import type { Unit } from "mathjs";
import { fail, ok } from "./result.ts";
import type { Failed, Result } from "./result.ts";
import type { QuantityUnit } from "./units.ts";

// An own instance: the units added below are seen by nobody else. Decimal arithmetic, so that
// "2.2 us" is 2.2 and not 2.1999999999999997.
const math = create(
  { ...bignumberDependencies, ...createUnitDependencies, ...unitDependencies },
  { number: "BigNumber" },
);
math.createUnit("usd");
math.createUnit("token", { aliases: ["tokens"] });
math.createUnit("flop", { prefixes: "short" });

type Dimension = { readonly name: string; readonly unit: string; readonly example: string };

const DIMENSIONS: { readonly [unit in QuantityUnit]: Dimension } = {
  us: { name: "a time", unit: "us", example: "50 ms" },
  s: { name: "a time", unit: "s", example: "50 ms" },
  byte: { name: "a data size", unit: "B", example: "141 GiB" },
  "byte/s": { name: "a data rate", unit: "B/s", example: "900 GB/s" },
  token: { name: "a number of tokens", unit: "token", example: "8192 tokens" },
  usd: { name: "an amount of money", unit: "usd", example: "$2.50" },
  "usd/hour": { name: "a price per time", unit: "usd/hour", example: "$2.50/hour" },
  "flop/s": { name: "a compute rate", unit: "flop/s", example: "989 TFLOPS" },
  W: { name: "a power", unit: "W", example: "700 W" },
  fraction: { name: "a fraction", unit: "", example: "90 %" },
};

const LENGTH_LIMIT = 100; // assumption: no quantity is longer; keeps messages and parsing short
const QUANTITY = /^(-?)(\$?)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$/u;

/**
 * Reads a text as a number in `unit`. A number without a unit is taken to be in `unit` already. GB
 * is 10^9 bytes, GiB 2^30 bytes, Gb 10^9 bits; a month is 1/12 year.
 *
 * Errors: no number, an unknown unit, a unit of another dimension, a result beyond the range of
 * numbers; each with the text, the dimension expected and an example.
 */
export function parseQuantity(text: string, unit: QuantityUnit): Result<number> {
  const trimmed = text.trim();
  if (trimmed.length > LENGTH_LIMIT) {
    return refuse(`${trimmed.slice(0, LENGTH_LIMIT)}…`, unit, "is too long for a quantity");
  }
  const match = QUANTITY.exec(trimmed);
  if (match === null) return refuse(trimmed, unit, "does not start with a number");
  const [, minus = "", dollar = "", digits = "", rest = ""] = match;
  const number = `${minus}${digits}`;
  const unitText = dollar === "" ? usualSpelling(rest) : `usd ${usualSpelling(rest)}`.trim();
  if (!Number.isFinite(Number(number))) return refuse(trimmed, unit, "is not a finite number");
  if (unitText === "") return ok(Number(number) + 0);
  if (unitText === "%" && unit === "fraction") {
    return ok(math.bignumber(number).div(100).toNumber());
  }
  const target = DIMENSIONS[unit].unit;
  const given = parseUnit(number, unitText);
  if (given === undefined) return refuse(trimmed, unit, `has the unknown unit "${rest}"`);
  if (target === "" || !given.equalBase(math.unit(target))) {
    return refuse(trimmed, unit, `is ${dimensionOf(given)}, not ${DIMENSIONS[unit].name}`);
  }
  const value = Number(given.toNumeric(target));
  if (!Number.isFinite(value)) return refuse(trimmed, unit, "is beyond the range of numbers");
  return ok(value);
}

/** Spellings of the field in mathjs's terms. */
function usualSpelling(unitText: string): string {
  return unitText
    .trim()
    .replace(/[µμ]s\b/gu, "us")
    .replace(/\s*\bper\b\s*/gu, "/")
    .replace(/\b([kKMGTP]i?)bits?\b/gu, "$1b")
    .replace(/\bUSD\b|\$/gu, "usd")
    .replace(/\b([kKMGTP]i?)bps\b/gu, "$1b/s")
    .replace(/\b([kKMGTP]i?)Bps\b/gu, "$1B/s")
    .replace(/\bK([bB])\b/gu, "k$1")
    .replace(/\b([kMGTPE]?)FLOPs?\/s\b/giu, "$1flop/s")
    .replace(/\b([kMGTPE]?)FLOPS\b/gu, "$1flop/s");
}

function parseUnit(number: string, unitText: string): Unit | undefined {
  try {
    return math.unit(math.bignumber(number), unitText);
  } catch {
    return undefined;
  }
}

function dimensionOf(given: Unit): string {
  const same = Object.values(DIMENSIONS).find(
    ({ unit }) => unit !== "" && given.equalBase(math.unit(unit)),
  );
  return same === undefined ? "of another dimension" : same.name;
}

function refuse(text: string, unit: QuantityUnit, why: string): Failed {
  const { name, unit: target, example } = DIMENSIONS[unit];
  return fail({
    what: `"${text}" ${why}`,
    expected: target === "" ? name : `${name}, or a plain number in ${unit}`,
    remedy: `write it like "${example}"`,
  });
}
