/** The tiers' part of the KV screen: over time, and lookups level by level. */

import { useMemo } from "react";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import type { OverTime, Report, RunLanes } from "../../workers/protocol.ts";
import { levelChart, lookupsOf } from "./level-flows.ts";
import { LEVEL_ROLES, tierFlowChart, tierOccupancyChart } from "./tier-charts.ts";

export type TierFiguresProps = {
  readonly kv: Report["kv"];
  readonly series: OverTime | null;
  readonly lanes: RunLanes | null;
};

export function TierFigures({ kv, series, lanes }: TierFiguresProps) {
  const levels = useMemo(
    () => lookupsOf(kv).map((lookup) => ({ level: lookup.level, chart: levelChart(lookup) })),
    [kv],
  );
  const charts = useMemo(
    () =>
      lanes === null || series === null || lanes.timeS.length !== series.timeS.length
        ? null
        : {
            occupancy: tierOccupancyChart(series, lanes),
            in: tierFlowChart(lanes, "in"),
            out: tierFlowChart(lanes, "out"),
          },
    [lanes, series],
  );
  const names = ["g1", ...(lanes?.tiers ?? []).map(({ level }) => level)];
  const legend = names.map((level) => ({
    name: level.toUpperCase(),
    role: LEVEL_ROLES[level] ?? "idle",
  }));
  const below = legend.slice(1);
  const fetched =
    lanes === null || lanes.peerBytesPerS === null
      ? below
      : [...below, { name: "peers", role: LEVEL_ROLES["peer"] ?? "idle" }];
  if (levels.length === 0) return null;
  return (
    <>
      {levels.map(({ level, chart }) => (
        <Figure key={level} chart={chart} name={`lookups-${level}`} topic="tiers" height={190} />
      ))}
      {charts === null ? null : (
        <>
          <Figure chart={charts.occupancy} name="tier-occupancy" topic="tiers" height={230} isTime>
            <Legend items={legend} />
          </Figure>
          <Figure chart={charts.in} name="tier-offloads" topic="tiers" height={210} isTime>
            <Legend items={below} />
          </Figure>
          <Figure chart={charts.out} name="tier-fetches" topic="tiers" height={210} isTime>
            <Legend items={fetched} />
          </Figure>
        </>
      )}
    </>
  );
}
