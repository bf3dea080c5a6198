/** The conservation laws of a run, recounted from its parts. A breach is a defect of the engine, never of the input. */

import { invariant } from "../core/index.ts";
import type { Encoders } from "./encoders/index.ts";
import { countNetwork } from "./network/index.ts";
import type { ClusterNetwork } from "./network/index.ts";
import type { Scenario } from "./scenario.ts";
import type { TierSystem } from "./tiers/tier-system.ts";
import { BUSY_US } from "./worker-counters.ts";
import type { Worker } from "./worker.ts";

/** What the laws are checked on. */
export type LawfulRun = {
  readonly scenario: Scenario;
  readonly workers: readonly Worker[];
  readonly pools: readonly { readonly tiers: TierSystem | undefined }[];
  readonly traffic: { readonly offered: number };
  readonly nowUs: number;
  readonly firstArrivalUs: number;
  readonly endings: { readonly total: number };
  readonly unfinished: number;
  readonly net: ClusterNetwork | undefined;
  readonly encoders: Encoders | undefined;
};

/**
 * Requests (encoder workers: taken = encoded + given up + there): offered = completed + rejected + cancelled + unfinished. KV blocks: free + cached + used = all, per worker and tier. Decode groups: their
 * sums equal a recount. Worker time: no worker is busy for longer than the run. Network: bytes of the links = bytes of the flows,
 * transfers started = ended + cancelled + in flight.
 *
 * @throws InvariantError naming the law, the time and the seed
 */
export function checkLaws(run: LawfulRun): void {
  const { workers, traffic, nowUs } = run;
  const at = `at ${nowUs} µs, seed ${run.scenario.seed}`;
  for (const worker of workers) worker.batch.audit(at);
  for (const { tiers } of run.pools) tiers?.audit(at);
  run.encoders?.audit(at);
  const accounted = run.endings.total + run.unfinished;
  invariant(
    accounted === traffic.offered,
    `request law: ${traffic.offered} offered, ${accounted} accounted for ${at}`,
  );
  const elapsedUs = Math.max(0, nowUs - run.firstArrivalUs);
  for (const worker of workers) {
    const busyUs = worker.counter(BUSY_US);
    invariant(
      !(busyUs > elapsedUs),
      `time law: worker ${worker.id} was busy ${busyUs} of ${elapsedUs} µs ${at}`,
    );
  }
  for (const [row, busyUs] of (run.encoders?.busyUs ?? []).entries()) {
    invariant(
      !(busyUs > elapsedUs),
      `time law: encoder worker ${row} was busy ${busyUs} of ${elapsedUs} µs ${at}`,
    );
  }
  if (run.net !== undefined) checkNetwork(run.net, nowUs, at);
}

/** Sums of whole numbers and 1/256 of a byte, exact until they pass 2^53. */
const ROUNDING = 1e-9;

function checkNetwork({ network }: ClusterNetwork, nowUs: number, at: string): void {
  const { byLinks, byFlows, live } = countNetwork(network, nowUs);
  invariant(
    Math.abs(byLinks - byFlows) <= ROUNDING * Math.max(1, byFlows),
    `network law: links carried ${byLinks} bytes, flows moved ${byFlows} ${at}`,
  );
  const { started, finished, cancelled } = network.totals;
  invariant(
    started === finished + cancelled + live,
    `network law: of ${started} transfers ${finished} ended, ${cancelled} were cancelled, ${live} go on ${at}`,
  );
}
