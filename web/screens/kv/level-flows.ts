/** Prompt tokens on their way down the levels: found at each, or missed and why, and then looked for below. */

import { percentText } from "../../../src/core/index.ts";
import type { Role } from "../../charts/palette.ts";
import type { Chart } from "../../charts/scene.ts";
import type { Report } from "../../workers/protocol.ts";
import { drawFlows } from "./flows.ts";
import type { Flow } from "./flows.ts";
import { MISS_WORDS } from "./sources.ts";
import type { MissReason } from "./sources.ts";

type Lookup = {
  readonly level: string;
  readonly hitTokens: number;
  readonly askedTokens: number;
  readonly missed: Readonly<Record<MissReason, number>>;
};

const REASONS = Object.keys(MISS_WORDS) as MissReason[];
const ROLES: Readonly<Record<MissReason, Role>> = {
  neverSeen: "idle",
  evicted: "queue",
  onAnotherWorker: "policy",
  partialBlock: "decode",
  refused: "queue",
  fault: "queue",
};

/** Sums over pools, in the order in which levels are asked. */
export function lookupsOf({ g1, tiers = [] }: Report["kv"]): readonly Lookup[] {
  const levels = new Map<string, Lookup>();
  const all = [...(g1 === undefined ? [] : [{ level: "g1", ...g1 }]), ...tiers];
  for (const { level, hitTokens, askedTokens, missedTokens } of all) {
    const known = levels.get(level);
    const missed = REASONS.map((reason) => [
      reason,
      missedTokens[reason] + (known?.missed[reason] ?? 0),
    ]);
    levels.set(level, {
      level,
      hitTokens: hitTokens + (known?.hitTokens ?? 0),
      askedTokens: askedTokens + (known?.askedTokens ?? 0),
      missed: Object.fromEntries(missed) as Lookup["missed"],
    });
  }
  return [...levels.values()];
}

function flowsAt({ level, hitTokens, missed }: Lookup): readonly Flow[] {
  const name = level.toUpperCase();
  const from = `asked of ${name}`;
  return [
    { from, to: `found in ${name}`, value: hitTokens, role: "transfer" },
    ...REASONS.map((reason) => ({
      from,
      to: MISS_WORDS[reason],
      value: missed[reason],
      role: ROLES[reason],
    })),
  ];
}

/** The lookups at one level as flows. What it missed is what the level below is asked for. */
export function levelChart(lookup: Lookup): Chart {
  const flows = flowsAt(lookup);
  const { askedTokens: asked, hitTokens, level } = lookup;
  const [worst] = REASONS.toSorted((a, b) => lookup.missed[b] - lookup.missed[a]);
  const why =
    worst === undefined || lookup.missed[worst] === 0
      ? ""
      : ` Most misses: ${MISS_WORDS[worst]}, ${percentText(lookup.missed[worst] / asked)}.`;
  return {
    title: `What does ${level.toUpperCase()} find, and why does it miss?`,
    summary:
      asked === 0
        ? "Nothing was looked for here."
        : `It had ${percentText(hitTokens / asked)} of the tokens that were looked for here.${why}`,
    table: {
      columns: ["tokens", "count", "share of those looked for"],
      rows: flows.map(({ to, value }) => [to, value, asked > 0 ? value / asked : null]),
    },
    draw: (size) => drawFlows(flows, asked, size),
  };
}
