/** Samples of the cluster's state at a fixed interval; looking changes nothing. */

import { F64Column } from "../core/index.ts";
import type { Handoffs } from "./disagg/index.ts";
import { energyReading, type EnergyReading } from "./energy-reading.ts";
import type { Faults } from "./faults/index.ts";
import { LinkSeries } from "./network/index.ts";
import type { ClusterNetwork, SampledNetwork } from "./network/index.ts";
import type { Pool } from "./pool.ts";
import type { Scenario } from "./scenario.ts";
import type { SeriesColumns } from "./series-columns.ts";
import { TierLinks } from "./tiers/tier-links.ts";
import { TierSeries } from "./tiers/tier-series.ts";
import { ADMITTED_TOKENS, CACHED_TOKENS, PREEMPTIONS, PREFILL_TOKENS } from "./worker-counters.ts";
import { WORKERS_SAMPLED_MOST, WorkerSeries } from "./worker-series.ts";
import { blocksCachedAt, blocksUsedAt, outputTokensAt } from "./worker-reading.ts";
import type { Worker } from "./worker.ts";

/** What a run has beside its workers. */
type WatchedParts = {
  readonly scenario: Pick<Scenario, "cost">;
  readonly pools: readonly Pool[];
  readonly workers: readonly Worker[];
  readonly net: ClusterNetwork | undefined;
  readonly handoffs: Handoffs | undefined;
  readonly faults: Faults | undefined;
};

export class SeriesLog {
  readonly intervalUs: number;
  private readonly timeUs = new F64Column();
  private readonly sums = new Float64Array(11);
  private readonly values = Array.from({ length: 11 }, () => new F64Column());
  private energy: EnergyReading | undefined;
  private readonly joules = new F64Column();
  private tiers: TierSeries | undefined;
  private links: LinkSeries | undefined;
  private workers: WorkerSeries | undefined;
  private handoffs: Handoffs | undefined;
  private readonly landed = new F64Column();
  private readonly handedBytes = new F64Column();
  private faults: Faults | undefined;
  private readonly workersUp = new F64Column();

  constructor(intervalUs: number) {
    this.intervalUs = intervalUs;
  }

  /** From now on samples tell of what there is: energy, tiers, links, hand-offs, faults. */
  watch({ scenario, pools, workers, net, handoffs, faults }: WatchedParts): void {
    this.energy = energyReading(pools, scenario.cost.pue);
    const systems = pools.flatMap(({ tiers }) => tiers ?? []);
    if (systems.length > 0) this.tiers = new TierSeries(systems);
    const networks =
      net === undefined ? tierNetworks(pools) : [{ network: net.network, prefix: "" }];
    if (networks.length > 0) {
      const nodes = net === undefined ? [] : workers.map(({ id }) => net.topology.nodeOf(id));
      this.links = new LinkSeries(networks, Int32Array.from(nodes));
    }
    if (workers.length <= WORKERS_SAMPLED_MOST) this.workers = new WorkerSeries(workers.length);
    this.handoffs = handoffs;
    this.faults = faults;
  }

  /** Reads all workers at `nowUs`, after every event up to then. `atDesk`: requests that wait at the router. */
  sample(
    nowUs: number,
    workers: readonly Worker[],
    arrivals: number,
    completions: number,
    atDesk: number,
  ): void {
    const { sums } = this;
    sums.fill(0);
    sums[0] = atDesk;
    for (const worker of workers) {
      const { batch } = worker;
      const blocks = blocksUsedAt(worker, nowUs);
      sums[0]! += batch.queuedCount;
      sums[1]! += batch.runningCount;
      sums[2]! += blocks;
      sums[3]! += blocksCachedAt(worker, nowUs);
      sums[6]! += outputTokensAt(worker, nowUs);
      sums[7]! += worker.counter(PREFILL_TOKENS);
      sums[8]! += worker.counter(ADMITTED_TOKENS);
      sums[9]! += worker.counter(CACHED_TOKENS);
      sums[10]! += worker.counter(PREEMPTIONS);
      this.workers?.push(worker, blocks, nowUs);
    }
    sums[4] = arrivals;
    sums[5] = completions;
    this.timeUs.push(nowUs);
    for (let i = 0; i < sums.length; i++) this.values[i]!.push(sums[i]!);
    if (this.energy !== undefined) this.joules.push(this.energy.joulesAt(nowUs));
    this.tiers?.sample();
    this.links?.sample(nowUs);
    if (this.handoffs !== undefined) {
      this.landed.push(this.handoffs.stats.handoffs);
      this.handedBytes.push(this.handoffs.stats.bytes);
    }
    if (this.faults !== undefined) {
      this.workersUp.push(workers.length - this.faults.outages.away);
    }
  }

  columns(): SeriesColumns {
    const column = (index: number): Float64Array => this.values[index]!.view();
    const { energy, tiers, links, workers, handoffs, faults } = this;
    return {
      rows: this.timeUs.length,
      timeUs: this.timeUs.view(),
      queued: column(0),
      running: column(1),
      kvBlocksUsed: column(2),
      kvBlocksCached: column(3),
      arrivals: column(4),
      completions: column(5),
      outputTokens: column(6),
      prefillTokens: column(7),
      admittedTokens: column(8),
      cachedTokens: column(9),
      preemptions: column(10),
      ...(energy === undefined ? {} : { energyJ: this.joules.view() }),
      ...tiers?.columns(),
      ...(faults === undefined ? {} : { workersUp: this.workersUp.view() }),
      ...(handoffs === undefined
        ? {}
        : { handoffs: { landed: this.landed.view(), bytes: this.handedBytes.view() } }),
      ...(links === undefined ? {} : { links: links.columns() }),
      ...(workers === undefined ? {} : { workers: workers.columns() }),
    };
  }
}

/** The links that tiers have to themselves where there is no fabric. */
function tierNetworks(pools: readonly Pool[]): readonly SampledNetwork[] {
  return pools.flatMap(({ name, tiers }) => {
    const links = tiers?.links;
    if (!(links instanceof TierLinks)) return [];
    const prefix = pools.length > 1 ? `${name} ` : "";
    return [{ network: links.network, prefix }];
  });
}
