/**
 * Rows of a trace that ask for workers: by a pin, as Dynamo's `nvext` has them, or by a list of those that are allowed. Each
 * desk heeds what names workers behind it: a pin of a prefill worker says nothing about who gives the answer. A worker stands for
 * all its ranks where these are apart.
 *
 * Source: `dynamo-policies.md` 1.4 and 5.5; lib/llm's `pinned_worker_hint` (2026): for a prompt `prefill_worker_id`, for an
 * answer and for whole requests `decode_worker_id`, and for all of them `backend_instance_id` where that one is not told.
 */

import type { Problem } from "../core/index.ts";
import { workerBits } from "../policies/index.ts";
import type { RouterRequest, RouterRole } from "../policies/index.ts";
import type { RowPins, Trace } from "../trace/index.ts";
import type { Pool } from "./pool.ts";
import type { Scenario } from "./scenario.ts";

export class DeskPins {
  private readonly own: Int32Array | undefined;
  private readonly any: Int32Array | undefined;
  private readonly codes: Uint16Array | undefined;
  /** Of each list: the workers behind this desk, by place; undefined: it has none of them and leaves the desk free. */
  private readonly bits: readonly (Uint32Array | undefined)[];
  /** First place behind the desk of each worker, −1: it is not here; and its ranks by that place, where it has several. */
  private readonly placeOf: Int32Array;
  private readonly ranksAt = new Map<number, Uint32Array>();

  /** `ids`: by place behind the desk, the number of the worker, or of the worker whose rank it is. */
  constructor(
    { any, prefill, decode, allowed }: RowPins,
    ids: readonly number[],
    role: RouterRole,
  ) {
    this.own = role === "prefill" ? prefill : decode;
    this.any = any;
    this.codes = allowed?.codes;
    this.placeOf = new Int32Array(Math.max(0, ...ids) + 1).fill(-1);
    const places = new Map<number, number[]>();
    ids.forEach((id, place) => {
      const known = places.get(id);
      if (known === undefined) places.set(id, [place]);
      else known.push(place);
    });
    for (const [id, own] of places) {
      const first = own[0]!;
      this.placeOf[id] = first;
      if (own.length > 1) this.ranksAt.set(first, workerBits(own, ids.length));
    }
    this.bits = (allowed?.lists ?? []).map((list) => {
      const here = list.flatMap((id) => places.get(id) ?? []);
      return here.length === 0 ? undefined : workerBits(here, ids.length);
    });
  }

  /** Writes down what a row asks for. */
  apply(request: RouterRequest, row: number): void {
    const pin = this.pin(row);
    const ranks = this.ranksAt.get(pin);
    if (pin >= 0 && ranks === undefined) request.pinned = pin;
    request.allowed = ranks ?? this.list(row);
  }

  /** Whether a row pins one of the workers here. */
  hasPin(row: number): boolean {
    return this.pin(row) >= 0;
  }

  /** Whether a row lists workers here. */
  hasList(row: number): boolean {
    return this.list(row) !== undefined;
  }

  /** Whether a row pins a worker here that its own list leaves out. */
  contradicts(row: number): boolean {
    const pin = this.pin(row);
    const list = this.list(row);
    if (pin < 0 || list === undefined) return false;
    return ((list[pin >>> 5]! >>> (pin & 31)) & 1) === 0;
  }

  private pin(row: number): number {
    const own = this.place(this.own?.[row] ?? -1);
    return own >= 0 ? own : this.place(this.any?.[row] ?? -1);
  }

  private list(row: number): Uint32Array | undefined {
    return this.bits[this.codes?.[row] ?? 0];
  }

  private place(id: number): number {
    return id < 0 || id >= this.placeOf.length ? -1 : this.placeOf[id]!;
  }
}

/** The pins that a desk in front of some pools heeds; undefined: none. */
export function deskPins(
  { router }: Scenario,
  trace: Trace | undefined,
  pools: readonly Pool[],
  role: RouterRole,
): DeskPins | undefined {
  if (!router.trace_pins || trace?.pins === undefined) return undefined;
  return new DeskPins(trace.pins, idsOf(pools), role);
}

function idsOf(pools: readonly Pool[]): readonly number[] {
  return pools.flatMap(({ workers, ranks, firstWorker }) =>
    workers.map((_, row) => firstWorker + Math.floor(row / ranks)),
  );
}

/** The first row of a trace that asks for what this cluster cannot give; undefined: none does. */
export function checkPins(
  { router }: Scenario,
  trace: Trace | undefined,
  pools: readonly Pool[],
): Problem | undefined {
  const { pins } = trace ?? {};
  if (!router.trace_pins || trace === undefined || pins === undefined) return undefined;
  const groups = (["mixed", "prefill", "decode"] as const)
    .map((role) => ({ role, of: pools.filter((pool) => pool.role === role) }))
    .filter(({ of }) => of.length > 0)
    .map(({ role, of }) => ({ role, ids: idsOf(of) }));
  const all = groups.flatMap(({ ids }) => ids);
  const at = (row: number, what: string, expected: string): Problem => ({
    what,
    where: `${trace.header.name}, row ${String(row + 1)} in order of arrival`,
    expected,
    remedy: "correct the row, or set router.trace_pins=false to route all rows freely",
  });
  for (const { key, column, role } of pinnedColumns(pins)) {
    const group = groups.find((one) => one.role === role);
    // Where every worker serves whole requests there is no prefill worker to pin, and Dynamo does not look.
    if (role === "prefill" && group === undefined) continue;
    const known = new Set(group?.ids ?? all);
    const row = column.findIndex((id) => id >= 0 && !known.has(id));
    if (row < 0) continue;
    const kind = group === undefined ? "worker" : `${role} worker`;
    return at(row, `${key} is ${String(column[row]!)}, which is no ${kind} here`, numbersOf(known));
  }
  const known = new Set(all);
  for (const [code, list] of (pins.allowed?.lists ?? []).entries()) {
    const stray = list.find((id) => !known.has(id));
    const row = stray === undefined ? -1 : pins.allowed!.codes.indexOf(code);
    if (row < 0) continue;
    const what = `allowed_workers has ${String(stray!)}, which is no worker here`;
    return at(row, what, numbersOf(known));
  }
  for (const { role, ids } of groups) {
    const desk = new DeskPins(pins, ids, role);
    for (let row = 0; row < trace.rows; row++) {
      if (!desk.contradicts(row)) continue;
      const what = "the worker that the row pins is not among its allowed_workers";
      return at(row, what, "a pin that the list has");
    }
  }
  return undefined;
}

function pinnedColumns({ any, prefill, decode }: RowPins) {
  return [
    ...(any === undefined ? [] : [{ key: "backend_instance_id", column: any, role: undefined }]),
    ...(prefill === undefined
      ? []
      : [{ key: "prefill_worker_id", column: prefill, role: "prefill" as const }]),
    ...(decode === undefined
      ? []
      : [{ key: "decode_worker_id", column: decode, role: "decode" as const }]),
  ];
}

/** Worker numbers in words: those of a group follow each other. */
function numbersOf(ids: ReadonlySet<number>): string {
  const list = [...ids].sort((a, b) => a - b);
  const isRow = list.at(-1)! - list[0]! === list.length - 1;
  if (list.length === 1) return `number ${String(list[0]!)}`;
  return isRow
    ? `a number from ${String(list[0]!)} to ${String(list.at(-1)!)}`
    : `one of ${list.join(", ")}`;
}
