/** KV tiers over time: how full each is, and what moves in and out of them. */

import { percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Curve } from "../../charts/lines.ts";
import type { Role } from "../../charts/palette.ts";
import type { Chart } from "../../charts/scene.ts";
import type { OverTime, RunLanes } from "../../workers/protocol.ts";

const GB = 1e9;
/** Levels by their names; each has a role's colour and dash in every chart of this screen. */
export const LEVEL_ROLES: Readonly<Record<string, Role>> = {
  g1: "prefill",
  g2: "transfer",
  g3: "policy",
  g4: "queue",
  peer: "decode",
};

function timeAxis(timeS: ArrayLike<number>) {
  const endS = Math.max(1, timeS[timeS.length - 1] ?? 0);
  return { name: "simulated time", unit: "s", scale: "linear", domain: [0, endS] } as const;
}

/** Share of each tier's blocks in use, GPU memory included: what is kept for reuse counts. */
export function tierOccupancyChart(series: OverTime, { timeS, tiers }: RunLanes): Chart {
  const g1 = Float64Array.from(series.kvUsed, (used, i) => used + (series.kvCached[i] ?? 0));
  const levels = [{ level: "g1", used: g1 }, ...tiers];
  const peaks = levels.map(
    ({ level, used }) =>
      `${level.toUpperCase()} ${percentText(used.reduce((a, b) => Math.max(a, b), 0))}`,
  );
  return {
    title: "How full does each tier get?",
    summary: `At most: ${peaks.join(", ")} of its blocks hold keys and values.`,
    table: {
      columns: ["time s", ...levels.map(({ level }) => level.toUpperCase())],
      rows: Array.from(timeS, (s, i) => [s, ...levels.map(({ used }) => used[i] ?? null)]),
    },
    draw: (size) =>
      drawLines(
        {
          x: timeAxis(timeS),
          y: { name: "share of blocks", unit: "share", scale: "linear", domain: [0, 1] },
          curves: levels.map(({ level, used }) => ({
            name: level.toUpperCase(),
            role: LEVEL_ROLES[level] ?? "idle",
            x: timeS,
            y: used,
          })),
        },
        size,
      ),
  };
}

/** Bytes a second down into each tier, or up out of it. */
export function tierFlowChart(lanes: RunLanes, way: "in" | "out"): Chart {
  const { timeS, tiers, peerBytesPerS } = lanes;
  const curves: Curve[] = tiers.map((tier) => ({
    name: tier.level.toUpperCase(),
    role: LEVEL_ROLES[tier.level] ?? "idle",
    x: timeS,
    y: (way === "in" ? tier.inBytesPerS : tier.outBytesPerS).map((bytes) => bytes / GB),
  }));
  if (way === "out" && peerBytesPerS !== null) {
    const y = peerBytesPerS.map((bytes) => bytes / GB);
    curves.push({ name: "peers", role: LEVEL_ROLES["peer"]!, x: timeS, y });
  }
  const columns = curves.map(({ y }) => y);
  const [, most] = domainUp(columns);
  const peak = columns.some((column) => Array.from(column).some((value) => value > 0))
    ? `${textOf(most / 1.05, "count")} GB/s in a sample`
    : "nothing moves";
  return {
    title: way === "in" ? "What is offloaded, and when?" : "What is fetched, and when?",
    summary:
      way === "in"
        ? `Keys and values that go down into the tiers; at most ${peak}.`
        : `Keys and values that come up to workers from tiers and peers; at most ${peak}.`,
    table: {
      columns: ["time s", ...curves.map(({ name }) => `${name} GB/s`)],
      rows: Array.from(timeS, (s, i) => [s, ...columns.map((column) => column[i] ?? null)]),
    },
    draw: (size) =>
      drawLines(
        {
          x: timeAxis(timeS),
          y: { name: "GB/s", unit: "count", scale: "linear", domain: domainUp(columns) },
          curves,
        },
        size,
      ),
  };
}
