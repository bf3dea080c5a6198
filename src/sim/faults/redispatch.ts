/** A request whose worker is lost goes on at another: its prompt and what it has generated are computed again there. */

import type { Clients } from "../clients.ts";
import { IT_WAITS } from "../desk-options.ts";
import type { Desks } from "../desks.ts";
import type { Handoffs } from "../disagg/index.ts";
import type { Intake } from "../intake.ts";
import type { Pool } from "../pool.ts";
import { REQUEST_FAILED } from "../report.ts";
import { AT_GENERATED, AT_INPUT, AT_ROW } from "../request-table.ts";
import type { RequestTable } from "../request-table.ts";
import type { WorkerEvents } from "../worker-events.ts";
import type { Worker } from "../worker.ts";

const NO_WORKER = -1;

export type RedispatchParts = {
  readonly table: RequestTable;
  readonly intake: Intake;
  readonly desks: Desks;
  readonly clock: WorkerEvents;
  readonly poolOf: readonly Pool[];
  readonly handoffs: Handoffs | undefined;
  readonly clients: Clients | undefined;
  /** A request has failed without having been at its last worker. */
  readonly over: (worker: number, slot: number, status: number, nowUs: number) => void;
  /** A request waits at the router for another worker. */
  readonly hold: (slot: number) => void;
};

/** Sends a request to another worker; false: nobody takes it, and it is over. */
export function redispatch(parts: RedispatchParts, slot: number, nowUs: number): boolean {
  const { table, handoffs, desks } = parts;
  const { data } = table;
  if (handoffs !== undefined) {
    handoffs.begin(slot, nowUs);
    return true;
  }
  const known = data[slot + AT_INPUT]! + data[slot + AT_GENERATED]!;
  const worker = desks.answers.route(slot, data[slot + AT_ROW]!, known, nowUs);
  if (worker === null && desks.answers.refusal === IT_WAITS) {
    parts.hold(slot);
    return true;
  }
  return placeAgain(parts, slot, worker, nowUs);
}

/** Gives a request to the worker that the router has found for it; false: there is none that takes it, and it is over. */
export function placeAgain(
  parts: Omit<RedispatchParts, "hold">,
  slot: number,
  worker: Worker | null,
  nowUs: number,
): boolean {
  const { table, desks } = parts;
  if (worker !== null && parts.intake.move(slot, parts.poolOf[worker.id]!, table)) {
    parts.clients?.moved(slot, worker.id);
    parts.clock.enqueue(worker, slot, nowUs);
    return true;
  }
  if (worker !== null) desks.answers.ended(worker.id, slot, nowUs, false);
  parts.over(NO_WORKER, slot, REQUEST_FAILED, nowUs);
  table.give(slot);
  return false;
}
