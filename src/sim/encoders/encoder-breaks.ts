/** When encoder workers die and come back: the scenario's own events, and those that its rates draw. */

import { EventQueue, stream } from "../../core/index.ts";
import type { Stream } from "../../core/index.ts";

const US_PER_HOUR = 3.6e9;
/** What happens to a worker. */
export const BREAK_DIES = 0;
export const BREAK_RISES = 1;
const KINDS = 2;

/** A worker dies at `timeUs` and is back `awayUs` later; Infinity: never. */
export type PlannedBreak = {
  readonly row: number;
  readonly timeUs: number;
  readonly awayUs: number;
};

export class EncoderBreaks {
  private readonly planned: readonly PlannedBreak[];
  private cursor = 0;
  private readonly timers = new EventQueue();
  private readonly randoms: readonly Stream[];
  private readonly crashesPerHour: number;
  private readonly restartUs: number;

  /** `restartUs`: how long a worker is away after a crash that was drawn. */
  constructor(
    planned: readonly PlannedBreak[],
    draws: { readonly crashesPerHour: number; readonly restartUs: number; readonly seed: number },
    workers: number,
  ) {
    this.planned = planned.toSorted((a, b) => a.timeUs - b.timeUs);
    this.crashesPerHour = draws.crashesPerHour;
    this.restartUs = draws.restartUs;
    const count = draws.crashesPerHour > 0 ? workers : 0;
    this.randoms = Array.from({ length: count }, (_, row) => {
      return stream(draws.seed, `faults/encoders/${row}`);
    });
    for (let row = 0; row < count; row++) this.draw(row, 0);
  }

  /** Time of the next event, µs; Infinity: nothing breaks. */
  get nextUs(): number {
    return Math.min(this.planned[this.cursor]?.timeUs ?? Infinity, this.timers.timeUs);
  }

  /** Takes the next event and tells of it; one that meets a worker in that state already changes nothing. */
  take(tell: (row: number, kind: number) => void): void {
    const planned = this.planned[this.cursor];
    if (planned !== undefined && planned.timeUs <= this.timers.timeUs) {
      this.cursor++;
      this.dies(planned.row, planned.timeUs, planned.awayUs);
      tell(planned.row, BREAK_DIES);
      return;
    }
    const { kind, timeUs } = this.timers;
    const row = Math.floor(this.timers.pop() / KINDS);
    if (kind === BREAK_DIES) this.dies(row, timeUs, this.restartUs);
    else this.draw(row, timeUs);
    tell(row, kind);
  }

  private dies(row: number, nowUs: number, awayUs: number): void {
    this.timers.cancel(row * KINDS + BREAK_DIES);
    this.timers.cancel(row * KINDS + BREAK_RISES);
    if (awayUs === Infinity) return;
    this.timers.schedule(row * KINDS + BREAK_RISES, nowUs + Math.max(1, awayUs), BREAK_RISES);
  }

  private draw(row: number, nowUs: number): void {
    const random = this.randoms[row];
    if (random === undefined) return;
    const gapUs = Math.max(1, Math.round(random.exponential(US_PER_HOUR / this.crashesPerHour)));
    this.timers.schedule(row * KINDS + BREAK_DIES, nowUs + gapUs, BREAK_DIES);
  }
}
