/** Whose turn it is: a cap of concurrent transfers per owner, and those beyond it in order of asking. */

import type { FlowTable } from "./flow-table.ts";

const NONE = -1;

export class TurnQueues {
  private readonly flows: FlowTable;
  private readonly most: number;
  private readonly running: Int32Array;
  private readonly head: Int32Array;
  private readonly tail: Int32Array;

  /** @param most transfers that an owner runs at once; Infinity: no cap */
  constructor(flows: FlowTable, owners: number, most: number) {
    this.flows = flows;
    this.most = most;
    this.running = new Int32Array(owners);
    this.head = new Int32Array(owners).fill(NONE);
    this.tail = new Int32Array(owners).fill(NONE);
  }

  /** Takes a turn for the flow, or puts it at the end of its owner's queue and returns false. */
  take(flow: number): boolean {
    const { flows } = this;
    const owner = flows.owner[flow]!;
    if (owner === NONE) return true;
    if (this.running[owner]! < this.most) {
      this.running[owner]!++;
      return true;
    }
    flows.nextQueued[flow] = NONE;
    const tail = this.tail[owner]!;
    if (tail === NONE) this.head[owner] = flow;
    else flows.nextQueued[tail] = flow;
    this.tail[owner] = flow;
    return false;
  }

  /** A transfer of the owner is over: its turn goes to the flow returned, −1: nobody waits. */
  pass(owner: number): number {
    if (owner === NONE) return NONE;
    const flow = this.head[owner]!;
    if (flow === NONE) {
      this.running[owner]!--;
      return NONE;
    }
    this.head[owner] = this.flows.nextQueued[flow]!;
    if (this.head[owner] === NONE) this.tail[owner] = NONE;
    return flow;
  }

  /** A waiting flow leaves the queue. */
  leave(flow: number): void {
    const { nextQueued, owner: owners } = this.flows;
    const owner = owners[flow]!;
    let previous = NONE;
    for (let at = this.head[owner]!; at !== flow; at = nextQueued[at]!) previous = at;
    const next = nextQueued[flow]!;
    if (previous === NONE) this.head[owner] = next;
    else nextQueued[previous] = next;
    if (next === NONE) this.tail[owner] = previous;
  }

  /** Transfers of the owner that have begun. */
  runningOf(owner: number): number {
    return this.running[owner]!;
  }
}
