/** Those who wait at a desk's router processes, and whose turn it is when there is room. */

import type { RouterReplica } from "./router-replica.ts";

export class DeskQueues {
  /** Requests that wait. */
  waiting = 0;
  private readonly replicas: readonly RouterReplica[];
  /** Whether processes hear of each other. */
  private readonly areLinked: boolean;
  /** Something was told since the queues were last looked at. */
  private hasNews = false;
  /** Interval of looks while predicted prefills wear off, and the next one, µs. */
  private readonly recheckUs: number;
  private recheckAtUs = Infinity;

  constructor(replicas: readonly RouterReplica[], areLinked: boolean, recheckUs: number) {
    this.replicas = replicas;
    this.areLinked = areLinked;
    this.recheckUs = recheckUs;
  }

  /** Something has changed that may make room. */
  heard(): void {
    this.hasNews = true;
  }

  /** A request has joined: what was told while nobody waited has been looked at when it came. */
  joined(nowUs: number): void {
    if (this.waiting === 0) this.hasNews = false;
    this.waiting++;
    this.booked(nowUs);
  }

  /** A process has booked a request, or somebody has joined: what is under way may wear off while others wait. */
  booked(nowUs: number): void {
    if (this.waiting === 0 || this.recheckAtUs < Infinity) return;
    if (this.wearsOff(nowUs)) this.recheckAtUs = this.recheckAfter(nowUs);
  }

  /** A request that waits at a process is given up. */
  leave(place: number, turn: number): void {
    this.replicas[turn]!.queue!.leave(place);
    this.waiting--;
    this.hasNews = true;
  }

  /** Prompt tokens that wait, as far as a process knows: at all of them if they tell each other, else at itself. */
  tokensKnownTo({ queue }: RouterReplica): number {
    if (this.waiting === 0 || !this.areLinked) return queue?.tokens ?? 0;
    return this.replicas.reduce((sum, peer) => sum + peer.queue!.tokens, 0);
  }

  /** When there may be room without anything being told: a process with a queue hears of its peers, forgets, or looks again, µs. */
  get nextUs(): number {
    if (this.waiting === 0) return Infinity;
    let nextUs = this.recheckAtUs;
    for (const { queue, stale, nextUs: heardUs } of this.replicas) {
      if (queue!.length === 0) continue;
      if (this.areLinked) nextUs = Math.min(nextUs, heardUs);
      if (stale !== undefined) nextUs = Math.min(nextUs, stale.nextUs);
    }
    return nextUs;
  }

  /**
   * Serves those who wait as long as `serve` can: it gives the first of a process's queue a worker, or says false; returns how
   * many were served.
   */
  drain(nowUs: number, serve: (turn: number) => boolean): number {
    if (this.waiting === 0 || !(this.hasNews || this.nextUs <= nowUs)) return 0;
    let served = 0;
    do {
      this.hasNews = false;
      served += this.drainOnce(serve);
    } while (this.hasNews && this.waiting > 0);
    // Once all has worn off, only what is told can make room: a run in which nothing more happens has an end.
    const looksAgain = this.waiting > 0 && this.wearsOff(nowUs);
    this.recheckAtUs = looksAgain ? this.recheckAfter(nowUs) : Infinity;
    return served;
  }

  /** At the multiples of the interval, so that it does not matter when who joined. */
  private recheckAfter(nowUs: number): number {
    return (Math.floor(nowUs / this.recheckUs) + 1) * this.recheckUs;
  }

  /** Whether prefills that a process with a queue knows of wear off with time. */
  private wearsOff(nowUs: number): boolean {
    return this.replicas.some(({ queue, state }) => queue!.length > 0 && state.wearsOff(nowUs));
  }

  /** Of processes that look at the same instant the one with the most urgent request goes first, so that several decide as one. */
  private drainOnce(serve: (turn: number) => boolean): number {
    const open = this.replicas.map((_, turn) => turn);
    for (let served = 0; ;) {
      let first = -1;
      for (const turn of open) {
        const queue = this.replicas[turn]!.queue!;
        if (queue.length === 0) continue;
        if (first < 0 || queue.goesBefore(this.replicas[first]!.queue!)) first = turn;
      }
      if (first < 0) return served;
      if (serve(first)) served++;
      else open.splice(open.indexOf(first), 1);
    }
  }
}
