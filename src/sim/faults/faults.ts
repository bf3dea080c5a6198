/**
 * What breaks, and what becomes of the requests.
 *
 * A worker that dies loses its cache and everything in progress; steps that are done count. Its requests, and those that are
 * sent to it before routers know, are lost until somebody notices: after `connect_error_s` where the process is gone and the
 * machine answers, after `detection_s` where the whole node is silent. Then they go on at another worker, prompt and generated
 * tokens computed again, or fail. A machine that gets slower does so from its next step on.
 */

import { EventQueue } from "../../core/index.ts";
import {
  AT_GENERATED,
  AT_INPUT,
  AT_LOADED,
  AT_LOST,
  AT_SOUGHT,
  AT_STATE,
  SLOT_DECODE,
  SLOT_LOST,
  SLOT_NUMBERS,
  SLOT_PARKED,
  SLOT_PREFILL,
} from "../request-table.ts";
import type { ClusterNetwork } from "../network/index.ts";
import type { Pool } from "../pool.ts";
import { SlotList } from "../slot-list.ts";
import { beginRedo } from "../time-asides.ts";
import { WORKER_IDLE } from "../worker.ts";
import type { Worker } from "../worker.ts";
import { Comebacks } from "./comebacks.ts";
import { FaultLog } from "./fault-log.ts";
import type { FaultKind } from "./fault-log.ts";
import type { FaultKnobs } from "./fault-schema.ts";
import type { FaultScript } from "./fault-script.ts";
import { LinkFaults, PortFaults } from "./link-faults.ts";
import { Outages } from "./outages.ts";
import { redispatch } from "./redispatch.ts";
import type { RedispatchParts } from "./redispatch.ts";
import { slowed } from "./slow-model.ts";
import { SlotNotes } from "./slot-notes.ts";
import { failLoads, wipe } from "./wipe.ts";

const NONE = -1;
const US_PER_S = 1e6;
/** Dynamo's DYN_GRACEFUL_SHUTDOWN_TIMEOUT. */
const GRACE_DEFAULT_S = 900;

/** Timers of a worker, in their order within an instant. */
const TIMER_DETECT = 0;
const TIMER_DRAIN_END = 1;
const TIMER_SLOW_END = 2;
const TIMER_LINK_END = 3;
const TIMERS = 4;

/** What takes those too that have died already, if they would have come back. */
const TAKES_THE_DEAD: readonly FaultKind[] = ["kill", "node_loss", "rack_loss"];

/** What faults need of the cluster. */
export type FaultParts = RedispatchParts & {
  readonly knobs: FaultKnobs;
  readonly script: FaultScript;
  /** By number. */
  readonly workers: readonly Worker[];
  readonly sink: FaultSink;
  /** Undefined: the workers share no links. */
  readonly net: ClusterNetwork | undefined;
  readonly pools: readonly Pool[];
};

export interface FaultSink {
  /** A request that has lost its worker fails (code −1). */
  handoffOver(worker: number, slot: number, code: number, nowUs: number): void;
}

export class Faults {
  readonly log: FaultLog;
  readonly outages = new Outages();
  /** Events whose workers were all down already. */
  private voided = 0;
  /** Requests whose worker has died unnoticed. */
  readonly lost: SlotList;
  private readonly parts: FaultParts;
  private readonly timers = new EventQueue();
  private readonly notices = new EventQueue();
  private readonly links: LinkFaults | undefined;
  private readonly ports: PortFaults;
  private readonly isDown: Uint8Array;
  private readonly isSilent: Uint8Array;
  private readonly detectUs: Float64Array;
  /** Incident that took each worker down. */
  private readonly incidentOf: Int32Array;
  private readonly comebacks: Comebacks;
  private readonly draining = new Set<number>();
  private readonly notes = new SlotNotes();

  constructor(parts: FaultParts) {
    const count = parts.workers.length;
    this.parts = parts;
    this.log = new FaultLog(parts.poolOf);
    this.lost = new SlotList(parts.table);
    this.links = parts.net && new LinkFaults(parts.net, parts.table);
    this.ports = new PortFaults(parts);
    this.isDown = new Uint8Array(count);
    this.isSilent = new Uint8Array(count);
    this.detectUs = new Float64Array(count);
    this.incidentOf = new Int32Array(count);
    this.comebacks = new Comebacks(parts);
    parts.clock.guard((worker, slot, nowUs) => this.refuse(worker, slot, nowUs));
  }

