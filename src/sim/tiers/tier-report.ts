/** The report's KV tiers: what each held, found and moved, and where prompt tokens came from. */

import type { Digest } from "../../core/index.ts";
import type { Pool } from "../pool.ts";
import type { MissBook, MissReason } from "./miss-book.ts";
import { MISS_REASONS } from "./miss-book.ts";
import type { TierSystem } from "./tier-system.ts";

/** Tokens that were looked for at a level, because no level above had them, and what became of them. */
export type LookupSummary = {
  readonly askedTokens: number;
  readonly hitTokens: number;
  readonly missedTokens: { readonly [reason in MissReason]: number };
};

export type TierSummary = LookupSummary & {
  readonly pool: string;
  readonly level: string;
  readonly scope: string;
  readonly stores: number;
  /** Of one store. */
  readonly capacityBlocks: number;
  readonly capacityBytes: number;
  /** Share of the capacity in use: over time and stores, and the most of any store. */
  readonly occupancyMean: number;
  readonly occupancyPeak: number;
  readonly storedBlocks: number;
  readonly evictedBlocks: number;
  readonly expiredBlocks: number;
  readonly lostBlocks: number;
  /** Blocks that the offload policy kept out, or that found no room. */
  readonly refusedBlocks: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
};

/** Prompt tokens of first admissions by where their KV came from. */
export type TokensBySource = {
  readonly computed: number;
  readonly g1: number;
  readonly g2: number;
  readonly g3: number;
  readonly g4: number;
  readonly peer: number;
};

export type OnboardSummary = {
  /** Admissions that found something below, and those that fetched it or a part of it. */
  readonly choices: number;
  readonly fetches: number;
  readonly offeredTokens: number;
  readonly fetchedTokens: number;
  /** Fetched tokens that were evicted before their request was admitted. */
  readonly lostTokens: number;
  readonly bytesFromPeers: number;
  /** Mean time of a fetch, ms; `null`: none. */
  readonly meanMs: number | null;
};

export type PrefetchSummary = {
  /** Turns that were expected; those that found all in place; those for which something was brought. */
  readonly expectedTurns: number;
  readonly unneeded: number;
  readonly started: number;
  /** Stopped before they began or ended, because the turn came or its worker went. */
  readonly cancelled: number;
  /** Blocks brought, of them those that the next turn could use, and those that it could not, or has not yet. */
  readonly blocks: number;
  readonly usedBlocks: number;
  readonly wastedBlocks: number;
  /** Sent, also in vain. */
  readonly bytes: number;
};

export type TierReport = {
  readonly g1?: LookupSummary;
  readonly tiers?: readonly TierSummary[];
  readonly tokensBySource?: TokensBySource;
  readonly onboarding?: OnboardSummary;
  readonly prefetch?: PrefetchSummary;
};

function lookups(books: readonly MissBook[]): LookupSummary {
  const sum = (of: (book: MissBook) => number): number =>
    books.reduce((total, book) => total + of(book), 0);
  const missed = MISS_REASONS.map((reason, i) => [reason, sum((book) => book.missedTokens[i]!)]);
  return {
    askedTokens: sum(({ askedTokens }) => askedTokens),
    hitTokens: sum(({ hitTokens }) => hitTokens),
    missedTokens: Object.fromEntries(missed) as LookupSummary["missedTokens"],
  };
}

function tierSummary(system: TierSystem, pool: string, level: number, nowUs: number): TierSummary {
  const settings = system.settings.levels[level]!;
  const stores = system.stores.levels[level]!;
  const queues = system.offloads.queues[level]!;
  const { capacityBlocks } = settings;
  const total = <T>(items: readonly T[], of: (item: T) => number): number =>
    items.reduce((sum, item) => sum + of(item), 0);
  return {
    pool,
    level: settings.name,
    scope: settings.scope,
    stores: stores.length,
    capacityBlocks,
    capacityBytes: Math.round(capacityBlocks * settings.blockBytes),
    occupancyMean:
      total(stores, (store) => store.meanBlocks(nowUs)) / (capacityBlocks * stores.length),
    occupancyPeak: Math.max(...stores.map((store) => store.peakBlocks)) / capacityBlocks,
    ...lookups([system.stores.books[level + 1]!]),
    storedBlocks: total(stores, (store) => store.storedBlocks),
    evictedBlocks: total(stores, (store) => store.evictedBlocks),
    expiredBlocks: total(stores, (store) => store.expiredBlocks),
    lostBlocks: total(stores, (store) => store.lostBlocks),
    refusedBlocks: total(queues, (queue) => queue.refusedBlocks),
    bytesIn: total(queues, (queue) => queue.sentBytes),
    bytesOut: system.fetchedBytes[level]!,
  };
}

