/**
 * Per-request results. They are written as requests end, so that a run writes to one place, and put into order of arrival when
 * they are read.
 */

import { AsideLog } from "./aside-log.ts";
import type { RequestColumns } from "./report.ts";
import {
  AT_ADMITTED_US,
  AT_ARRIVAL_US,
  AT_CACHED,
  AT_FIRST_TOKEN_US,
  AT_INPUT,
  AT_OUTPUT,
  AT_PREEMPTIONS,
  AT_RECORD,
  AT_ROW,
} from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";

const NO_WORKER = -1;

export class RequestLog {
  private rows = 0;
  private capacity: number;
  /** Order of arrival of each entry. */
  private ordinal: Uint32Array;
  private row: Uint32Array;
  private arrivalUs: Float64Array;
  private admittedUs: Float64Array;
  private firstTokenUs: Float64Array;
  private finishUs: Float64Array;
  private inputTokens: Uint32Array;
  private outputTokens: Uint32Array;
  private cachedTokens: Uint32Array;
  private preemptions: Uint32Array;
  private worker: Int32Array;
  private status: Uint8Array;
  private readonly asides = new AsideLog();

  constructor(capacity: number) {
    this.capacity = capacity;
    this.ordinal = new Uint32Array(capacity);
    this.row = new Uint32Array(capacity);
    this.arrivalUs = new Float64Array(capacity);
    this.admittedUs = new Float64Array(capacity);
    this.firstTokenUs = new Float64Array(capacity);
    this.finishUs = new Float64Array(capacity);
    this.inputTokens = new Uint32Array(capacity);
    this.outputTokens = new Uint32Array(capacity);
    this.cachedTokens = new Uint32Array(capacity);
    this.preemptions = new Uint32Array(capacity);
    this.worker = new Int32Array(capacity);
    this.status = new Uint8Array(capacity);
  }

  /** A request that never got a slot has ended. */
  addUnrouted(
    request: {
      readonly record: number;
      readonly row: number;
      readonly arrivalUs: number;
      readonly input: number;
      readonly output: number;
    },
    status: number,
    finishUs: number,
  ): void {
    const entry = this.entry();
    this.ordinal[entry] = request.record;
    this.row[entry] = request.row;
    this.arrivalUs[entry] = request.arrivalUs;
    this.inputTokens[entry] = request.input;
    this.outputTokens[entry] = request.output;
    this.admittedUs[entry] = NaN;
    this.firstTokenUs[entry] = NaN;
    this.finishUs[entry] = finishUs;
    this.worker[entry] = NO_WORKER;
    this.status[entry] = status;
  }

  /** A routed request has ended at `finishUs` (NaN: it has not, the run has). */
  add(table: RequestTable, slot: number, worker: number, status: number, finishUs: number): void {
    const entry = this.entry();
    const { data } = table;
    this.ordinal[entry] = data[slot + AT_RECORD]!;
    this.row[entry] = data[slot + AT_ROW]!;
    this.arrivalUs[entry] = data[slot + AT_ARRIVAL_US]!;
    this.admittedUs[entry] = data[slot + AT_ADMITTED_US]!;
    this.firstTokenUs[entry] = data[slot + AT_FIRST_TOKEN_US]!;
    this.finishUs[entry] = finishUs;
    this.inputTokens[entry] = data[slot + AT_INPUT]!;
    this.outputTokens[entry] = data[slot + AT_OUTPUT]!;
    this.cachedTokens[entry] = data[slot + AT_CACHED]!;
    this.preemptions[entry] = data[slot + AT_PREEMPTIONS]!;
    this.worker[entry] = worker;
    this.status[entry] = status;
    this.asides.set(entry, data, slot);
  }

  /** All results in order of arrival. */
  columns(): RequestColumns {
    const n = this.rows;
    const place = this.ordinal;
    const ordered = <T extends Column>(from: T, to: T): T => {
      for (let entry = 0; entry < n; entry++) to[place[entry]!] = from[entry]!;
      return to;
    };
    const asides = this.asides.columns(n, place);
    return {
      ...(asides === undefined ? {} : { asides }),
      rows: n,
      row: ordered(this.row, new Uint32Array(n)),
      arrivalUs: ordered(this.arrivalUs, new Float64Array(n)),
      admittedUs: ordered(this.admittedUs, new Float64Array(n)),
      firstTokenUs: ordered(this.firstTokenUs, new Float64Array(n)),
      finishUs: ordered(this.finishUs, new Float64Array(n)),
      inputTokens: ordered(this.inputTokens, new Uint32Array(n)),
      outputTokens: ordered(this.outputTokens, new Uint32Array(n)),
      cachedTokens: ordered(this.cachedTokens, new Uint32Array(n)),
      preemptions: ordered(this.preemptions, new Uint32Array(n)),
      worker: ordered(this.worker, new Int32Array(n)),
      status: ordered(this.status, new Uint8Array(n)),
    };
  }

  private entry(): number {
    if (this.rows === this.capacity) this.grow();
    return this.rows++;
  }

  private grow(): void {
    // Half as much again: less than doubling wastes, and copying stays a small share.
    this.capacity = Math.ceil(this.capacity * 1.5) + 1024;
    const { capacity } = this;
    const grown = <T extends Column>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.ordinal = grown(this.ordinal, new Uint32Array(capacity));
    this.row = grown(this.row, new Uint32Array(capacity));
    this.arrivalUs = grown(this.arrivalUs, new Float64Array(capacity));
    this.admittedUs = grown(this.admittedUs, new Float64Array(capacity));
    this.firstTokenUs = grown(this.firstTokenUs, new Float64Array(capacity));
    this.finishUs = grown(this.finishUs, new Float64Array(capacity));
    this.inputTokens = grown(this.inputTokens, new Uint32Array(capacity));
    this.outputTokens = grown(this.outputTokens, new Uint32Array(capacity));
    this.cachedTokens = grown(this.cachedTokens, new Uint32Array(capacity));
    this.preemptions = grown(this.preemptions, new Uint32Array(capacity));
    this.worker = grown(this.worker, new Int32Array(capacity));
    this.status = grown(this.status, new Uint8Array(capacity));
  }
}

type Column = Uint8Array | Int32Array | Uint32Array | Float64Array;
