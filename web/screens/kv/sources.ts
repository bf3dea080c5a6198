/** Where prompt tokens come from, as flows: caches and tiers, or computed, and then why. */

import { percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import type { Chart } from "../../charts/scene.ts";
import type { PromptSources, Report } from "../../workers/protocol.ts";
import { drawFlows } from "./flows.ts";
import type { Flow } from "./flows.ts";

type Kv = Report["kv"];
type TierSummary = NonNullable<Kv["tiers"]>[number];
export type MissReason = keyof TierSummary["missedTokens"];
/** What the report says of tiers, when the scenario has any. */
type Tiered = Required<Pick<Kv, "tiers" | "tokensBySource">>;

const PROMPT = "prompt tokens";
const COMPUTED = "computed";

const SOURCES = [
  ["g1", "G1, GPU memory"],
  ["g2", "G2, host memory"],
  ["g3", "G3, local NVMe"],
  ["g4", "G4, remote store"],
  ["peer", "GPU memory of a peer"],
] as const;

/** What each reason of a miss means, in the words of the legend and of the tier table. */
export const MISS_WORDS: Readonly<Record<MissReason, string>> = {
  neverSeen: "never seen before",
  evicted: "evicted",
  onAnotherWorker: "on another worker",
  partialBlock: "tail shorter than a block",
  refused: "never let in",
  fault: "lost to a fault",
};

/** Flows of a trace with block ids and no tiers. */
function flowsOf(sources: PromptSources): readonly Flow[] {
  return [
    { from: PROMPT, to: "found in cache", value: sources.cached, role: "transfer" },
    { from: PROMPT, to: COMPUTED, value: sources.total - sources.cached, role: "prefill" },
    { from: COMPUTED, to: "never seen before", value: sources.firstSeen, role: "idle" },
    { from: COMPUTED, to: "seen by another worker", value: sources.elsewhere, role: "policy" },
    {
      from: COMPUTED,
      to: "seen here, dropped or unfinished",
      value: sources.evicted,
      role: "queue",
    },
    { from: COMPUTED, to: "tail shorter than a block", value: sources.partial, role: "decode" },
  ];
}

/** The tiers of the report; `null` where it has none, or counts nothing. */
function tieredOf({ tiers, tokensBySource }: Kv): Tiered | null {
  return tiers === undefined || tokensBySource === undefined ? null : { tiers, tokensBySource };
}

/** Misses of the lowest level of every pool: what no level had, by reason. */
function lowestMisses(tiers: readonly TierSummary[], reason: MissReason): number {
  return tiers
    .filter(({ pool }, i) => tiers[i + 1]?.pool !== pool)
    .reduce((sum, { missedTokens }) => sum + missedTokens[reason], 0);
}

/**
 * Flows of a run with tiers. Why tokens were in no level is exact while nobody fetches from peers; what peers had is taken
 * out of tokens that some worker had seen, and nobody counts for which reason the own levels lacked those.
 */
function tierFlows({ tiers, tokensBySource: by }: Tiered): readonly Flow[] {
  const found = SOURCES.map(([key, to]): Flow => ({
    from: PROMPT,
    to,
    value: by[key],
    role: "transfer",
  }));
  const missed = (reason: MissReason): number => lowestMisses(tiers, reason);
  const fresh = missed("neverSeen");
  const partial = missed("partialBlock");
  const gone = (["evicted", "refused", "onAnotherWorker", "fault"] as const).map(
    (reason): Flow => ({
      from: COMPUTED,
      to: `${MISS_WORDS[reason]} (lowest tier)`,
      value: missed(reason),
      role: reason === "onAnotherWorker" ? "policy" : "queue",
    }),
  );
  const rest = Math.max(0, by.computed - fresh - partial);
  const leftOver = rest - gone.reduce((sum, { value }) => sum + value, 0);
  const seen: Flow[] =
    by.peer > 0 || leftOver < 0
      ? [
          {
            from: COMPUTED,
            to: "seen before: gone or kept out",
            value: rest,
            role: "queue",
          },
        ]
      : [
          ...gone,
          { from: COMPUTED, to: "found, but quicker to compute", value: leftOver, role: "prefill" },
        ];
  return [
    ...found,
    { from: PROMPT, to: COMPUTED, value: by.computed, role: "prefill" },
    { from: COMPUTED, to: MISS_WORDS.neverSeen, value: fresh, role: "idle" },
    ...seen,
    { from: COMPUTED, to: MISS_WORDS.partialBlock, value: partial, role: "decode" },
  ];
}

/** Found or computed, and nothing of the reasons. */
function plainFlows({ input, cached }: Report["tokens"]): readonly Flow[] {
  return [
    { from: PROMPT, to: "found in cache", value: cached, role: "transfer" },
    { from: PROMPT, to: COMPUTED, value: input - cached, role: "prefill" },
  ];
}

/** The flows of the prompt tokens. `isPart`: `sources` is of a stretch of time, for which tiers are not counted. */
export function sourcesChart(
  sources: PromptSources | null,
  report: Report,
  isPart: boolean,
): Chart {
  const tiered = isPart ? null : tieredOf(report.kv);
  const total = tiered === null && sources !== null ? sources.total : report.tokens.input;
  const known = sources === null ? plainFlows(report.tokens) : flowsOf(sources);
  const flows = tiered === null ? known : tierFlows(tiered);
  return {
    title: "Where do prompt tokens come from?",
    summary: tiered === null ? sourcesSummary(sources, report) : tierSummary(tiered, report),
    table: {
      columns: ["tokens", "of", "count", "share of all prompt tokens"],
      rows: flows.map(({ from, to, value }) => [to, from, value, total > 0 ? value / total : null]),
    },
    draw: (size) => drawFlows(flows, total, size),
  };
}

function tierSummary({ tokensBySource: by }: Tiered, { tokens, kv }: Report): string {
  if (tokens.input === 0) return "No prompt token was admitted.";
  const below = by.g2 + by.g3 + by.g4 + by.peer;
  const fetched = kv.onboarding;
  const how =
    fetched === undefined || fetched.meanMs === null
      ? ""
      : ` ${textOf(fetched.fetches, "count")} fetches took ${textOf(fetched.meanMs, "ms")} in the mean.`;
  return `${percentText(by.g1 / tokens.input)} of ${textOf(tokens.input, "count")} prompt tokens were in GPU memory, and tiers and peers brought ${percentText(below / tokens.input)} more.${how}`;
}

function sourcesSummary(sources: PromptSources | null, report: Report): string {
  if (sources === null) {
    return `${percentText(report.kv.hitRate)} of the prompt tokens were found in the cache; without block ids nobody can say why the rest was not.`;
  }
  const { total, cached, elsewhere, evicted } = sources;
  if (total === 0) return "No prompt token was admitted in this stretch of time.";
  const lost = elsewhere >= evicted ? elsewhere : evicted;
  const why =
    elsewhere >= evicted
      ? "another worker had it: routing decides"
      : "it was dropped or unfinished: capacity decides";
  return `${percentText(cached / total)} of ${textOf(total, "count")} prompt tokens were in the cache. Of the rest, most that could be saved is ${percentText(lost / total)}, because ${why}.`;
}
