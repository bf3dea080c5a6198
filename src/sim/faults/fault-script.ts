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
  /** Who is struck together, and by the number of the first of them which group that is. */
  private readonly groups: readonly (readonly number[])[];
  private readonly groupAt: ReadonlyMap<number, number>;

  /** `planned`: the scenario's events with the numbers of the workers they strike; `groups`: all workers, who is struck together. */
  constructor(
    knobs: FaultKnobs,
    planned: readonly ScriptEvent[],
    groups: readonly (readonly number[])[],
    seed: number,
  ) {
    this.knobs = knobs;
    this.groups = groups;
    this.groupAt = new Map(groups.map(([first], group) => [first!, group]));
    this.planned = planned
      .map((one) => ({ ...one, timeUs: Math.round(one.event.at_s * US_PER_S) }))
      .toSorted((a, b) => a.timeUs - b.timeUs);
    const { crash_per_hour: crashes, slow_per_hour: slows } = knobs.rates;
    const count = crashes + slows > 0 ? groups.length : 0;
    this.randoms = Array.from({ length: count }, (_, group) => stream(seed, `faults/${group}`));
    for (let group = 0; group < count; group++) this.rose(groups[group]![0]!, 0);
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
    const group = this.groupAt.get(id);
    if (this.randoms.length === 0 || group === undefined) return;
    this.draw(group, DRAW_CRASH, nowUs);
    this.draw(group, DRAW_SLOW, nowUs);
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
    const group = Math.floor(this.drawn.pop() / DRAWS);
    const workers = this.groups[group]!;
    const { slow_factor: factor, slow_s: slowS } = this.knobs.rates;
    if (kind === DRAW_CRASH) {
      return { event: { at_s: timeUs / US_PER_S, kind: "crash" }, workers };
    }
    this.draw(group, DRAW_SLOW, timeUs + slowS * US_PER_S);
    return { event: { at_s: timeUs / US_PER_S, kind: "slow", factor, for_s: slowS }, workers };
  }

  private draw(group: number, which: number, fromUs: number): void {
    const { crash_per_hour: crashes, slow_per_hour: slows } = this.knobs.rates;
    const perHour = which === DRAW_CRASH ? crashes : slows;
    if (perHour === 0) return;
    const gapUs = this.randoms[group]!.exponential(US_PER_HOUR / perHour);
    this.drawn.schedule(
      group * DRAWS + which,
      Math.round(fromUs) + Math.max(1, Math.round(gapUs)),
      which,
    );
  }
}