const SOURCES = ["g2", "g3", "g4", "peer"] as const;

function tokensBySource(
  systems: readonly TierSystem[],
  inputTokens: number,
  cachedTokens: number,
): TokensBySource {
  const from = { g2: 0, g3: 0, g4: 0, peer: 0 };
  for (const { settings, fetched } of systems) {
    const names: readonly string[] = [...settings.levels.map(({ name }) => name), "peer"];
    for (const source of SOURCES) {
      const index = names.indexOf(source);
      if (index >= 0) from[source] += fetched.used[index]!;
    }
  }
  const below = from.g2 + from.g3 + from.g4 + from.peer;
  return { computed: inputTokens - cachedTokens, g1: cachedTokens - below, ...from };
}

function onboarding(systems: readonly TierSystem[]): OnboardSummary {
  const sum = (of: (system: TierSystem) => number): number =>
    systems.reduce((total, system) => total + of(system), 0);
  const fetches = sum((system) => system.fetches);
  return {
    choices: sum(({ choices }) => choices),
    fetches,
    offeredTokens: sum(({ offeredTokens }) => offeredTokens),
    fetchedTokens: sum(({ fetched }) => fetched.used.reduce((total, tokens) => total + tokens, 0)),
    lostTokens: sum(({ fetched }) => fetched.lost),
    bytesFromPeers: sum(({ fetchedBytes, settings }) => fetchedBytes[settings.levels.length]!),
    meanMs: fetches === 0 ? null : sum(({ loadUs }) => loadUs) / fetches / 1000,
  };
}

/** Nothing where nothing is prefetched. */
function prefetching(systems: readonly TierSystem[]): { readonly prefetch?: PrefetchSummary } {
  const counts = systems.flatMap(({ prefetcher }) => prefetcher?.counts ?? []);
  if (counts.length === 0) return {};
  const sum = (of: (one: (typeof counts)[number]) => number): number =>
    counts.reduce((total, one) => total + of(one), 0);
  const blocks = sum((one) => one.blocks);
  const usedBlocks = sum((one) => one.usedBlocks);
  return {
    prefetch: {
      expectedTurns: sum(({ expected }) => expected),
      unneeded: sum(({ unneeded }) => unneeded),
      started: sum(({ started }) => started),
      cancelled: sum(({ cancelled }) => cancelled),
      blocks,
      usedBlocks,
      wastedBlocks: blocks - usedBlocks,
      bytes: sum(({ bytes }) => bytes),
    },
  };
}

/** What the report's `kv` says of tiers; nothing when no pool has any. Tokens are those of first admissions. */
export function tierReport(
  pools: readonly Pool[],
  tokens: { readonly input: number; readonly cached: number },
  nowUs: number,
): TierReport {
  const built = pools.flatMap(({ name, tiers }) => (tiers === undefined ? [] : [{ name, tiers }]));
  if (built.length === 0) return {};
  const systems = built.map(({ tiers }) => tiers);
  return {
    g1: lookups(systems.map(({ stores }) => stores.books[0]!)),
    tiers: built.flatMap(({ name, tiers }) =>
      tiers.settings.levels.map((_, level) => tierSummary(tiers, name, level, nowUs)),
    ),
    tokensBySource: tokensBySource(systems, tokens.input, tokens.cached),
    onboarding: onboarding(systems),
    ...prefetching(systems),
  };
}

/** Adds what the tiers counted to a run's digest. */
export function digestTiers(pools: readonly Pool[], digest: Digest): void {
  for (const { tiers } of pools) {
    if (tiers === undefined) continue;
    for (const book of tiers.stores.books) {
      digest.addF64(book.askedTokens);
      digest.addF64(book.hitTokens);
      for (const tokens of book.missedTokens) digest.addF64(tokens);
    }
    for (const store of tiers.stores.levels.flat()) {
      digest.addF64(store.storedBlocks);
      digest.addF64(store.evictedBlocks);
      digest.addF64(store.usedBlocks);
    }
    for (const queue of tiers.offloads.queues.flat()) digest.addF64(queue.sentBytes);
    for (const bytes of tiers.fetchedBytes) digest.addF64(bytes);
    for (const tokens of tiers.fetched.used) digest.addF64(tokens);
    for (const count of Object.values(tiers.prefetcher?.counts ?? {})) digest.addF64(count);
    digest.addF64(tiers.choices);
    digest.addF64(tiers.fetches);
    digest.addF64(tiers.loadUs);
  }
}
