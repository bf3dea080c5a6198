/**
 * Requests that have reached a worker and that its scheduler has not seen yet. An engine that schedules ahead puts the next
 * step together while the last one runs: what arrives during a step is seen one step later. SGLang's `scheduler_recv_interval`
 * makes its loop look for arrivals only every so many decode steps.
 *
 * Source: vLLM's asynchronous scheduling (AsyncScheduler, default since 0.14, vllm-project/vllm#27614), SGLang's overlap
 * scheduler (event_loop_overlap) and its SchedulerRecvSkipper, where a prefill step counts for any interval and a decode step
 * for one. Not modelled: KV blocks of a finished request come free one step late too.
 *
 * What is seen depends on numbers of decode steps and on times of step boundaries alone, so that a run of many steps and
 * steps one by one see the same. A boundary at which the loop looks although nothing has arrived needs no pass: whatever is
 * in the box at a later pass arrived after it.
 */

import type { RequestTable } from "./request-table.ts";
import { AT_NEXT, AT_QUEUED_US, AT_STATE, SLOT_UNSEEN, SLOT_WAITING } from "./request-table.ts";
import { SlotList } from "./slot-list.ts";

/** How an engine takes arrivals in. */
export type InboxRules = {
  /** The next step is scheduled when the last one starts. */
  readonly ahead: boolean;
  /** Decode steps from one look to the next, ≥ 1. */
  readonly interval: number;
};

export class Inbox {
  private readonly rules: InboxRules;
  private readonly table: RequestTable;
  private readonly slots: SlotList;
  /** Decode steps that the worker had done when its loop last looked. */
  private lookedAt = 0;
  /** Whether the step that ended last had prompts in it, and when it began, µs; NaN: the worker has idled since. */
  private hadPrompts = false;
  private lastStartUs = NaN;

  constructor(table: RequestTable, rules: InboxRules) {
    this.table = table;
    this.rules = rules;
    this.slots = new SlotList(table);
  }

  get length(): number {
    return this.slots.length;
  }

  forEach(visit: (slot: number) => void): void {
    this.slots.forEach(visit);
  }

  push(slot: number, nowUs: number): void {
    this.table.data[slot + AT_STATE] = SLOT_UNSEEN;
    this.table.data[slot + AT_QUEUED_US] = nowUs;
    this.slots.pushBack(slot);
  }

  /** A request leaves unseen. */
  remove(slot: number): void {
    this.slots.remove(slot);
  }

  /** A step that began at `startUs`, not a whole run, has ended. */
  ended(hadPrompts: boolean, startUs: number): void {
    this.hadPrompts = hadPrompts;
    this.lastStartUs = startUs;
  }

  /** The worker has nothing to do. */
  idled(): void {
    this.lastStartUs = NaN;
  }

  /** Looks at a pass, and moves what is seen to the end of `queue`. */
  look(queue: SlotList, decodeSteps: number): void {
    const idled = Number.isNaN(this.lastStartUs);
    if (idled || this.hadPrompts) this.lookedAt = decodeSteps;
    else {
      const { interval } = this.rules;
      const turns = Math.floor((decodeSteps - this.lookedAt) / interval);
      this.lookedAt += turns * interval;
      if (turns === 0 || this.lookedAt !== decodeSteps) return;
    }
    this.take(queue, !idled && this.rules.ahead ? this.lastStartUs : Infinity);
  }

  /** Moves everything to the end of `queue`: the loop has nothing else to do. */
  empty(queue: SlotList): void {
    this.take(queue, Infinity);
  }

  /** Steps from now to the next look that may see something; Infinity: nothing is there. */
  stepsToLook(decodeSteps: number): number {
    if (this.slots.length === 0) return Infinity;
    return this.rules.interval - (decodeSteps - this.lookedAt);
  }

  private take(queue: SlotList, untilUs: number): void {
    const { data } = this.table;
    for (let slot = this.slots.head; slot >= 0;) {
      if (data[slot + AT_QUEUED_US]! > untilUs) return;
      const after = data[slot + AT_NEXT]!;
      this.slots.remove(slot);
      data[slot + AT_STATE] = SLOT_WAITING;
      queue.pushBack(slot);
      slot = after;
    }
  }
}
