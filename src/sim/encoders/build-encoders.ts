/** From resolved encoder workers to those of a run. */

import { PrivateLinks } from "../disagg/transfer-links.ts";
import { takesNodes, workersInNodes } from "../faults/fault-targets.ts";
import type { ClusterNetwork } from "../network/index.ts";
import type { RequestTable } from "../request-table.ts";
import type { Scenario } from "../scenario.ts";
import type { WorkerEvents } from "../worker-events.ts";
import type { Worker } from "../worker.ts";
import { EncoderBreaks } from "./encoder-breaks.ts";
import type { PlannedBreak } from "./encoder-breaks.ts";
import { isOfEncoders } from "./encoder-checks.ts";
import { FabricEmbeddings } from "./encoder-links.ts";
import { Encoders } from "./encoders.ts";
import type { EncoderSite } from "./resolve-encoders.ts";

const US_PER_S = 1e6;
const BYTES_PER_GB = 1e9;

type RunParts = {
  /** Undefined: there are none. */
  readonly site: EncoderSite | undefined;
  readonly net: ClusterNetwork | undefined;
  readonly table: RequestTable;
  readonly workers: readonly Worker[];
  readonly clock: WorkerEvents;
};

/** How long a worker is away after a crash, µs: a set time, or its weights at the rate of a restart, and its start. */
function restartUs({ faults }: Scenario, { weightBytes }: EncoderSite): number {
  const loadS = weightBytes / (faults.weights_gb_per_s * BYTES_PER_GB) + faults.startup_s;
  return Math.max(1, Math.round((faults.restart_s ?? loadS) * US_PER_S));
}

/** The scenario's own events that strike encoder workers. */
function plannedBreaks(
  scenario: Scenario,
  site: EncoderSite,
  net: ClusterNetwork | undefined,
  firstId: number,
): readonly PlannedBreak[] {
  const all = Array.from({ length: site.knobs.workers }, (_, row) => row);
  const afterCrashUs = restartUs(scenario, site);
  return scenario.faults.events.flatMap((event) => {
    let rows: readonly number[] = [];
    if (isOfEncoders(scenario, event)) rows = event.worker === undefined ? all : [event.worker];
    else if (takesNodes(event) && net !== undefined) {
      rows = workersInNodes(scenario, event, net)
        .map((id) => id - firstId)
        .filter((row) => row >= 0);
    }
    const { at_s: atS, for_s: forS, kind } = event;
    const lastsUs = forS === undefined ? Infinity : Math.round(forS * US_PER_S);
    const isTimed = kind === "kill" || (kind === "crash" && lastsUs < Infinity);
    const restarts = kind === "crash" ? afterCrashUs : lastsUs + afterCrashUs;
    const awayUs = isTimed ? lastsUs : restarts;
    return rows.map((row) => ({ row, timeUs: Math.round(atS * US_PER_S), awayUs }));
  });
}

/**
 * The encoder workers of a run, numbered behind all others; undefined: it has none. `encoded`: the images of a request are, it goes on.
 */
export function encodersOf(
  scenario: Scenario,
  parts: RunParts,
  encoded: (slot: number, nowUs: number) => void,
): Encoders | undefined {
  const { site, net, workers, clock, table } = parts;
  const images = workers[0]!.batch.images;
  if (site === undefined || images === undefined) return undefined;
  const { knobs } = site;
  const { faults, seed } = scenario;
  const firstId = workers.length;
  const draws = {
    crashesPerHour: faults.rates.crash_per_hour,
    restartUs: restartUs(scenario, site),
    seed,
  };
  const planned = plannedBreaks(scenario, site, net, firstId);
  const encoders = new Encoders({
    site,
    table,
    images,
    encoded,
    arrived: (worker, slot, nowUs) => {
      clock.enqueue(worker, slot, nowUs);
    },
    links:
      net === undefined
        ? new PrivateLinks(knobs.bandwidth_gb_per_s, knobs.setup_us)
        : new FabricEmbeddings(net),
    breaks: new EncoderBreaks(planned, draws, knobs.workers),
    firstId,
    connectErrorUs: Math.max(1, Math.round(faults.connect_error_s * US_PER_S)),
  });
  clock.follow(encoders);
  return encoders;
}
