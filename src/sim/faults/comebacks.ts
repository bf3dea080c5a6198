/**
 * When workers that are away come back: after a set time, or when their weights are loaded and the rest of their start is done. Weights begin to
 * load when the machine is there again.
 */

import { EventQueue } from "../../core/index.ts";
import type { ClusterNetwork } from "../network/index.ts";
import type { Pool } from "../pool.ts";
import type { FaultKind } from "./fault-log.ts";
import type { Worker } from "../worker.ts";
import type { FaultKnobs } from "./fault-schema.ts";
import { WeightLoads, weightsPlace } from "./weight-loads.ts";

const US_PER_S = 1e6;
const BYTES_PER_GB = 1e9;
const US_PER_GB_PER_GB_S = 1e-3;
/** A worker is back; its machine is, and its weights begin to load. */
const EV_UP = 0;
const EV_LOAD = 1;

export type ComebackParts = {
  readonly knobs: FaultKnobs;
  readonly poolOf: readonly Pool[];
  readonly net: ClusterNetwork | undefined;
  /** By number. */
  readonly workers: readonly Worker[];
};

export class Comebacks {
  private readonly parts: ComebackParts;
  private readonly timers = new EventQueue();
  private readonly weights: WeightLoads | undefined;
  /** Of each worker: time until it is back, or (`loads`) until its weights begin to load; Infinity: for good. */
  private readonly awayUs: Float64Array;
  private readonly loads: Uint8Array;
  /** Ranks that are ready and wait for others in lock step with them, and those that come back now. */
  private readonly ready = new Set<number>();
  private readonly rising: number[] = [];

  constructor(parts: ComebackParts) {
    this.parts = parts;
    this.weights = parts.net && new WeightLoads(parts.net, parts.knobs);
    this.awayUs = new Float64Array(parts.poolOf.length).fill(Infinity);
    this.loads = new Uint8Array(parts.poolOf.length);
  }

  /** Time of the next event, µs. */
  get nextUs(): number {
    return Math.min(this.timers.timeUs, this.weights?.nextUs ?? Infinity);
  }

  /** Settles how long a worker will be away that a fault takes, from the moment in which it does. */
  plan(id: number, kind: FaultKind, lastsUs: number): void {
    const isTimed = kind === "kill" || kind === "drain" || (kind === "crash" && lastsUs < Infinity);
    const startsAtOnce = kind === "crash" || (kind === "cold_start" && lastsUs === Infinity);
    const outUs = startsAtOnce && !isTimed ? 0 : lastsUs;
    this.loads[id] = !isTimed && outUs < Infinity && this.placeOf(id) !== undefined ? 1 : 0;
    this.awayUs[id] = isTimed || this.loads[id] === 1 ? outUs : outUs + this.restartUs(id);
  }

  /** The worker is away from now on, as planned. */
  begin(id: number, nowUs: number): void {
    this.cancel(id, nowUs);
    const atUs = nowUs + this.awayUs[id]!;
    if (atUs === Infinity) return;
    if (this.loads[id] === 0) this.timers.schedule(id, atUs, EV_UP);
    else if (atUs === nowUs) this.load(id, nowUs);
    else this.timers.schedule(id, atUs, EV_LOAD);
  }

  /** Whether a worker that is away will be back. */
  isComing(id: number): boolean {
    if (this.ready.has(id)) return true;
    return this.timers.isPending(id) || this.weights?.isLoading(id) === true;
  }

  /** The next worker that is back at `nowUs`, −1: no more are. */
  pop(nowUs: number): number {
    const startupUs = Math.max(1, Math.round(this.parts.knobs.startup_s * US_PER_S));
    while (this.rising.length > 0 || this.timers.timeUs === nowUs) {
      if (this.rising.length > 0) return this.rising.pop()!;
      const { kind } = this.timers;
      const id = this.timers.pop();
      if (kind === EV_UP) this.isReady(id);
      else this.load(id, nowUs);
    }
    const { weights } = this;
    if (weights === undefined) return -1;
    for (let id = weights.pop(nowUs); id >= 0; id = weights.pop(nowUs)) {
      this.timers.schedule(id, nowUs + startupUs, EV_UP);
    }
    return -1;
  }

  /** A worker could come back; of ranks in lock step none does before all can. */
  private isReady(id: number): void {
    const mates = this.parts.workers[id]!.lockStep?.ranks.map((rank) => rank.id) ?? [id];
    this.ready.add(id);
    if (!mates.every((mate) => this.ready.has(mate))) return;
    for (const mate of mates.toReversed()) {
      this.ready.delete(mate);
      this.rising.push(mate);
    }
  }

  private cancel(id: number, nowUs: number): void {
    this.ready.delete(id);
    this.timers.cancel(id);
    this.weights?.cancel(id, nowUs);
  }

  /** Memory that a worker's weights come from; undefined: how long they take is known without links. */
  private placeOf(id: number): number | undefined {
    const { knobs, net } = this.parts;
    if (knobs.restart_s !== null || this.weightBytes(id) === 0) return undefined;
    return weightsPlace(knobs, net, id);
  }

  private load(id: number, nowUs: number): void {
    const { gpusPerWorker } = this.parts.poolOf[id]!.engine;
    const bytes = Math.ceil(this.weightBytes(id) * gpusPerWorker);
    this.weights!.begin(id, this.placeOf(id)!, bytes, gpusPerWorker, nowUs);
  }

  /** Of a GPU: as the scenario says, or those of the fullest. */
  private weightBytes(id: number): number {
    const { knobs, poolOf } = this.parts;
    if (knobs.weights_gb !== null) return knobs.weights_gb * BYTES_PER_GB;
    return poolOf[id]!.engine.facts.gpuMemory?.weightBytes ?? 0;
  }

  private restartUs(id: number): number {
    const { knobs } = this.parts;
    if (knobs.restart_s !== null) return Math.max(1, Math.round(knobs.restart_s * US_PER_S));
    const loadUs = (this.weightBytes(id) * US_PER_GB_PER_GB_S) / knobs.weights_gb_per_s;
    return Math.max(1, Math.round(loadUs + knobs.startup_s * US_PER_S));
  }
}