  /** Time of the next event, µs. */
  get nextUs(): number {
    const { timers, notices, links, comebacks, parts } = this;
    const otherUs = Math.min(links?.nextUs ?? Infinity, comebacks.nextUs);
    return Math.min(timers.timeUs, notices.timeUs, parts.script.nextUs, otherUs);
  }

  /** The next event before `otherUs`, µs. Faults alone keep no run going that has nothing left to do. */
  nextBefore(otherUs: number, run: { readonly unfinished: number }): number {
    if (otherUs === Infinity && run.unfinished === 0) return Infinity;
    return Math.min(otherUs, this.nextUs);
  }

  /** What there is to say of events that did not happen. */
  warnings(): string[] {
    const { voided } = this;
    const { left } = this.parts.script;
    return [
      ...(left === 0 ? [] : [`scheduled faults behind the end of the run: ${left}`]),
      ...(voided === 0 ? [] : [`faults that met workers which were down already: ${voided}`]),
    ];
  }

  /** A request arrives. */
  arrived(slot: number, nowUs: number): void {
    this.log.routed(nowUs);
    this.notes.arrived(slot / SLOT_NUMBERS);
  }

  /** Everything that is due at `nowUs`; returns how many events. */
  advance(nowUs: number): number {
    const { script } = this.parts;
    let count = this.links?.advance(nowUs) ?? 0;
    for (; script.nextUs === nowUs; count++) this.strike(nowUs);
    for (let id = this.comebacks.pop(nowUs); id >= 0; id = this.comebacks.pop(nowUs), count++) {
      this.rise(id, nowUs);
    }
    for (; this.timers.timeUs === nowUs; count++) this.timer(nowUs);
    for (; this.notices.timeUs === nowUs; count++) {
      this.notice(this.notices.pop() * SLOT_NUMBERS, nowUs);
    }
    return count;
  }

  /** The run is over: closes the books of workers that are away. */
  close(nowUs: number): void {
    this.log.close((worker) => this.incidentOf[worker]!, nowUs);
  }

  /** At the end of an instant: workers that were only to end their work stop when it is done. */
  settle(nowUs: number): void {
    for (const id of this.draining) {
      const worker = this.parts.workers[id]!;
      if (isDone(worker) && (worker.lockStep?.ranks ?? []).every(isDone)) this.stopKnown(id, nowUs);
    }
  }

  /** A request that is lost is given up; true: it was, and its slot is free. */
  cancel(slot: number, nowUs: number): boolean {
    if (this.parts.table.data[slot + AT_STATE] !== SLOT_LOST) return false;
    this.forget(slot, nowUs);
    this.parts.table.give(slot);
    return true;
  }

  /** The next event of the script happens. */
  private strike(nowUs: number): void {
    const { script } = this.parts;
    const { event, workers } = script.take();
    const { kind, for_s: forS, factor = 1 } = event;
    const lastsUs = forS === undefined ? Infinity : Math.round(forS * US_PER_S);
    if (kind === "metrics_blackout" || kind === "kv_event_loss") {
      this.log.watch(this.log.open(event, workers, nowUs, nowUs + lastsUs));
      const { desks } = this.parts;
      if (kind === "metrics_blackout") desks.blind(nowUs + lastsUs);
      else desks.mute(workers, nowUs, nowUs + lastsUs);
      return;
    }
    if (kind === "link" && this.links !== undefined) {
      const touch = this.log.toucher(this.log.open(event, workers, nowUs, nowUs + lastsUs));
      this.links.strike(event, workers, lastsUs, nowUs, touch);
      if (factor === 0) failLoads(this.parts, nowUs);
      return;
    }
    const takesDead = TAKES_THE_DEAD.includes(kind);
    const struck = workers.filter(
      (id) => this.isDown[id] === 0 || (takesDead && this.comebacks.isComing(id)),
    );
    if (struck.length === 0) {
      this.voided++;
      return;
    }
    const incident = this.log.open(event, struck, nowUs, nowUs + lastsUs);
    if (kind === "link")
      this.ports.watch(struck, nowUs + lastsUs, nowUs, this.log.toucher(incident));
    for (const id of struck) {
      if (kind === "slow") this.slow(id, factor, lastsUs, incident, nowUs);
      else if (kind === "link") this.scaleLinks(id, factor, lastsUs, nowUs);
      else {
        if (this.isDown[id] === 1) this.log.rose(this.incidentOf[id]!, id, nowUs);
        this.incidentOf[id] = incident;
        this.comebacks.plan(id, kind, lastsUs);
        if (this.isDown[id] === 1) this.dieAgain(id, nowUs);
        else if (kind === "cold_start") this.stopKnown(id, nowUs);
        else if (kind === "drain") this.drain(id, event.grace_s ?? GRACE_DEFAULT_S, nowUs);
        else this.die(id, kind === "node_loss" || kind === "rack_loss", nowUs);
      }
    }
  }

