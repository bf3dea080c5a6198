/**
 * Requests that have reached a worker and that its scheduler has not seen yet. An engine that schedules ahead puts the next
 * step together while the last one runs: what arrives during a step is seen one step later. SGLang's `scheduler_recv_interval`
 * makes its loop look for arrivals only every so many decode steps. Before either, the API server has to read the prompt,
 * one request after the other, so that a burst reaches the scheduler drawn out.
 *
 * Source: vLLM's asynchronous scheduling (AsyncScheduler, default since 0.14, vllm-project/vllm#27614), SGLang's overlap
 * scheduler (event_loop_overlap) and its SchedulerRecvSkipper, where a prefill step counts for any interval and a decode step
 * for one. Not modelled: KV blocks of a finished request come free one step late too.
 *
 * What is seen depends on numbers of decode steps and on times of step boundaries alone, so that a run of many steps and
 * steps one by one see the same. A boundary at which the loop looks although nothing has arrived needs no pass: whatever is
 * in the box at a later pass arrived after it.
 */

import type { DecodeStretch } from "./decode-stretch.ts";
import type { RequestTable } from "./request-table.ts";
import {
  AT_INPUT,
  AT_NEXT,
  AT_QUEUED_US,
  AT_STATE,
  SLOT_UNSEEN,
  SLOT_WAITING,
} from "./request-table.ts";
import { SlotList } from "./slot-list.ts";

/** How an engine takes arrivals in. */
export type InboxRules = {
  /** The next step is scheduled when the last one starts. */
  readonly ahead: boolean;
  /** Decode steps from one look to the next, ≥ 1. */
  readonly interval: number;
  /** Time of the API server for a prompt token, one request after the other, µs. */
  readonly ingestTokenUs: number;
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
  /** When the API server is done with all that has come, µs. */
  private ingestedUs = 0;

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
    const { data } = this.table;
    const ingestUs = Math.round(this.rules.ingestTokenUs * data[slot + AT_INPUT]!);
    this.ingestedUs = Math.max(this.ingestedUs, nowUs) + ingestUs;
    data[slot + AT_STATE] = SLOT_UNSEEN;
    data[slot + AT_QUEUED_US] = this.ingestedUs;
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
  look(queue: SlotList, decodeSteps: number, nowUs: number): void {
    const idled = Number.isNaN(this.lastStartUs);
    if (idled || this.hadPrompts) this.lookedAt = decodeSteps;
    else {
      const { interval } = this.rules;
      const turns = Math.floor((decodeSteps - this.lookedAt) / interval);
      this.lookedAt += turns * interval;
      if (turns === 0 || this.lookedAt !== decodeSteps) return;
    }
    this.take(queue, !idled && this.rules.ahead ? this.lastStartUs : nowUs);
  }

  /** When the first request that nobody has seen can be seen, µs; Infinity: there is none. */
  get nextUs(): number {
    const { head } = this.slots;
    return head < 0 ? Infinity : this.table.data[head + AT_QUEUED_US]!;
  }

  /** Steps of the run that starts now to the look that sees something, at most `limit`. */
  stepsToSee(decodeSteps: number, stretch: DecodeStretch, limit: number): number {
    if (this.slots.length === 0) return limit;
    const { ahead, interval } = this.rules;
    const look = interval - (decodeSteps - this.lookedAt);
    const first = decodeSteps - stretch.anchorStep;
    const { nextUs } = this;
    const done = stretch.stepsBy(nextUs, first, first + limit);
    // The first boundary at which it is there, or is when the step before it begins.
    const there = done - first + (stretch.timeAt(done) >= nextUs ? 0 : 1);
    const steps = there + (ahead ? 1 : 0);
    const turns = Math.max(0, Math.ceil((steps - look) / interval));
    return Math.max(1, Math.min(limit, look + turns * interval));
  }

  /** Moves to the end of `queue` what is there by `untilUs`. */
  take(queue: SlotList, untilUs: number): void {
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
