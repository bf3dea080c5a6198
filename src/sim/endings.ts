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
import type { EndedCall, TaskLog } from "./task-log.ts";
import type { Traffic } from "./traffic.ts";

type EndingParts = {
  readonly table: RequestTable;
  readonly outcomes: Outcomes;
  readonly traffic: Traffic;
  readonly log: RequestLog | undefined;
  readonly clients: Clients | undefined;
  readonly tasks: TaskLog | undefined;
  /** What a client waits beside the engine, µs; the front door of all pools is that of the first. */
  readonly clientPathUs: number;
};

export class Endings {
  completed = 0;
  rejected = 0;
  cancelled = 0;
  failed = 0;
  /** Rejected requests by reason. */
  readonly rejectedBy = REJECT_REASONS.map(() => 0);
  private readonly parts: EndingParts;

  constructor(parts: EndingParts) {
    this.parts = parts;
  }

  /** Requests that have ended, however. */
  get total(): number {
    return this.completed + this.rejected + this.cancelled + this.failed;
  }

  /** What became of the tasks; undefined: the requests belong to none. */
  taskSummary(): TaskSummary | undefined {
    return this.parts.tasks?.summary();
  }

  /** A request arrives. */
  offered(row: number, nowUs: number): void {
    this.parts.outcomes.offered(nowUs);
    this.parts.tasks?.offered(row, nowUs);
  }

  complete(worker: number, slot: number, nowUs: number): void {
    const { table, outcomes, log, clients, traffic, tasks, clientPathUs } = this.parts;
    if (tasks !== undefined) tasks.ended(callOf(table, slot, nowUs, true));
    this.completed++;
    outcomes.completed(table, slot, nowUs, worker);
    log?.add(table, slot, worker, REQUEST_COMPLETED, nowUs);
    clients?.ended(slot);
    traffic.ended(table.data[slot + AT_ROW]!, nowUs + clientPathUs);
  }

  /** A request that never got to a worker is turned away for the reason `code`. */
  reject(request: NewRequest, code: number, nowUs: number): void {
    const { outcomes, log, traffic, clientPathUs } = this.parts;
    this.rejected++;
    this.rejectedBy[code]!++;
    this.parts.tasks?.ended({
      row: request.row,
      nowUs,
      isDone: false,
      queueUs: NaN,
      cachedTokens: 0,
    });
    outcomes.ended(request.row, REQUEST_REJECTED, nowUs);
    log?.addUnrouted(request, REQUEST_REJECTED);
    traffic.ended(request.row, nowUs + clientPathUs, false);
  }

  /** A request under way is over for its client; `code` ≥ 0: rejected for that reason. */
  drop(worker: number, slot: number, status: number, nowUs: number, code = -1): void {
    const { table, outcomes, log, clients, traffic, clientPathUs } = this.parts;
    if (status === REQUEST_CANCELLED) this.cancelled++;
    else if (status === REQUEST_FAILED) this.failed++;
    else {
      this.rejected++;
      this.rejectedBy[code]!++;
    }
    const row = table.data[slot + AT_ROW]!;
    this.parts.tasks?.ended(callOf(table, slot, nowUs, false));
    outcomes.ended(row, status, nowUs);
    log?.add(table, slot, worker, status, nowUs);
    clients?.ended(slot);
    traffic.ended(row, nowUs + clientPathUs, false);
  }

  /** The run is over and the request is not. */
  leave(worker: number, slot: number, nowUs: number): void {
    const { table, outcomes, log } = this.parts;
    log?.add(table, slot, worker, REQUEST_UNFINISHED, NaN);
    outcomes.ended(table.data[slot + AT_ROW]!, REQUEST_UNFINISHED, nowUs);
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
