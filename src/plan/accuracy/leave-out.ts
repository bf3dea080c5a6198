/**
 * What one scalar for each engine would change, and how well it does on groups that it was not chosen
 * on: for every engine, GPU and model family in turn the scalar is chosen on the other groups alone.
 * That is what hardware and models which no calibration saw have to expect.
 */

import type { AccuracyRow } from "./compare-runs.ts";
import { errorOf } from "./compare-runs.ts";
import { mean, quantile } from "./run-statistics.ts";

export type LeftOutGroup = {
  readonly engine: string;
  readonly gpu: string;
  /** Model family: "llama". */
  readonly models: string;
  readonly rows: number;
  /** Error as shipped, mean of |predicted/measured − 1|, and its signed mean. */
  readonly mape: number;
  readonly bias: number;
  /** Factor on the engine's token times that fits the other groups best. */
  readonly scalar: number;
  /** Error with that factor. */
  readonly scaledMape: number;
};

export type LeaveOneOut = {
  readonly groups: readonly LeftOutGroup[];
  /** Over all rows: as shipped, with a factor chosen on all groups, with one chosen on the others. */
  readonly shipped: number;
  readonly fitted: number;
  readonly leftOut: number;
};

/** "llama-3.1-70b" → "llama". */
export function modelFamily(model: string): string {
  return /^[a-z]+/i.exec(model)?.[0].toLowerCase() ?? model;
}

/** Times for an output token: of every run once. */
function isTokenTime(row: AccuracyRow): boolean {
  if (row.window !== "run" || row.suspect) return false;
  if (row.family.startsWith("inferencex")) return row.metric === "tpotP50";
  if (row.family === "silicon") return row.metric === "tpotMean";
  return row.family.startsWith("vllm") && row.metric === "itlMean";
}

function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/** The factor that brings the middle group of an engine to its measurements. */
function scalarOf(ratios: readonly number[]): number {
  return ratios.length === 0 ? 1 : 1 / median(ratios);
}

function scaledMape(rows: readonly AccuracyRow[], factor: number): number {
  return mean(rows.map((row) => Math.abs((factor * row.predicted) / row.measured - 1)));
}

type Group = { readonly key: readonly [string, string, string]; readonly rows: AccuracyRow[] };

/** "h100-sxm" and "h100" are one card. */
function cardName(gpu: string): string {
  return gpu.replace(/-sxm$/, "");
}

function groupsOf(rows: readonly AccuracyRow[]): Group[] {
  const byKey = new Map<string, Group>();
  for (const row of rows) {
    const key = [row.engine, cardName(row.gpu), modelFamily(row.model)] as const;
    const name = key.join(" ");
    const own = byKey.get(name) ?? { key, rows: [] };
    byKey.set(name, own);
    own.rows.push(row);
  }
  return [...byKey.values()].toSorted((a, b) => (a.key.join(" ") < b.key.join(" ") ? -1 : 1));
}

/**
 * Leaves one group after the other out. A factor is taken to stretch token times as a whole, which holds
 * where the GPU is busy; groups count alike, whatever their rows.
 */
export function leaveOneOut(all: readonly AccuracyRow[]): LeaveOneOut | null {
  const groups = groupsOf(all.filter(isTokenTime));
  if (groups.length === 0) return null;
  const ratioOf = ({ rows }: Group): number => median(rows.map((row) => errorOf(row) + 1));
  const ratios = groups.map((group) => ({ engine: group.key[0], group, ratio: ratioOf(group) }));
  const chosenOn = (engine: string, without?: Group): number =>
    scalarOf(
      ratios.flatMap((one) => (one.engine === engine && one.group !== without ? one.ratio : [])),
    );
  let [shipped, fitted, leftOut, count] = [0, 0, 0, 0];
  const results = groups.map((group): LeftOutGroup => {
    const [engine, gpu, models] = group.key;
    const { rows } = group;
    const scalar = chosenOn(engine, group);
    const [mape, withScalar] = [scaledMape(rows, 1), scaledMape(rows, scalar)];
    shipped += mape * rows.length;
    fitted += scaledMape(rows, chosenOn(engine)) * rows.length;
    leftOut += withScalar * rows.length;
    count += rows.length;
    const bias = mean(rows.map(errorOf));
    return { engine, gpu, models, rows: rows.length, mape, bias, scalar, scaledMape: withScalar };
  });
  return {
    groups: results,
    shipped: shipped / count,
    fitted: fitted / count,
    leftOut: leftOut / count,
  };
}
