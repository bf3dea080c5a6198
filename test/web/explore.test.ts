/** The sweep's views against plain counts over its points. */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { SweepFilters, SweepPoint } from "../../web/stores/sweep-store.ts";
import type { Report } from "../../web/workers/protocol.ts";
import { metricById } from "../../web/screens/compare/metrics.ts";
import { columnsOf, passes, valuesOf } from "../../web/screens/explore/columns.ts";
import { plotted, rolesOf } from "../../web/screens/explore/frontier.ts";
import { heatMapChart } from "../../web/screens/explore/heat-map.ts";
import { parallelChart } from "../../web/screens/explore/parallel.ts";

const GPUS = ["h100-sxm", "h200-sxm", "b200"];

/** The few numbers of a report that these views read. */
function reportOf(ttftMs: number, gpuHours: number): Report {
  const latency = { p50: ttftMs / 2, p90: ttftMs, p99: ttftMs };
  const { ttftMs: ttft, ...others } = { ttftMs: latency, tpotMs: {}, itlMs: {}, e2eMs: {} };
  const part = { p50: null, p90: null, p99: null };
  return {
    latency: { ttftMs: ttft, ...Object.fromEntries(Object.keys(others).map((key) => [key, part])) },
    gpuHours,
    slo: { attainment: null, goodputPerS: null },
    throughput: { outputTokensPerSPerGpu: null },
    pools: [],
    cost: null,
  } as unknown as Report;
}

const sweeps = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 }),
    fc.array(fc.option(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))), {
      minLength: 12,
      maxLength: 12,
    }),
  )
  .map(([workers, numbers]) =>
    workers
      .flatMap((count) => GPUS.map((gpu) => [count, gpu] as const))
      .map((values, id): SweepPoint => {
        const own = numbers[id] ?? null;
        const report = own === null ? null : reportOf(own[0], own[1]);
        return { id, document: {}, values, report, problem: null };
      }),
  );

const options = (points: readonly SweepPoint[]) => ({
  points,
  roles: rolesOf(points),
  axes: ["cluster.workers", "gpu"],
  x: metricById("gpuHours"),
  y: metricById("ttftMs.p99"),
  limit: null,
  pins: [],
});

it("the frontier is what no other point beats, the grid has the best of each pair", () => {
  fc.assert(
    fc.property(sweeps, (points) => {
      const done = points.flatMap((point) =>
        point.report === null
          ? []
          : [{ point, x: point.report.gpuHours, y: point.report.latency.ttftMs.p99! }],
      );
      const best = done.filter(
        (own) =>
          !done.some((one) => one.x <= own.x && one.y <= own.y && (one.x < own.x || one.y < own.y)),
      );
      const shown = plotted(options(points)).filter(({ isBest }) => isBest);
      expect(shown.map(({ point }) => point.id)).toEqual(best.map(({ point }) => point.id));
      const { table } = heatMapChart({ ...options(points), across: 0, up: 1 });
      expect(table.rows).toHaveLength(points.length);
      for (const [workers, gpu, value] of table.rows) {
        const own = done.find(
          ({ point }) => point.values[0] === workers && point.values[1] === gpu,
        );
        expect(value).toBe(own?.y ?? null);
      }
      const across = heatMapChart({ ...options(points), axes: ["gpu"], across: 1, up: 1 }).table;
      for (const [gpu, other, value] of across.rows) {
        const some = done.filter(({ point }) => point.values[1] === gpu);
        expect(value).toBe(
          gpu !== other || some.length === 0 ? null : Math.min(...some.map(({ y }) => y)),
        );
      }
    }),
    { seed: 20261121 },
  );
});

it("filters keep the points within every range, and colours stay with their values", () => {
  fc.assert(
    fc.property(sweeps, fc.integer({ min: 1, max: 9 }), fc.nat(2), (points, most, gpu) => {
      const columns = columnsOf(options(points));
      const filters: SweepFilters = {
        "ttftMs.p99": [-Infinity, most],
        "field gpu": [gpu, gpu],
      };
      const kept = points.filter((point) => passes(point, columns, filters));
      const hasTtft = columns.some(({ id }) => id === "ttftMs.p99");
      expect(kept).toEqual(
        points.filter(({ report, values }) => {
          if (values[1] !== GPUS[gpu]) return false;
          return !hasTtft || (report !== null && report.latency.ttftMs.p99! <= most);
        }),
      );
      const { table } = parallelChart(options(points), filters);
      expect(table.rows).toHaveLength(kept.filter(({ report }) => report !== null).length);
      expect(valuesOf(points.toReversed(), 1)).toEqual(GPUS);
      expect([...rolesOf(points.toReversed())]).toEqual([...rolesOf(points)]);
    }),
    { seed: 20261121 },
  );
});
