/** Requests that have not ended in any way: at the router, at workers, on their way between them, lost with one, or to be sent again. */

import type { Handoffs } from "./disagg/index.ts";
import type { Encoders } from "./encoders/index.ts";
import type { Endings } from "./endings.ts";
import type { Faults } from "./faults/index.ts";
import type { Intake } from "./intake.ts";
import { AT_STATE, SLOT_DONE, type RequestTable } from "./request-table.ts";
import type { Retries } from "./retries.ts";
import type { SlotList } from "./slot-list.ts";
import type { Worker } from "./worker.ts";

const NO_WORKER = -1;

/** Where they may be. */
export type UnfinishedParts = {
  readonly workers: readonly Worker[];
  readonly handoffs: Handoffs | undefined;
  readonly faults: Faults | undefined;
  readonly retries: Retries | undefined;
  readonly entrance: { readonly waiting: SlotList };
  readonly encoders: Encoders | undefined;
};

/** How many there are. */
export function unfinishedOf(parts: UnfinishedParts): number {
  const { workers, handoffs, faults, retries, entrance, encoders } = parts;
  let count = (handoffs?.remote.length ?? 0) + (retries?.size ?? 0) + (faults?.lost.length ?? 0);
  count += entrance.waiting.length + (encoders?.count ?? 0);
  encoders?.forEachFetching(() => count++);
  for (const worker of workers) if (worker.batch.answers) count += worker.batch.unfinishedCount;
  return count;
}

/** The run is over at `nowUs`: says so of each of them. */
export function leaveUnfinished(
  parts: UnfinishedParts & {
    readonly table: RequestTable;
    readonly endings: Endings;
    readonly intake: Intake;
  },
  nowUs: number,
): void {
  const { workers, table, endings, intake } = parts;
  const leave = (worker: number, slot: number): void => {
    if (table.data[slot + AT_STATE] !== SLOT_DONE) endings.leave(worker, slot, nowUs);
  };
  for (const { id, batch } of workers) {
    // Prefill workers know prompts; their requests are elsewhere.
    if (!batch.answers) continue;
    batch.forEachSlot((slot) => {
      if (!batch.isLeaving(slot)) leave(id, slot);
    });
  }
  parts.handoffs?.remote.forEach((slot) => leave(NO_WORKER, slot));
  parts.retries?.forEach((sent) => endings.leaveUnsent(intake.requestOf(sent), nowUs));
  parts.faults?.lost.forEach((slot) => leave(NO_WORKER, slot));
  parts.entrance.waiting.forEach((slot) => leave(NO_WORKER, slot));
  parts.encoders?.forEach((slot) => leave(NO_WORKER, slot));
  parts.encoders?.forEachFetching((slot, worker) => leave(worker, slot));
}
