/** When each worker was not as it should be: draining, down, slow, behind a slow link. */

export const OUTAGE_STATES = ["draining", "down", "slow", "link"] as const;
export type OutageState = (typeof OUTAGE_STATES)[number];

/** A stretch of time, µs from the start of the run. */
export type Outage = {
  readonly worker: number;
  readonly state: OutageState;
  readonly fromUs: number;
  untilUs: number;
};

export class Outages {
  /** In order of their beginnings; NaN: not over. */
  readonly list: Outage[] = [];
  /** Workers that take no new requests: those that are down or draining. */
  away = 0;
  private readonly open = new Map<string, Outage>();

  /** Nothing when the worker is in that state already. */
  begin(worker: number, state: OutageState, nowUs: number): void {
    const key = `${worker} ${state}`;
    if (this.open.has(key)) return;
    const outage = { worker, state, fromUs: nowUs, untilUs: NaN };
    this.open.set(key, outage);
    this.list.push(outage);
    if (isAway(state)) this.away++;
  }

  end(worker: number, state: OutageState, nowUs: number): void {
    const key = `${worker} ${state}`;
    const outage = this.open.get(key);
    if (outage === undefined) return;
    outage.untilUs = nowUs;
    this.open.delete(key);
    if (isAway(state)) this.away--;
  }
}

function isAway(state: OutageState): boolean {
  return state === "down" || state === "draining";
}
