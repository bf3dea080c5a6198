/**
 * Where a router stands in each worker's stream of KV events. Events are numbered per worker from 0; a gap means loss, and
 * what follows must wait until the worker has told the missing ones again, or has told everything it holds.
 */

/** What to do with an event. */
export const EVENT_APPLY = 0;
/** Seen already: a replay and the stream overlap. */
export const EVENT_DUPLICATE = 1;
/** Something before it is missing: keep it, and ask the worker from `next(worker)` on. */
export const EVENT_GAP = 2;

/** Answers to a question for missing events (Dynamo's names; reference page 1.7). */
export type Recovery =
  | { readonly kind: "events" }
  /** All that the worker holds, as of its event `lastEventId`. */
  | { readonly kind: "dump"; readonly lastEventId: number }
  /** The worker knows of no such event yet: it has started anew. */
  | { readonly kind: "too_new" };

export class EventCursor {
  /** Gaps seen. */
  gaps = 0;
  private readonly expected: Float64Array;

  constructor(workers: number) {
    this.expected = new Float64Array(workers);
  }

  /** Number of the next event that a worker's index needs. */
  next(worker: number): number {
    return this.expected[worker]!;
  }

  /** An event has come: what to do with it. */
  accept(worker: number, eventId: number): number {
    const expected = this.expected[worker]!;
    if (eventId < expected) return EVENT_DUPLICATE;
    if (eventId > expected) {
      this.gaps++;
      return EVENT_GAP;
    }
    this.expected[worker] = expected + 1;
    return EVENT_APPLY;
  }

  /**
   * The worker has answered. After a dump the stream goes on behind the dump's last event: standing anywhere else
   * would find the same gap for ever (Dynamo's issue 7072).
   */
  recovered(worker: number, answer: Recovery): void {
    if (answer.kind === "dump") this.expected[worker] = answer.lastEventId + 1;
    else if (answer.kind === "too_new") this.expected[worker] = 0;
  }
}