  /** A worker that is down, and was to come back, is struck once more. */
  private dieAgain(id: number, nowUs: number): void {
    this.log.died(this.incidentOf[id]!, id, 0, nowUs);
    this.comebacks.begin(id, nowUs);
  }

  private die(id: number, isSilent: boolean, nowUs: number): void {
    const { knobs, workers, clock } = this.parts;
    const worker = workers[id]!;
    this.draining.delete(id);
    this.isDown[id] = 1;
    this.isSilent[id] = isSilent ? 1 : 0;
    this.detectUs[id] = nowUs + Math.max(1, Math.round(knobs.detection_s * US_PER_S));
    // Its links do not die with it, nor mend.
    for (let timer = 0; timer < TIMER_LINK_END; timer++) this.timers.cancel(id * TIMERS + timer);
    const stepUs = clock.halt(worker, nowUs);
    this.outages.begin(id, "down", nowUs);
    this.outages.end(id, "draining", nowUs);
    this.outages.end(id, "slow", nowUs);
    const idled = Number.isNaN(stepUs);
    this.log.died(this.incidentOf[id]!, id, idled ? 0 : nowUs - stepUs, nowUs);
    wipe(this.parts, worker, idled ? nowUs : stepUs, isSilent, nowUs, (slot) => {
      this.lose(worker, slot, nowUs);
    });
    this.schedule(id, TIMER_DETECT, this.detectUs[id]!);
    this.comebacks.begin(id, nowUs);
  }

  private timer(nowUs: number): void {
    const { kind } = this.timers;
    const id = Math.floor(this.timers.pop() / TIMERS);
    if (kind === TIMER_DETECT) this.deskOf(id).setHealth(id, false);
    else if (kind === TIMER_DRAIN_END) this.stopKnown(id, nowUs);
    else if (kind === TIMER_SLOW_END) {
      this.log.isFast(id);
      this.setPace(id, 1, nowUs);
    } else {
      this.outages.end(id, "link", nowUs);
      this.ports.scale(id, 1, nowUs);
    }
  }

  private rise(id: number, nowUs: number): void {
    this.isDown[id] = 0;
    this.timers.cancel(id * TIMERS + TIMER_DETECT);
    this.parts.workers[id]!.model = this.parts.poolOf[id]!.engine.model;
    this.deskOf(id).setHealth(id, true);
    this.outages.end(id, "down", nowUs);
    this.log.rose(this.incidentOf[id]!, id, nowUs);
    this.parts.script.rose(id, nowUs);
  }

  private drain(id: number, graceS: number, nowUs: number): void {
    this.deskOf(id).setHealth(id, false);
    this.draining.add(id);
    this.outages.begin(id, "draining", nowUs);
    this.schedule(id, TIMER_DRAIN_END, nowUs + Math.max(1, Math.round(graceS * US_PER_S)));
  }

  /** A worker stops, and routers know at once. */
  private stopKnown(id: number, nowUs: number): void {
    this.deskOf(id).setHealth(id, false);
    this.die(id, false, nowUs);
    this.timers.cancel(id * TIMERS + TIMER_DETECT);
  }

  private slow(id: number, factor: number, lastsUs: number, incident: number, nowUs: number): void {
    this.log.slowed(incident, id, this.parts.workers[id]!.batch.unfinishedCount);
    this.setPace(id, factor, nowUs);
    this.timers.cancel(id * TIMERS + TIMER_SLOW_END);
    if (lastsUs < Infinity) this.schedule(id, TIMER_SLOW_END, nowUs + lastsUs);
  }

