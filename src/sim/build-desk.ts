/** From a scenario and its pools to the router's desk. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { createRouter } from "../policies/index.ts";
import type { Router, RouterRole, RouterSetting, WorkerFacts } from "../policies/index.ts";
import { adapterPlaces } from "./adapter-places.ts";
import type { DeskOptions, ViewFidelity } from "./desk-options.ts";
import { queueOf } from "./build-queue.ts";
import { bothWatchers } from "./kv-watcher.ts";
import type { Pool } from "./pool.ts";
import type { RequestTable } from "./request-table.ts";
import { RouterDesk } from "./router-desk.ts";
import { RoutingRules } from "./routing-rules.ts";
import { deskPins } from "./row-pins.ts";
import type { Scenario } from "./scenario.ts";
import type { SloClasses } from "./slo-classes.ts";
import type { SimulationInputs } from "./simulation-inputs.ts";
import { TierTellers } from "./tiers/tier-tellers.ts";

const US_PER_S = 1e6;

function inUs(seconds: number): number {
  return Math.round(seconds * US_PER_S);
}

/** The desk in front of the workers of some pools. Errors: an unknown policy or knob; blocks of different sizes. */
export function buildDesk(
  inputs: SimulationInputs,
  pools: readonly Pool[],
  table: RequestTable,
  slo: SloClasses,
  role: RouterRole = "mixed",
): Result<RouterDesk> {
  const { scenario } = inputs;
  const { router: keys } = scenario;
  const workers = pools.flatMap((pool) => pool.workers);
  const setting: RouterSetting = {
    role,
    workers: workers.length,
    targets: slo.all.map(({ targets }) => targets),
  };
  const make = inputs.router ?? ((at) => createRouter(keys.policy, keys.knobs, at));
  const first = make(setting);
  if (!first.ok) return first;
  const peeks = role === "decode" && scenario.disagg.conditional.policy !== null;
  // Peeked at with overlap, as one router of whole requests; the hop's own choice has none to count (reference page 1.10).
  const peeker = peeks ? make({ ...setting, role: "mixed" }) : undefined;
  if (peeker?.ok === false) return peeker;
  const misfit = checkBlocks(pools, first.value) ?? (peeker && checkBlocks(pools, peeker.value));
  if (misfit !== undefined) return fail(misfit);
  const orNever = (value: number | null): number => value ?? Infinity;
  const tellsTiers = keys.kv_events && keys.kv_event_tiers;
  const tellers = tellersOf(pools, tellsTiers);
  const rules = rulesOf(inputs, pools);
  const facts = factsOf(pools).map(rules.label);
  const desk = new RouterDesk({
    router: () => another(make(setting), first.value),
    peeker: peeker && (() => another(make({ ...setting, role: "mixed" }), peeker.value)),
    setup: {
      role,
      facts,
      kvEvents: keys.kv_events,
      storeReaders: tellers.readers,
      indexCapBlocks: orNever(keys.index_blocks),
      approximate: keys.kv_events
        ? undefined
        : { ttlUs: inUs(keys.approximate_ttl_s), capacity: keys.approximate_blocks },
      predictedTtlUs: keys.predicted_ttl_s === null ? undefined : inUs(keys.predicted_ttl_s),
      sessionTtlUs:
        keys.session_affinity_ttl_s === null ? undefined : inUs(keys.session_affinity_ttl_s),
      sloClasses: slo.all.length,
      busyBlocksShare: orNever(keys.busy.active_decode_blocks_threshold),
      busyPrefillTokens: orNever(keys.busy.active_prefill_tokens_threshold),
      busyPrefillShare: orNever(keys.busy.active_prefill_tokens_threshold_frac),
    },
    fidelity: fidelityOf(keys),
    workers,
    forest: pools[0]!.forest,
    table,
    trace: inputs.trace,
    slo,
    tellers,
    outputHints: keys.output_hints,
    ...restrictionsOf(inputs, pools, role, facts),
    rules: rules.rules,
    queue: role === "decode" ? undefined : queueOf(keys.queue, inputs.trace),
    recheckUs: Math.max(1, inUs(keys.queue.recheck_s)),
    seed: scenario.seed,
  });
  const { watcher } = desk;
  if (watcher !== undefined) {
    for (const { workers: of } of pools) of[0]?.batch.watch((other) => bothOf(other, watcher));
    if (tellsTiers) pools.forEach(({ tiers }, pool) => tiers?.tellTo(watcher, pool));
  }
  return ok(desk);
}

