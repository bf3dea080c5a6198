/**
 * Clients that do not wait for ever: each request's deadline, for its first token or for all of it. A request whose deadline
 * passes is cancelled wherever it is.
 */

import { EventQueue } from "../core/index.ts";
import { AT_ARRIVAL_US, AT_FIRST_TOKEN_US, AT_RECORD, SLOT_NUMBERS } from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import type { Scenario } from "./scenario.ts";

const US_PER_S = 1e6;
/** Which deadline a request has pending. */
const EV_FIRST_TOKEN = 0;
const EV_END = 1;

export class Clients {
  private readonly table: RequestTable;
  private readonly firstTokenUs: number;
  private readonly endUs: number;
  /** Pending deadlines, by slot. */
  private readonly deadlines = new EventQueue();
  /** Requests whose deadlines have passed at one instant and that are still to be taken, the first one last. */
  private readonly over: number[] = [];
  private overUs = Infinity;
  /** Worker of each slot that has a deadline. */
  private workerOf = new Int32Array(256);

  constructor(table: RequestTable, firstTokenUs: number, endUs: number) {
    this.table = table;
    this.firstTokenUs = firstTokenUs;
    this.endUs = endUs;
  }

  /** Time of the next deadline, µs. */
  get nextUs(): number {
    return this.over.length > 0 ? this.overUs : this.deadlines.timeUs;
  }

  /** A request has been sent to a worker at `nowUs`. */
  sent(slot: number, worker: number, nowUs: number): void {
    const place = slot / SLOT_NUMBERS;
    if (place >= this.workerOf.length) this.grow(place);
    this.workerOf[place] = worker;
    // Patience counts from the first time the request was sent.
    const fromUs = this.table.data[slot + AT_ARRIVAL_US]!;
    const isFirst = this.firstTokenUs < this.endUs;
    const timeUs = fromUs + Math.min(this.firstTokenUs, this.endUs);
    this.deadlines.schedule(place, Math.max(timeUs, nowUs + 1), isFirst ? EV_FIRST_TOKEN : EV_END);
  }

  /** A request goes on at another worker; its deadline stays. */
  moved(slot: number, worker: number): void {
    this.workerOf[slot / SLOT_NUMBERS] = worker;
  }

  /** A request is over. */
  ended(slot: number): void {
    this.deadlines.cancel(slot / SLOT_NUMBERS);
  }

  /**
   * Takes a deadline that is due: the slot of a request to cancel, −1: its first token is out, it may go on. Of several at one
   * instant the request that came first is first, whatever its slot: whose blocks are let go first are gone first.
   */
  take(): number {
    const { over, deadlines } = this;
    if (over.length === 0) {
      this.overUs = deadlines.timeUs;
      while (deadlines.timeUs === this.overUs) this.pass();
      const { data } = this.table;
      if (over.length > 1) over.sort((a, b) => data[b + AT_RECORD]! - data[a + AT_RECORD]!);
    }
    return over.pop() ?? -1;
  }

  /** The next deadline passes. */
  private pass(): void {
    const { kind } = this.deadlines;
    const place = this.deadlines.pop();
    const slot = place * SLOT_NUMBERS;
    const { data } = this.table;
    if (kind === EV_END || Number.isNaN(data[slot + AT_FIRST_TOKEN_US]!)) this.over.push(slot);
    else if (this.endUs < Infinity) {
      this.deadlines.schedule(place, data[slot + AT_ARRIVAL_US]! + this.endUs, EV_END);
    }
  }

  /** The worker a request was sent to. */
  workerAt(slot: number): number {
    return this.workerOf[slot / SLOT_NUMBERS]!;
  }

  private grow(place: number): void {
    const grown = new Int32Array(2 * place);
    grown.set(this.workerOf);
    this.workerOf = grown;
  }
}

/** The scenario's clients; undefined: they wait for ever. `pathUs`: what a client waits beside the engine. */
export function clientsOf(
  { clients }: Scenario,
  table: RequestTable,
  pathUs: number,
): Clients | undefined {
  const firstToken = clients.ttft_timeout_s;
  const end = clients.timeout_s;
  if (firstToken === null && end === null) return undefined;
  const inUs = (seconds: number | null): number =>
    seconds === null ? Infinity : Math.max(1, Math.round(seconds * US_PER_S) - pathUs);
  return new Clients(table, inUs(firstToken), inUs(end));
}
