/** What happens when: the scenario's own events, and those that its rates draw, in one order of time. */

import { EventQueue, stream } from "../../core/index.ts";
import type { Stream } from "../../core/index.ts";
import type { FaultEvent, FaultKnobs } from "./fault-schema.ts";

const US_PER_S = 1e6;
const US_PER_HOUR = 3.6e9;
/** Random events of a worker. */
const DRAW_CRASH = 0;
const DRAW_SLOW = 1;
const DRAWS = 2;

export type ScriptEvent = { readonly event: FaultEvent; readonly workers: readonly number[] };

export class FaultScript {
  private readonly planned: readonly (ScriptEvent & { readonly timeUs: number })[];
  private cursor = 0;
  private readonly drawn = new EventQueue();
  private readonly knobs: FaultKnobs;
  private readonly randoms: readonly Stream[];

  /** `planned`: the scenario's events with the numbers of the workers they strike; `workers`: how many there are. */
  constructor(knobs: FaultKnobs, planned: readonly ScriptEvent[], workers: number, seed: number) {
    this.knobs = knobs;
    this.planned = planned
      .map((one) => ({ ...one, timeUs: Math.round(one.event.at_s * US_PER_S) }))
      .toSorted((a, b) => a.timeUs - b.timeUs);
    const { crash_per_hour: crashes, slow_per_hour: slows } = knobs.rates;
    const count = crashes + slows > 0 ? workers : 0;
    this.randoms = Array.from({ length: count }, (_, id) => stream(seed, `faults/${id}`));
    for (let id = 0; id < count; id++) this.rose(id, 0);
  }

  /** Time of the next event, µs. */
  get nextUs(): number {
    return Math.min(this.planned[this.cursor]?.timeUs ?? Infinity, this.drawn.timeUs);
  }

  /** Events of the scenario that have not happened yet. */
  get left(): number {
    return this.planned.length - this.cursor;
  }

  /** A worker is up (again): draws when it will next fail. */
  rose(id: number, nowUs: number): void {
    if (this.randoms.length === 0) return;
    this.draw(id, DRAW_CRASH, nowUs);
    this.draw(id, DRAW_SLOW, nowUs);
  }

  /** Takes the next event. */
  take(): ScriptEvent {
    const { timeUs } = this.drawn;
    const planned = this.planned[this.cursor];
    if (planned !== undefined && planned.timeUs <= timeUs) {
      this.cursor++;
      return planned;
    }
    const { kind } = this.drawn;
    const id = Math.floor(this.drawn.pop() / DRAWS);
    const { slow_factor: factor, slow_s: slowS } = this.knobs.rates;
    if (kind === DRAW_CRASH) {
      return { event: { at_s: timeUs / US_PER_S, kind: "crash" }, workers: [id] };
    }
    this.draw(id, DRAW_SLOW, timeUs + slowS * US_PER_S);
    return {
      event: { at_s: timeUs / US_PER_S, kind: "slow", factor, for_s: slowS },
      workers: [id],
    };
  }

  private draw(id: number, which: number, fromUs: number): void {
    const { crash_per_hour: crashes, slow_per_hour: slows } = this.knobs.rates;
    const perHour = which === DRAW_CRASH ? crashes : slows;
    if (perHour === 0) return;
    const gapUs = this.randoms[id]!.exponential(US_PER_HOUR / perHour);
    this.drawn.schedule(
      id * DRAWS + which,
      Math.round(fromUs) + Math.max(1, Math.round(gapUs)),
      which,
    );
  }
}
