/** The report's part about faults. */

/** One fault and what came of it. */
export type FaultSummary = {
  readonly kind: string;
  readonly atS: number;
  /** Of what lasts a set time; `null`: until something else ends it. */
  readonly untilS: number | null;
  readonly workers: readonly number[];
  /** Links that it strikes, by the name that the scenario gives; `null`: it strikes workers, or routers. */
  readonly link: string | null;
  /**
   * Requests (of prefill workers: prompts) that were there, or came before anybody knew; of a slow worker or of routers that
   * know too little: or came while it lasted; of links: whose hand-off, or load of a prefix, was on the way over one meanwhile.
   */
  readonly touched: number;
  /** Of them those that went on elsewhere, and those that were over. */
  readonly moved: number;
  readonly failed: number;
  /** Tokens whose keys and values were lost, to be computed again. */
  readonly tokensLost: number;
  /** GPU time of steps that never ended and of the lost tokens (each request's as one prompt alone), and of workers away, s. */
  readonly gpuSLost: number;
  readonly gpuSDown: number;
  /**
   * Requests that ended within the SLO (without one: that completed) in the minute before, per second. How deep their share of
   * all that ended fell in ten seconds, as a part of that minute's share. Seconds from the fault until ten seconds begin in which
   * it is at 95 % of that again; 0: it never fell below; `null`: it did not come back. `null` where none were good before.
   */
  readonly goodputBeforePerS: number | null;
  readonly goodputDip: number | null;
  readonly recoveryS: number | null;
};

/** A worker that was not as it should be: draining, down, slow, behind a slow link. */
export type OutageSummary = {
  readonly worker: number;
  readonly state: string;
  readonly fromS: number;
  /** `null`: the run ended first. */
  readonly untilS: number | null;
};

/** All faults of a run. */
export type FaultsSummary = {
  readonly moved: number;
  readonly failed: number;
  readonly tokensLost: number;
  readonly gpuSLost: number;
  readonly gpuSDown: number;
  readonly events: readonly FaultSummary[];
  /** Events beyond the first thousand, which are in the sums above only. */
  readonly more: number;
  /** Of single workers, in order of their beginnings; the first thousand. */
  readonly outages: readonly OutageSummary[];
};
