/**
 * LoRA adapters in traffic: which adapter a request asks for, that prefixes of different adapters are different, and how many
 * adapters a batch may hold.
 */

import { fail, ok, stream } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import type { Trace } from "../trace/index.ts";
import { AT_NEXT, AT_ROW } from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import { RowDraws } from "./row-draws.ts";
import type { Scenario } from "./scenario.ts";
import type { SimulationInputs } from "./simulation-inputs.ts";
import { SlotList } from "./slot-list.ts";

/** The model itself, without an adapter. */
const BASE = 0;
/** Ids of prefix blocks are 32 bits wide. */
const IDS_MOST = 0xffff_ffff;

/** The adapter of every row, 1 to their number, 0: none; `undefined`: the traffic asks for none. */
export function adapterDraws(scenario: Scenario, trace: Trace | undefined): RowDraws | undefined {
  const { adapters } = scenario.traffic;
  if (adapters === null) return undefined;
  return new RowDraws(trace, (kind) => {
    const random = stream(scenario.seed, `adapters/${kind}`);
    return () => {
      if (random.next() >= adapters.share) return BASE;
      if (adapters.zipf === 0) return 1 + random.int(adapters.count);
      return random.zipf(adapters.count, adapters.zipf);
    };
  });
}

/**
 * The inputs with block ids of their own for every adapter: a prompt computed with one says nothing of what it is with
 * another. Errors: more ids than fit.
 */
export function withAdapterPrefixes(inputs: SimulationInputs): Result<SimulationInputs> {
  const { scenario, trace } = inputs;
  const draws = adapterDraws(scenario, trace);
  if (draws === undefined || trace?.hashes === undefined) return ok(inputs);
  const { rowStart, start, idCount } = trace.hashes;
  const ids = idCount * (1 + (scenario.traffic.adapters?.count ?? 0));
  if (ids > IDS_MOST) {
    return fail({
      what: `${idCount} prefix blocks for each adapter are too many to tell apart`,
      where: "traffic.adapters.count",
      expected: `at most ${Math.floor(IDS_MOST / idCount) - 1}`,
      remedy: "name fewer adapters, or replay a part of the trace",
    });
  }
  const salted = start.slice();
  for (let row = 0; row < trace.rows; row++) {
    const offset = draws.at(row) * idCount;
    if (offset === 0) continue;
    for (let run = rowStart[row]!; run < rowStart[row + 1]!; run++) salted[run]! += offset;
  }
  const hashes = { ...trace.hashes, start: salted, idCount: ids };
  return ok({ ...inputs, trace: { ...trace, hashes } });
}

/** What a pool's batches know of adapters. */
export type AdapterRules = {
  readonly draws: RowDraws;
  readonly slots: number;
  /** How long a step waits for an adapter that is in no slot, µs. */
  readonly loadUs: number;
};

/**
 * Running requests that are counted by adapter, and the adapters in the GPU's slots. An adapter stays in its slot when nobody
 * runs with it any more, until another needs the slot: the one used longest ago goes (vLLM's LRU). Engines load an
 * adapter in front of the first step that needs it, and the whole step waits.
 */
export class AdapterList extends SlotList {
  private readonly requests: RequestTable;
  private readonly rules: AdapterRules;
  /** Running requests of each adapter in use. */
  private readonly running = new Map<number, number>();
  /** Adapters in the slots, the one used longest ago first. */
  private readonly resident = new Set<number>();
  /** Loads since the start, and those that no step has waited for yet. */
  loads = 0;
  private pending = 0;

  constructor(table: RequestTable, rules: AdapterRules) {
    super(table);
    this.requests = table;
    this.rules = rules;
  }

  override pushBack(slot: number): void {
    super.pushBack(slot);
    this.count(slot, 1);
  }

  override pushFront(slot: number): void {
    super.pushFront(slot);
    this.count(slot, 1);
  }

  override remove(slot: number): void {
    super.remove(slot);
    this.count(slot, -1);
  }

  /** The first waiting request from `head` on whose adapter is in use or has a slot left; −1: none. */
  firstRunnable(head: number): number {
    const { data } = this.requests;
    for (let slot = head; slot >= 0; slot = data[slot + AT_NEXT]!) {
      const adapter = this.adapterOf(slot);
      if (adapter === BASE || this.running.has(adapter)) return slot;
      if (this.running.size < this.rules.slots) return slot;
    }
    return -1;
  }

  private adapterOf(slot: number): number {
    return this.rules.draws.at(this.requests.data[slot + AT_ROW]!);
  }

  private count(slot: number, change: number): void {
    const adapter = this.adapterOf(slot);
    if (adapter === BASE) return;
    const requests = (this.running.get(adapter) ?? 0) + change;
    if (requests === 0) this.running.delete(adapter);
    else this.running.set(adapter, requests);
    if (!this.resident.delete(adapter)) this.load();
    this.resident.add(adapter);
  }

  /** Makes room for an adapter that is in no slot. */
  private load(): void {
    this.loads++;
    this.pending++;
    for (const adapter of this.resident) {
      if (this.resident.size < this.rules.slots) return;
      if (!this.running.has(adapter)) this.resident.delete(adapter);
    }
  }

  /** How long the step being put together waits for adapters, µs; asked once a step. */
  takeLoadUs(): number {
    const us = this.pending * this.rules.loadUs;
    this.pending = 0;
    return us;
  }
}
