/**
 * Where requests come in: what no worker could run and what the gate keeps out is turned away, the rest goes to the router and
 * from there to a worker – at once, or after a wait at the router.
 */

import type { Clients } from "./clients.ts";
import { IT_WAITS, type DeskSink } from "./desk-options.ts";
import type { Desks } from "./desks.ts";
import type { Handoffs } from "./disagg/index.ts";
import type { Encoders } from "./encoders/index.ts";
import type { Endings } from "./endings.ts";
import type { Faults } from "./faults/index.ts";
import { placeAgain } from "./faults/redispatch.ts";
import type { Gate } from "./gate.ts";
import type { Intake } from "./intake.ts";
import type { Pool } from "./pool.ts";
import {
  AT_ARRIVAL_US,
  AT_ATTEMPT,
  AT_INPUT,
  AT_RECORD,
  AT_ROW,
  AT_STATE,
  AT_WANTED,
  SLOT_AT_DESK,
  type RequestTable,
} from "./request-table.ts";
import type { Retries, SentRequest } from "./retries.ts";
import { SlotList } from "./slot-list.ts";
import type { WorkerEvents } from "./worker-events.ts";
import type { Worker } from "./worker.ts";

const NO_WORKER = -1;

type EntranceParts = {
  readonly table: RequestTable;
  readonly intake: Intake;
  readonly pools: readonly Pool[];
  /** The pool of each worker. */
  readonly poolOf: readonly Pool[];
  readonly desks: Desks;
  readonly clock: WorkerEvents;
  readonly endings: Endings;
  readonly leave: (slot: number) => void;
  /** A request is over, or its client sends it again. */
  readonly over: (worker: number, slot: number, status: number, nowUs: number) => void;
  readonly handoffs: Handoffs | undefined;
  readonly encoders: Encoders | undefined;
  readonly clients: Clients | undefined;
  readonly gate: Gate | undefined;
  readonly retries: Retries | undefined;
  readonly faults: Faults | undefined;
};

export class Entrance implements DeskSink {
  /** Requests whose output max_model_len cut short. */
  truncated = 0;
  /** Requests that wait at the router for a worker. */
  readonly waiting: SlotList;
  private readonly parts: EntranceParts;

  constructor(parts: EntranceParts) {
    this.parts = parts;
    this.waiting = new SlotList(parts.table);
  }

  /** The request of the intake is sent, for the first time or again. */
  enter(nowUs: number): void {
    const { intake, handoffs, gate, pools, table } = this.parts;
    const { request } = intake;
    let code = handoffs === undefined ? intake.underAny(pools) : intake.underAll(pools);
    if (code < 0 && gate !== undefined) code = gate.refusal(request.row, request.input, nowUs);
    if (code >= 0) {
      this.refuse(code, gate?.retryAfterUs ?? 0, nowUs);
      return;
    }
    const slot = table.take(request);
    gate?.entered(slot);
    this.parts.faults?.arrived(slot, nowUs);
    this.parts.retries?.entered(slot, intake);
    if (this.parts.encoders?.begin(slot, nowUs) === true) {
      handoffs?.legs.clear(slot);
      this.parts.clients?.sent(slot, NO_WORKER, nowUs);
      this.note(slot, intake.wanted, intake.attempt);
    } else this.dispatch(slot, nowUs);
  }

  /** The images of a request are encoded: it goes on to the router. */
  encoded(slot: number, nowUs: number): void {
    const { intake, handoffs, pools } = this.parts;
    intake.takeAgain(this.sentOf(slot));
    // What it was let in with.
    if (handoffs === undefined) intake.underAny(pools);
    else intake.underAll(pools);
    this.dispatch(slot, nowUs);
  }

