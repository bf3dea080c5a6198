/** Weights of workers that start again: every link on their way carries exactly their bytes, whatever else happens to it. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { parseScenario } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { deck } from "../hardware/kernels-support.ts";
import { simulate } from "../support/simulate.ts";
import { traceOf } from "../support/small-runs.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

type FaultInput = NonNullable<NonNullable<ScenarioInput["faults"]>["events"]>[number];

const GPUS_PER_NODE = 8;
const WORKERS = 6;
const BYTES_PER_GB = 1e9;
/** Requests all the time, so that the run outlasts every start. */
const trace = traceOf(
  Array.from({ length: 300 }, (_, second) => ({ at: second * 1e6, input: 16, output: 2 })),
  0,
);

/** Where weights come from, and the links of a node on their way, by the ends of their names. */
const WAYS = {
  nvme: ["nvme read", "pcie down"],
  host: ["dram", "pcie down"],
} as const;

const crashes = fc.array(
  fc.record({
    worker: fc.nat(WORKERS - 1),
    at_s: fc.constantFrom(1, 1.000_001, 2.5, 9, 9, 30, 77),
  }),
  { minLength: 1, maxLength: 8 },
);

const slowLinks = fc.array(
  fc.record({
    at_s: fc.constantFrom(0, 1.5, 3, 31),
    for_s: fc.constantFrom(0.3, 5),
    factor: fc.constantFrom(0, 0.1, 0.7),
    which: fc.nat(1),
  }),
  { maxLength: 3 },
);

const storms = fc.record({
  gpus: fc.constantFrom(1, 2, 4, 8),
  from: fc.constantFrom("nvme" as const, "host" as const),
  weightsGb: fc.constantFrom(0.5, 3.000_001, 16),
  mostGbPerS: fc.constantFrom(0.7, 2, 1000),
  crashes,
  slowLinks,
});

test(
  "the links of every node carry the weights of the workers that start there, and nothing else",
  () => {
    const reached = { starts: 0, together: 0, slowed: 0 };
    fc.assert(
      fc.property(storms, ({ gpus, from, weightsGb, mostGbPerS, ...drawn }) => {
        const ways = WAYS[from];
        const events: FaultInput[] = [
          ...drawn.crashes.map((crash) => ({ kind: "crash" as const, ...crash })),
          ...drawn.slowLinks.map(({ which, ...slow }) => ({
            kind: "link" as const,
            link: `node 0 ${which === 0 ? ways[0] : "gpu"}`,
            ...slow,
          })),
        ];
        const scenario = valueOf(
          parseScenario({
            gpu: "h100-sxm",
            engine: {
              num_gpu_blocks: 300,
              step_time: { type: "fixed", prefill_ms: 10, decode_ms: 1 },
            },
            cluster: { gpus_per_worker: gpus, workers: WORKERS, fabric: {} },
            faults: {
              startup_s: 0.5,
              weights_gb: weightsGb,
              weights_gb_per_s: mostGbPerS,
              weights_from: from,
              migration_limit: 9,
              events,
            },
          }),
        );
        const inputs = { scenario, trace, hardware: { deck } };
        const { report } = simulate(inputs, { auditEvery: 3 });
        expect(simulate(inputs, { stepByStep: true }).report.digest).toBe(report.digest);

        // A crash of a worker that is away is none: every start is one load, from the first byte to the last.
        const struck = report.faults!.events.filter(({ kind }) => kind === "crash");
        const isAway = report.faults!.outages.some(({ untilS }) => untilS === null);
        expect(isAway).toBe(false);
        const bytes = gpus * weightsGb * BYTES_PER_GB;
        const nodes = Math.ceil((WORKERS * gpus) / GPUS_PER_NODE);
        for (let node = 0; node < nodes; node++) {
          const starts = struck.filter(
            ({ workers }) => Math.floor((workers[0]! * gpus) / GPUS_PER_NODE) === node,
          ).length;
          for (const way of ways) {
            const carried = report
              .network!.links.filter(
                ({ name }) => name.startsWith(`node ${node} `) && name.endsWith(way),
              )
              .reduce((sum, link) => sum + link.bytes, 0);
            // A transfer over several lanes is a whole number of bytes on each.
            const isExact = Math.abs(carried - starts * bytes) <= starts * gpus;
            expect(isExact, `${carried} bytes over node ${node} ${way}`).toBe(true);
          }
        }
        const { started, finished } = report.network!.transfers;
        expect([started, finished]).toEqual([struck.length, struck.length]);
        reached.starts += struck.length;
        if ((report.network!.transfers.slowdown ?? 1) > 1.1) reached.together++;
        if (drawn.slowLinks.length > 0) reached.slowed++;
      }),
      lawRuns(150),
    );
    expect(reached.starts).toBeGreaterThan(300);
    expect(Math.min(reached.together, reached.slowed)).toBeGreaterThan(30);
  },
  LAW_TIMEOUT_MS,
);
