/** How requests end: counts, results, rows, and word to the clients and the traffic, in one place for every kind of end. */

import { REJECT_REASONS } from "./admission.ts";
import type { Clients } from "./clients.ts";
import type { Outcomes } from "./recorder.ts";
import {
  REQUEST_CANCELLED,
  REQUEST_COMPLETED,
  REQUEST_FAILED,
  REQUEST_REJECTED,
  REQUEST_UNFINISHED,
  type TaskSummary,
} from "./report.ts";
import type { RequestLog } from "./request-log.ts";
import {
  AT_ADMITTED_US,
  AT_ARRIVAL_US,
  AT_CACHED,
  AT_ROW,
  type NewRequest,
  type RequestTable,
} from "./request-table.ts";
import { endRedo } from "./time-asides.ts";
import type { EndedCall, TaskLog } from "./task-log.ts";
import type { Traffic } from "./traffic.ts";

type EndingParts = {
  readonly table: RequestTable;
  readonly outcomes: Outcomes;
  readonly traffic: Traffic;
  readonly log: RequestLog | undefined;
  readonly clients: Clients | undefined;
  /** Wants to know of every end, and whether it was within the SLO; undefined: nothing can break. */
  readonly faults: { readonly log: { ended(isGood: boolean, nowUs: number): void } } | undefined;
};

export class Endings {
  completed = 0;
  rejected = 0;
  cancelled = 0;
  failed = 0;
  /** Rejected requests by reason. */
  readonly rejectedBy = REJECT_REASONS.map(() => 0);
  /** Refusals by reason, of requests that came again too. */
  readonly refusals = REJECT_REASONS.map(() => 0);
  private readonly parts: EndingParts;
  private readonly tasks: TaskLog | undefined;
  private readonly clientPathUs: number;

  /** `clientPathUs`: what a client waits beside the engine; the front door of all pools is that of the first. */
  constructor(parts: EndingParts, tasks: TaskLog | undefined, clientPathUs: number) {
    this.parts = parts;
    this.tasks = tasks;
    this.clientPathUs = clientPathUs;
  }

  /** Requests that have ended, however. */
  get total(): number {
    return this.completed + this.rejected + this.cancelled + this.failed;
  }

  /** What became of the tasks; undefined: the requests belong to none. */
  taskSummary(): TaskSummary | undefined {
    return this.tasks?.summary();
  }

  /** A request arrives. */
  offered({ row, input }: NewRequest, nowUs: number): void {
    this.parts.outcomes.offered(row, input, nowUs);
    this.tasks?.offered(row, nowUs);
  }

  complete(worker: number, slot: number, nowUs: number): void {
    const { table, outcomes, log, clients, traffic } = this.parts;
    const { tasks } = this;
    if (tasks !== undefined) tasks.ended(callOf(table, slot, nowUs, true));
    this.completed++;
    endRedo(table.data, slot, nowUs);
    const { withinSlo } = outcomes;
    outcomes.completed(table, slot, nowUs, worker);
    this.tellFaults(table.data[slot + AT_ARRIVAL_US]!, outcomes.withinSlo > withinSlo, nowUs);
    log?.add(table, slot, worker, REQUEST_COMPLETED, nowUs);
    clients?.ended(slot);
    traffic.ended(table.data[slot + AT_ROW]!, nowUs + this.clientPathUs);
  }

  /** A request that never got to a worker is turned away for the reason `code`. */
  reject(request: NewRequest, code: number, nowUs: number): void {
    const { outcomes, log, traffic } = this.parts;
    this.rejected++;
    this.rejectedBy[code]!++;
    this.tasks?.ended({
      row: request.row,
      nowUs,
      isDone: false,
      queueUs: NaN,
      cachedTokens: 0,
    });
    outcomes.ended(request.row, REQUEST_REJECTED, request.arrivalUs, nowUs);
    this.tellFaults(request.arrivalUs, false, nowUs);
    log?.addUnrouted(request, REQUEST_REJECTED, nowUs);
    traffic.ended(request.row, nowUs + this.clientPathUs, false);
  }

  /** A request under way is over for its client; `code` ≥ 0: rejected for that reason. */
  drop(worker: number, slot: number, status: number, nowUs: number, code = -1): void {
    const { table, outcomes, log, clients, traffic } = this.parts;
    if (status === REQUEST_CANCELLED) this.cancelled++;
    else if (status === REQUEST_FAILED) this.failed++;
    else {
      this.rejected++;
      this.rejectedBy[code]!++;
    }
    const row = table.data[slot + AT_ROW]!;
    endRedo(table.data, slot, nowUs);
    this.tasks?.ended(callOf(table, slot, nowUs, false));
    outcomes.ended(row, status, table.data[slot + AT_ARRIVAL_US]!, nowUs);
    this.tellFaults(table.data[slot + AT_ARRIVAL_US]!, false, nowUs);
    log?.add(table, slot, worker, status, nowUs);
    clients?.ended(slot);
    traffic.ended(row, nowUs + this.clientPathUs, false);
  }

  /** What the warm-up sent is not measured. */
  private tellFaults(arrivalUs: number, isGood: boolean, nowUs: number): void {
    const { faults, outcomes } = this.parts;
    if (arrivalUs >= outcomes.warmupUs) faults?.log.ended(isGood, nowUs);
  }

  /** The run is over, and the request waits to be sent again. */
  leaveUnsent(request: NewRequest, nowUs: number): void {
    this.parts.log?.addUnrouted(request, REQUEST_UNFINISHED, NaN);
    const { row, arrivalUs } = request;
    this.parts.outcomes.ended(row, REQUEST_UNFINISHED, arrivalUs, nowUs);
  }

  /** The run is over and the request is not. */
  leave(worker: number, slot: number, nowUs: number): void {
    const { table, outcomes, log } = this.parts;
    log?.add(table, slot, worker, REQUEST_UNFINISHED, NaN);
    const arrivalUs = table.data[slot + AT_ARRIVAL_US]!;
    outcomes.ended(table.data[slot + AT_ROW]!, REQUEST_UNFINISHED, arrivalUs, nowUs);
  }
}

function callOf({ data }: RequestTable, slot: number, nowUs: number, isDone: boolean): EndedCall {
  return {
    row: data[slot + AT_ROW]!,
    nowUs,
    isDone,
    queueUs: data[slot + AT_ADMITTED_US]! - data[slot + AT_ARRIVAL_US]!,
    cachedTokens: data[slot + AT_CACHED]!,
  };
}