  /** The request of the intake, in its slot, goes to the router. */
  private dispatch(slot: number, nowUs: number): void {
    const { intake, handoffs, desks } = this.parts;
    const { request } = intake;
    if (handoffs !== undefined) {
      if (request.output < intake.wanted) this.truncated++;
      this.parts.clients?.sent(slot, NO_WORKER, nowUs);
      handoffs.begin(slot, nowUs);
      return;
    }
    const worker = desks.answers.route(slot, request.row, request.input, nowUs);
    if (worker !== null) {
      if (!this.place(worker, slot, nowUs)) return;
      this.parts.clients?.sent(slot, worker.id, nowUs);
      this.parts.clock.enqueue(worker, slot, nowUs);
    } else if (desks.answers.refusal === IT_WAITS) {
      this.parts.clients?.sent(slot, NO_WORKER, nowUs);
      this.keep(slot, intake.wanted, intake.attempt);
    } else {
      this.parts.clients?.ended(slot);
      this.turnAway(slot, desks.answers.refusal, nowUs);
    }
  }

  /** A request that has lost its worker waits at the router for another. */
  hold(slot: number): void {
    this.parts.clients?.moved(slot, NO_WORKER);
    this.keep(slot, NaN, 0);
  }

  served(slot: number, worker: Worker | null, code: number, nowUs: number): void {
    const { intake, clients, clock } = this.parts;
    this.waiting.remove(slot);
    const sent = this.sentOf(slot);
    if (Number.isNaN(sent.wanted)) {
      placeAgain(this.parts, slot, worker, nowUs);
      return;
    }
    intake.takeAgain(sent);
    if (worker === null) {
      clients?.ended(slot);
      this.turnAway(slot, code, nowUs);
      return;
    }
    intake.under(this.parts.poolOf[worker.id]!);
    if (!this.place(worker, slot, nowUs)) return;
    clients?.moved(slot, worker.id);
    clock.enqueue(worker, slot, nowUs);
  }

  /** A request is given up; true: it waited at the router or for an encoder worker, and its slot is free. */
  cancel(slot: number): boolean {
    const { table, desks, encoders } = this.parts;
    if (encoders?.cancel(slot) === true) {
      table.give(slot);
      return true;
    }
    if (table.data[slot + AT_STATE] !== SLOT_AT_DESK) return false;
    this.waiting.remove(slot);
    desks.answers.leave(slot);
    table.give(slot);
    return true;
  }

  /** Lays a routed request out for its worker; false: the worker chosen is not of a pool that would take it. */
  private place(worker: Worker, slot: number, nowUs: number): boolean {
    const { intake, pools, poolOf, table, desks, clients } = this.parts;
    const { request } = intake;
    if (pools.length > 1) {
      const code = intake.under(poolOf[worker.id]!);
      if (code >= 0) {
        desks.answers.ended(worker.id, slot, nowUs, false);
        clients?.ended(slot);
        this.turnAway(slot, code, nowUs);
        return false;
      }
      table.place(slot, request);
    }
    if (request.output < intake.wanted) this.truncated++;
    return true;
  }

  private note(slot: number, wanted: number, attempt: number): void {
    const { data } = this.parts.table;
    data[slot + AT_WANTED] = wanted;
    data[slot + AT_ATTEMPT] = attempt;
  }

  private keep(slot: number, wanted: number, attempt: number): void {
    this.note(slot, wanted, attempt);
    this.parts.table.data[slot + AT_STATE] = SLOT_AT_DESK;
    this.waiting.pushBack(slot);
  }

  /** A request that waits, as its client sent it. */
  private sentOf(slot: number): SentRequest {
    const { data } = this.parts.table;
    return {
      row: data[slot + AT_ROW]!,
      record: data[slot + AT_RECORD]!,
      firstUs: data[slot + AT_ARRIVAL_US]!,
      input: data[slot + AT_INPUT]!,
      wanted: data[slot + AT_WANTED]!,
      attempt: data[slot + AT_ATTEMPT]!,
    };
  }

  private turnAway(slot: number, code: number, nowUs: number): void {
    this.parts.leave(slot);
    this.parts.table.give(slot);
    this.refuse(code, 0, nowUs);
  }

  /** The request of the intake is turned away; its client may come again. */
  private refuse(code: number, retryAfterUs: number, nowUs: number): void {
    const { intake, endings, retries } = this.parts;
    endings.refusals[code]!++;
    if (retries?.accept(intake.sent, code, retryAfterUs, nowUs) === true) return;
    endings.reject(intake.request, code, nowUs);
  }
}
