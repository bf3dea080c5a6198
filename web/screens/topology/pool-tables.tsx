/** Pools, links and energy as tables: what each part of the cluster did. */

import { numberText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { DataTable } from "../../charts/data-table.tsx";
import type { Report } from "../../workers/protocol.ts";

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
      {network === null ? null : (
        <section className="figure" aria-label="Links">
          <h3>Which links are full?</h3>
          <DataTable
            label="Links"
            table={{
              columns: ["link", "kind", "GB/s", "GB moved", "use", "most at once"],
              rows: network.links.map((link) => [
                link.name,
                link.kind,
                link.bytesPerS / GB,
                link.bytes / GB,
                percentText(link.utilization),
                link.transfersPeak,
              ]),
            }}
          />
        </section>
      )}
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