/** Who tells KV events: workers, and the stores below them where they do. */
function tellersOf(pools: readonly Pool[], tellsTiers: boolean): TierTellers {
  return new TierTellers(
    pools.map(({ workers, tiers }) => ({
      workers: workers.length,
      tiers: tellsTiers ? tiers?.settings : undefined,
    })),
  );
}

/** The rules of who serves whom, where there are any, and the labels of workers by their place behind the desk. */
function rulesOf({ scenario, trace }: SimulationInputs, pools: readonly Pool[]) {
  const named = new Map(scenario.cluster.pools.map(({ name, labels }) => [name, labels]));
  const workers = pools.flatMap(({ name, workers: of, ranks, firstWorker }) =>
    of.map((_, row) => ({
      id: firstWorker + Math.floor(row / ranks),
      rank: ranks === 1 ? undefined : row % ranks,
      labels: named.get(name) ?? [],
    })),
  );
  const { rules: keys } = scenario.router;
  const rules = keys.length === 0 ? undefined : new RoutingRules(keys, workers, trace);
  const label = (facts: WorkerFacts, place: number): WorkerFacts => ({
    ...facts,
    labels: rules?.bits[place] ?? 0,
  });
  return { rules, label };
}

/** What rows and adapters leave of the workers. */
function restrictionsOf(
  inputs: SimulationInputs,
  pools: readonly Pool[],
  role: RouterRole,
  facts: readonly WorkerFacts[],
): Pick<DeskOptions, "pins" | "places"> {
  return {
    pins: deskPins(inputs.scenario, inputs.trace, pools, role),
    places: adapterPlaces(inputs, facts),
  };
}

/** How true the routers' view is. */
function fidelityOf(keys: Scenario["router"]): ViewFidelity {
  return {
    replicas: keys.replicas,
    syncDelayUs: keys.replica_sync_s === null ? undefined : inUs(keys.replica_sync_s),
    scrapeIntervalUs: inUs(keys.metrics_interval_s),
    scrapeLoss: keys.metrics_loss,
    kvEventDelayUs: inUs(keys.kv_event_delay_s),
    kvEventLoss: keys.kv_event_loss,
    staleAfterUs: keys.stale_after_s === null ? Infinity : inUs(keys.stale_after_s),
    kvEventRecoveryUs:
      keys.kv_event_recovery_s === null ? Infinity : inUs(keys.kv_event_recovery_s),
  };
}

type Watcher = Parameters<typeof bothWatchers>[0];

function bothOf(other: Watcher | undefined, watcher: Watcher): Watcher {
  return other === undefined ? watcher : bothWatchers(other, watcher);
}

/** What was made once with these settings can be made again. */
function another(made: Result<Router>, first: Router): Router {
  return made.ok ? made.value : first;
}

/** Of all workers, by their place behind the desk. */
function factsOf(pools: readonly Pool[]): readonly WorkerFacts[] {
  const all: WorkerFacts[] = [];
  for (const { engine, tiers, workers, ranks: count } of pools) {
    const { knobs } = engine;
    const lower = tiers?.fetchTimes;
    const facts = {
      ...(lower === undefined ? {} : { lower }),
      blockSize: knobs.block_size,
      blocks: knobs.num_gpu_blocks,
      maxBatchedTokens: knobs.max_num_batched_tokens,
      maxRequests: knobs.max_num_seqs,
      steps: engine.model,
      labels: 0,
    };
    const base = all.length;
    workers.forEach((_, row) => {
      const first = base + row - (row % count);
      all.push(count === 1 ? facts : { ...facts, ranks: { first, count } });
    });
  }
  return all;
}

/** One index serves all workers: their blocks must be of one size (Dynamo's issues 1232, 1233: else it fails silently). */
function checkBlocks(
  pools: readonly Pool[],
  router: Router,
): Parameters<typeof fail>[0] | undefined {
  if (router.needs?.prefix !== true && router.needs?.active !== true) return undefined;
  const size = pools[0]!.engine.knobs.block_size;
  const other = pools.find((pool) => pool.engine.knobs.block_size !== size);
  if (other === undefined) return undefined;
  return {
    what: `pools ${pools[0]!.name} and ${other.name} have KV blocks of different sizes`,
    where: "router.policy",
    expected: "one engine.block_size behind a router that compares prefixes",
    remedy: "give the pools one block size, or choose a policy without prefixes: least_tokens",
  };
}
