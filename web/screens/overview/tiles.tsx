/** Six numbers with their course over the run and their change to the baseline. */

import { numberText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { Sparkline } from "../../charts/sparkline.tsx";
import { explain, show } from "../../stores/view-store.ts";
import type { ScreenName } from "../../stores/view-store.ts";
import type { Insight, OverTime, Report } from "../../workers/protocol.ts";
import { changeText } from "../compare/change.ts";

type Tile = {
  readonly name: string;
  readonly value: (report: Report) => number | null;
  readonly text: (value: number) => string;
  readonly note: (report: Report) => string;
  /** Its course over the run, where it has one. */
  readonly spark?: (series: OverTime) => ArrayLike<number>;
  readonly betterIs: "more" | "less";
  readonly opens: ScreenName;
  readonly topic: string;
};

const ms = (value: number): string => textOf(value, "ms");

const TILES: readonly Tile[] = [
  {
    name: "Goodput",
    value: ({ slo }) => slo.attainment,
    text: percentText,
    note: ({ slo }) =>
      slo.attainment === null
        ? "set a goal to see it"
        : `of the requests within every goal, ${numberText(slo.goodputPerS)}/s`,
    spark: (series) => series.attainment,
    betterIs: "more",
    opens: "latency",
    topic: "goodput",
  },
  {
    name: "TTFT p99",
    value: ({ latency }) => latency.ttftMs.p99,
    text: ms,
    note: ({ latency }) => `p50 ${textOf(latency.ttftMs.p50 ?? NaN, "ms")}`,
    spark: (series) => series.ttftMsP99,
    betterIs: "less",
    opens: "latency",
    topic: "ttft",
  },
  {
    name: "ITL p99",
    value: ({ latency }) => latency.itlMs.p99,
    text: ms,
    note: ({ latency }) => `TPOT p50 ${textOf(latency.tpotMs.p50 ?? NaN, "ms")}`,
    spark: (series) => series.tpotMsP99,
    betterIs: "less",
    opens: "latency",
    topic: "itl",
  },
  {
    name: "Output per GPU",
    value: ({ throughput }) => throughput.outputTokensPerSPerGpu,
    text: (value) => `${numberText(value)} tok/s`,
    note: ({ kv }) => `prefix hits ${percentText(kv.hitRate)}`,
    spark: (series) => series.outputTokensPerS,
    betterIs: "more",
    opens: "kv",
    topic: "throughput",
  },
  {
    name: "GPU-hours",
    value: ({ gpuHours }) => gpuHours,
    text: numberText,
    note: (report) =>
      report.cost === null
        ? "no price set"
        : `$${numberText(report.cost.totalUsd)}, $${numberText(report.cost.usdPerMillionOutputTokens)} per M tokens out` +
          elsewhereText(report),
    spark: (series) => series.running,
    betterIs: "less",
    opens: "explore",
    topic: "cost",
  },
  {
    name: "Energy",
    value: ({ energy }) => energy?.facilityKwh ?? null,
    text: (value) => `${numberText(value)} kWh`,
    note: ({ energy }) =>
      energy === null
        ? "needs a GPU of the list"
        : `${numberText(energy.joulesPerOutputToken)} J per token out, ${percentText(energy.gpuIdleKwh / energy.gpuKwh)} of the GPUs' share idle`,
    spark: (series) => series.powerW,
    betterIs: "less",
    opens: "topology",
    topic: "energy",
  },
];

/** What the run would cost at the other kinds of providers that the GPUs' cards have prices of. */
function elsewhereText({ costByTier, engine }: Report): string {
  const others = costByTier.filter(({ tier }) => tier !== engine.price?.tier);
  if (others.length === 0) return "";
  const costs = others.map(({ tier, totalUsd }) => `${tier} $${numberText(totalUsd)}`);
  return `; elsewhere: ${costs.join(", ")}`;
}

export type TilesProps = { readonly insight: Insight; readonly baseline: Insight | null };

export function Tiles({ insight, baseline }: TilesProps) {
  return (
    <div className="tiles">
      {TILES.map((tile) => (
        <TileView key={tile.name} tile={tile} insight={insight} baseline={baseline} />
      ))}
    </div>
  );
}

function TileView({ tile, insight, baseline }: { readonly tile: Tile } & TilesProps) {
  const value = tile.value(insight.report);
  const other = baseline === null ? null : tile.value(baseline.report);
  const besides = baseline?.series ?? null;
  const change = value === null || other === null ? null : changeText(other, value, tile.betterIs);
  return (
    <section className="tile" aria-label={tile.name}>
      <div className="row">
        <h3>{tile.name}</h3>
        <span className="spacer" />
        <button
          type="button"
          className="quiet"
          title="How this is computed"
          onClick={() => {
            explain(tile.topic);
          }}
        >
          <span className="info" aria-hidden="true">
            i
          </span>
          <span className="sr-only">How {tile.name} is computed</span>
        </button>
      </div>
      <p className="value" data-testid={`tile-${tile.name}`}>
        {value === null ? "–" : tile.text(value)}
        {change === null ? null : <span className={`change ${change.mood}`}> {change.text}</span>}
      </p>
      {insight.series === null || tile.spark === undefined ? null : (
        <Sparkline
          values={tile.spark(insight.series)}
          baseline={besides === null ? undefined : tile.spark(besides)}
        />
      )}
      <p className="note">{tile.note(insight.report)}</p>
      <button
        type="button"
        className="quiet arrow"
        onClick={() => {
          show(tile.opens);
        }}
      >
        {tile.opens} →
      </button>
    </section>
  );
}
