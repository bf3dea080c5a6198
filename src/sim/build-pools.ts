/** From a scenario to its pools: an engine, its workers and its view of the trace's prefixes for each. */

import { fail, ok } from "../core/index.ts";
import type { GapHistogram, Problem, Result } from "../core/index.ts";
import type { Trace } from "../trace/index.ts";
import type { Site } from "./build-network.ts";
import { adapterDraws } from "./adapters.ts";
import { buildWorkers } from "./build-workers.ts";
import type { WorkerSink } from "./engine.ts";
import { PassMeter } from "./pass-meter.ts";
import { imagesOf } from "./images.ts";
import type { ClusterNetwork } from "./network/index.ts";
import type { Pool } from "./pool.ts";
import { atPool, enginesOf, poolScenarios, poolsOf, ranksApart } from "./pool-scenarios.ts";
import { withAnswers } from "./answer-forest.ts";
import { buildPrefixForest, EMPTY_FOREST } from "./prefix-forest.ts";
import type { PrefixForest } from "./prefix-forest.ts";
import type { RequestTable } from "./request-table.ts";
import { resolveEngine } from "./resolve-engine.ts";
import type { ResolvedEngine } from "./resolve-engine.ts";
import type { Scenario } from "./scenario.ts";
import { tenantForest } from "./tenant-forest.ts";
import { resolveTiers } from "./tiers/resolve-tiers.ts";
import { TierSystem } from "./tiers/tier-system.ts";
import { sessionTurnsOf } from "./tiers/turn-forecast.ts";
import type { SimulationInputs } from "./simulation-inputs.ts";

/** What workers of all pools have in common. */
type CommonParts = {
  readonly engines: readonly ResolvedEngine[];
  readonly table: RequestTable;
  readonly gaps: GapHistogram;
  readonly stepByStep: boolean;
  readonly sink: WorkerSink;
  /** Undefined: the workers share no links. */
  readonly net: ClusterNetwork | undefined;
};

/**
 * The engine of every pool, in the scenario's order; `site` is the fabric they stand in. Errors: those of `resolveEngine`, with the
 * pool.
 */
export function resolveEngines(
  inputs: SimulationInputs,
  site?: Site,
): Result<readonly ResolvedEngine[]> {
  const engines: ResolvedEngine[] = [];
  for (const [index, scenario] of poolScenarios(inputs.scenario).entries()) {
    const engine = resolveEngine(scenario, inputs.pools?.[index] ?? inputs, site?.pools[index]);
    if (!engine.ok) return fail(atPool(inputs.scenario, index, engine.problem));
    engines.push(engine.value);
  }
  return ok(engines);
}

/**
 * Builds every pool. Workers are numbered through, those of decode pools last, so that each router's desk has a row of numbers.
 * Errors: an unknown scheduler.
 */
export function buildPools(inputs: SimulationInputs, parts: CommonParts): Result<readonly Pool[]> {
  const { scenario, trace } = inputs;
  const mixed = isolationProblem(scenario, trace);
  if (mixed !== undefined) return fail(mixed);
  const forestFor = forests(scenario, trace);
  const named = poolsOf(scenario);
  const firstIds = firstsOf(scenario, enginesOf);
  const firstWorkers = firstsOf(scenario, ({ cluster }) => cluster.workers);
  const draw = { trace, draws: adapterDraws(scenario, trace), images: imagesOf(scenario, trace) };
  const pools: Pool[] = [];
  for (const [index, poolScenario] of poolScenarios(scenario).entries()) {
    const { name, role } = named[index]!;
    const engine = parts.engines[index]!;
    const forest = forestFor(engine);
    const firstId = firstIds[index]!;
    const { model, knobs, power } = engine;
    const meter = power && new PassMeter(power.steps, enginesOf(poolScenario), firstId);
    const built =
      role === "decode"
        ? ok(undefined)
        : tiersFor(poolScenario, engine, forest, { firstId, net: parts.net, trace });
    if (!built.ok) return fail(atPool(scenario, index, built.problem));
    const view = { scenario: poolScenario, forest, meter, tiers: built.value };
    const workers = buildWorkers({ ...parts, ...view, ...draw, role, knobs, model, firstId });
    if (!workers.ok) return fail(atPool(scenario, index, workers.problem));
    const numbers = { ranks: ranksApart(poolScenario), firstWorker: firstWorkers[index]! };
    pools.push({ index, name, role, engine, ...view, ...numbers, workers: workers.value });
  }
  return ok(pools);
}

