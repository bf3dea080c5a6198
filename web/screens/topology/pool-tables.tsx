/** Pools, links and energy as tables: what each part of the cluster did. */

import { useMemo } from "react";
import { numberText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { DataTable } from "../../charts/data-table.tsx";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import type { Report } from "../../workers/protocol.ts";
import { LINKS_DRAWN, linksChart } from "./links.ts";

const GB = 1e9;

export function PoolTables({ report }: { readonly report: Report }) {
  const { pools, network, disagg, energy } = report;
  return (
    <>
      <section className="figure whole" aria-label="Pools">
        <h3>What does each pool do?</h3>
        <DataTable
          label="Pools"
          table={{
            columns: [
              "pool",
              "role",
              "workers",
              "GPUs",
              "busy",
              "requests a step",
              "completed",
              "KV peak",
              "hits",
              "GPU-hours",
            ],
            rows: pools.map((pool) => [
              pool.name,
              pool.role,
              pool.workers,
              pool.gpus,
              percentText(pool.busyShare),
              pool.meanBatchSize,
              pool.completed,
              percentText(pool.kv.usagePeak),
              percentText(pool.kv.hitRate),
              pool.gpuHours,
            ]),
          }}
        />
      </section>
      {disagg === null ? null : (
        <section className="figure" aria-label="Hand-offs">
          <h3>What do hand-offs from prefill to decode cost?</h3>
          <DataTable
            label="Hand-offs"
            table={{
              columns: ["number", "value"],
              rows: [
                ["hand-offs", disagg.handoffs],
                ["prompts computed by the decode worker after all", disagg.fallbacks],
                ["too slow", disagg.timeouts],
                ["GB moved", disagg.bytes / GB],
                [
                  "transfer p50, p99",
                  `${textOf(disagg.transferMs.p50 ?? NaN, "ms")}, ${textOf(disagg.transferMs.p99 ?? NaN, "ms")}`,
                ],
                ["prefill memory held p99", textOf(disagg.heldMs.p99 ?? NaN, "ms")],
              ],
            }}
          />
        </section>
      )}
      {network === null ? null : <Links network={network} />}
      {energy === null ? null : (
        <section className="figure" aria-label="Energy">
          <h3>What does it draw?</h3>
          <p>
            {numberText(energy.facilityKwh)} kWh with cooling (PUE {numberText(energy.pue)}), of
            which GPUs {numberText(energy.gpuKwh)} kWh; {numberText(energy.joulesPerOutputToken)} J
            per output token.
          </p>
        </section>
      )}
    </>
  );
}

function Links({ network }: { readonly network: NonNullable<Report["network"]> }) {
  const chart = useMemo(() => linksChart(network), [network]);
  const rows = Math.min(LINKS_DRAWN, network.links.length);
  return (
    <Figure chart={chart} name="links" topic="moment" height={60 + rows * 20}>
      <Legend
        items={[
          { name: "carrying bytes", role: "transfer" },
          { name: "busy, but held back elsewhere", role: "idle" },
        ]}
      />
    </Figure>
  );
}