  private setPace(id: number, factor: number, nowUs: number): void {
    const worker = this.parts.workers[id]!;
    const { model } = this.parts.poolOf[id]!.engine;
    worker.model = factor === 1 ? model : slowed(model, factor);
    if (factor === 1) this.outages.end(id, "slow", nowUs);
    else this.outages.begin(id, "slow", nowUs);
    // The step in progress keeps its time; the next one begins a new run.
    worker.batch.changes++;
    this.parts.clock.wake(worker, nowUs);
  }

  private scaleLinks(id: number, factor: number, lastsUs: number, nowUs: number): void {
    this.outages.begin(id, "link", nowUs);
    this.ports.scale(id, factor, nowUs);
    this.timers.cancel(id * TIMERS + TIMER_LINK_END);
    if (lastsUs < Infinity) this.schedule(id, TIMER_LINK_END, nowUs + lastsUs);
  }

  /** Takes a request that is sent to a dead worker. */
  private refuse(worker: Worker, slot: number, nowUs: number): boolean {
    if (this.isDown[worker.id] === 0) {
      this.log.sent(worker.id);
      return false;
    }
    this.lose(worker, slot, nowUs);
    return true;
  }

  /** A request, or a prompt, is at a worker that is dead. */
  private lose(worker: Worker, slot: number, nowUs: number): void {
    const { table, handoffs } = this.parts;
    const { id } = worker;
    const place = slot / SLOT_NUMBERS;
    const state = table.data[slot + AT_STATE]!;
    const isRunning = state === SLOT_DECODE || state === SLOT_PREFILL;
    const tokens = isRunning ? table.data[slot + AT_LOST]! : 0;
    this.log.lost(
      this.incidentOf[id]!,
      id,
      state === SLOT_PARKED ? table.data[slot + AT_INPUT]! : tokens,
    );
    const noticeUs = this.noticeUs(id, nowUs);
    if (!worker.batch.answers) {
      handoffs!.sourceLost(slot, nowUs, noticeUs);
      table.give(slot);
      return;
    }
    handoffs?.stop(slot, nowUs, NaN);
    beginRedo(table.data, slot, nowUs);
    table.data[slot + AT_STATE] = SLOT_LOST;
    table.data[slot + AT_SOUGHT] = 0;
    table.data[slot + AT_LOADED] = 0;
    this.lost.pushBack(slot);
    this.notes.workerAt[place] = id;
    this.notes.incidentAt[place] = this.incidentOf[id]!;
    this.notices.schedule(place, noticeUs, 0);
  }

  /** When it is known that a request has lost its worker. */
  private noticeUs(id: number, nowUs: number): number {
    const errorUs = Math.max(1, Math.round(this.parts.knobs.connect_error_s * US_PER_S));
    return this.isSilent[id] === 1 ? Math.max(nowUs + 1, this.detectUs[id]!) : nowUs + errorUs;
  }

  private notice(slot: number, nowUs: number): void {
    const { knobs, table, sink } = this.parts;
    const place = slot / SLOT_NUMBERS;
    const worker = this.notes.workerAt[place]!;
    const incident = this.notes.incidentAt[place]!;
    const tokens = table.data[slot + AT_INPUT]! + table.data[slot + AT_GENERATED]!;
    const mayMove =
      this.notes.moves[place]! < knobs.migration_limit &&
      tokens <= (knobs.migration_max_tokens ?? Infinity);
    if (!mayMove) {
      this.log.failed(incident);
      sink.handoffOver(worker, slot, NONE, nowUs);
      return;
    }
    this.notes.moves[place]!++;
    this.forget(slot, nowUs);
    if (redispatch(this.parts, slot, nowUs)) this.log.moved(incident);
    else this.log.failed(incident);
  }

  /** A lost request has nothing to do with its worker any more. */
  private forget(slot: number, nowUs: number): void {
    const place = slot / SLOT_NUMBERS;
    this.lost.remove(slot);
    this.notices.cancel(place);
    this.parts.desks.answers.ended(this.notes.workerAt[place]!, slot, nowUs, false);
  }

  private deskOf(id: number) {
    const { desks, workers } = this.parts;
    return workers[id]!.batch.answers ? desks.answers : desks.door;
  }

  private schedule(id: number, timer: number, timeUs: number): void {
    this.timers.schedule(id * TIMERS + timer, timeUs, timer);
  }
}

/** Whether a worker has nothing left to do. */
function isDone({ state, batch }: Pick<Worker, "state" | "batch">): boolean {
  return state === WORKER_IDLE && batch.isEmpty;
}