/** Number of each pool's first worker, when a pool has as many as `count` says. */
function firstsOf(scenario: Scenario, count: (own: Scenario) => number): readonly number[] {
  const named = poolsOf(scenario);
  const firsts: number[] = [];
  let next = 0;
  for (const isDecode of [false, true]) {
    for (const [index, own] of poolScenarios(scenario).entries()) {
      if ((named[index]!.role === "decode") !== isDecode) continue;
      firsts[index] = next;
      next += count(own);
    }
  }
  return firsts;
}

/** The tiers of a pool; undefined: none are wanted, or the engine keeps no prefixes. */
function tiersFor(
  scenario: Scenario,
  { knobs, model, machine, gpusPerWorker, kvBytes }: ResolvedEngine,
  forest: PrefixForest,
  place: {
    readonly firstId: number;
    readonly net: ClusterNetwork | undefined;
    readonly trace: Trace | undefined;
  },
): Result<TierSystem | undefined> {
  const { kv, faults } = scenario;
  const { firstId, net, trace } = place;
  const workers = enginesOf(scenario);
  const blockSize = knobs.block_size;
  const tokenBytes = kvBytes?.perToken;
  const fabric = net && { net, worker: firstId };
  const hasWeakPorts = faults.events.some(({ kind }) => kind === "link");
  const size = { workers, gpusPerWorker, blockSize, tokenBytes };
  const base = { ...size, machine, fabric, hasWeakPorts };
  const perNode = kv.workers_per_node;
  // Of ranks apart each has its own share of what a worker may use.
  const shared = { ...kv, workers_per_node: perNode && perNode * ranksApart(scenario) };
  const settings = resolveTiers(shared, base);
  if (!settings.ok) return settings;
  const keeps = knobs.enable_prefix_caching && knobs.scheduler !== "static";
  if (settings.value === undefined || !keeps) return ok(undefined);
  const turns =
    settings.value.prefetch === undefined ? ok(undefined) : sessionTurnsOf(scenario, trace);
  if (!turns.ok) return turns;
  const parts = { forest, blockSize, model, firstId, net, turns: turns.value };
  return ok(new TierSystem(settings.value, parts));
}

/** What is wrong with asking for tenants apart; undefined: nothing. */
function isolationProblem({ kv }: Scenario, trace: Trace | undefined): Problem | undefined {
  if (kv.isolation === "none" || trace?.labels?.tenant !== undefined) return undefined;
  return {
    what: "the traffic does not say which tenant a request is of",
    where: "kv.isolation",
    expected: "a trace with a column of tenants",
    remedy: "set kv.isolation: none, or take a trace with tenants",
  };
}

/** The trace's prefix forest for an engine; engines with blocks of one size share it. */
function forests(
  { kv }: Scenario,
  trace: Trace | undefined,
): (engine: ResolvedEngine) => PrefixForest {
  const known = new Map<string, PrefixForest>();
  return ({ knobs }) => {
    if (!knobs.enable_prefix_caching || trace === undefined) return EMPTY_FOREST;
    const { block_size: size, cache_generated_tokens: hasAnswers } = knobs;
    const key = `${String(size)} ${String(hasAnswers)}`;
    const tenants = kv.isolation === "tenant" ? trace.labels?.tenant?.codes : undefined;
    const build = (): PrefixForest => {
      const prompts = buildPrefixForest(trace, size);
      const shared = hasAnswers ? withAnswers(prompts, trace, size) : prompts;
      return tenants === undefined ? shared : tenantForest(shared, tenants);
    };
    const forest = known.get(key) ?? build();
    known.set(key, forest);
    return forest;
  };
}
