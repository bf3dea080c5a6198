/** Session affinity: a session stays on the worker of its first request as long as it is not idle for too long. */

import { NO_WORKER } from "./router.ts";

/** Numbers of a binding: worker, expiry. */
type Binding = { worker: number; expiryUs: number };

/** Below so many bindings nobody looks for those that have run out. */
const SWEEP_LEAST = 1024;

export class SessionBindings {
  private readonly ttlUs: number;
  /** Bindings at which those that have run out are dropped: twice what was left then, so that a sweep costs O(1) a binding. */
  private sweepAt = SWEEP_LEAST;
  private readonly bindings = new Map<number, Binding>();

  /** @param ttlUs idle time after which a session may move (Dynamo: 1 s … 1 year) */
  constructor(ttlUs: number) {
    this.ttlUs = ttlUs;
  }

  /** The worker a session is bound to, NO_WORKER: none. */
  find(session: number, nowUs: number): number {
    const binding = session < 0 ? undefined : this.bindings.get(session);
    if (binding === undefined) return NO_WORKER;
    if (binding.expiryUs > nowUs) return binding.worker;
    this.bindings.delete(session);
    return NO_WORKER;
  }

  /** A request of the session went to a worker: the first live binding wins, and lives on. */
  bind(session: number, worker: number, nowUs: number): void {
    if (session < 0) return;
    const binding = this.bindings.get(session);
    if (binding === undefined) {
      if (this.bindings.size >= this.sweepAt) this.sweep(nowUs);
      this.bindings.set(session, { worker, expiryUs: nowUs + this.ttlUs });
    } else {
      if (binding.expiryUs <= nowUs) binding.worker = worker;
      binding.expiryUs = nowUs + this.ttlUs;
    }
  }

  /** A request of the session has ended: its idle time starts again. */
  touch(session: number, nowUs: number): void {
    const binding = this.bindings.get(session);
    if (binding !== undefined && binding.expiryUs > nowUs) {
      binding.expiryUs = nowUs + this.ttlUs;
    }
  }

  /** Sessions remembered, bound or run out. */
  get size(): number {
    return this.bindings.size;
  }

  private sweep(nowUs: number): void {
    for (const [session, { expiryUs }] of this.bindings) {
      if (expiryUs <= nowUs) this.bindings.delete(session);
    }
    this.sweepAt = Math.max(SWEEP_LEAST, 2 * this.bindings.size);
  }

  /** A worker is lost: its sessions are free to move. */
  dropWorker(worker: number): void {
    for (const [session, binding] of this.bindings) {
      if (binding.worker === worker) this.bindings.delete(session);
    }
  }
}
