/** Weights that a restart loads over the fabric, worked out from the cards of the links. */

import { describe, expect, test } from "vitest";
import { createSimulation, parseScenario } from "../../../src/sim/index.ts";
import type { Report, ScenarioInput } from "../../../src/sim/index.ts";
import { valueOf } from "../../hardware/cards-support.ts";
import { deck } from "../../hardware/kernels-support.ts";
import { simulate } from "../../support/simulate.ts";
import { traceOf } from "../../support/small-runs.ts";

type Faults = NonNullable<ScenarioInput["faults"]>;
type Fabric = NonNullable<NonNullable<ScenarioInput["cluster"]>["fabric"]>;

const GPUS = 2;
const WEIGHTS_GB = 16;
/** A request every second: the run outlasts every restart. */
const trace = traceOf(
  Array.from({ length: 100 }, (_, second) => ({ at: second * 1e6, input: 16, output: 2 })),
  0,
);

const payload = (id: string): number => {
  const card = deck.links.find((link) => link.id === id)!;
  return card.bytesPerS * card.efficiency;
};
const node = deck.nodes.find(
  ({ id }) => id === deck.gpus.find((gpu) => gpu.id === "h100-sxm")!.node,
)!;
const NVME = node.nvmeReadBytesPerS * deck.links.find(({ id }) => id === "nvme-gen4")!.efficiency;

function inputsWith(faults: Faults, fabric: Fabric | null = {}, workers = 3) {
  const scenario = valueOf(
    parseScenario({
      gpu: "h100-sxm",
      engine: { num_gpu_blocks: 300, step_time: { type: "fixed", prefill_ms: 10, decode_ms: 1 } },
      cluster: { gpus_per_worker: GPUS, workers, fabric },
      faults: { startup_s: 5, weights_gb: WEIGHTS_GB, weights_gb_per_s: 1000, ...faults },
    }),
  );
  return { scenario, trace, hardware: { deck } };
}

function reportOf(faults: Faults, fabric?: Fabric | null): Report {
  const inputs = inputsWith(faults, fabric);
  const { report } = simulate(inputs);
  expect(simulate(inputs, { stepByStep: true }).report.digest).toBe(report.digest);
  return report;
}

/** Time that the workers were away, all together, s. */
const awayS = ({ faults }: Report): number => faults!.gpuSDown / GPUS;
const crash = (worker: number, at_s = 10) => ({ at_s, kind: "crash", worker }) as const;
const BYTES = GPUS * WEIGHTS_GB * 1e9;

describe("the weights of a worker that starts again", () => {
  test("come from the drives of its node, and the rest of the start follows", () => {
    const report = reportOf({ events: [crash(0)] });
    expect(awayS(report)).toBeCloseTo(5 + BYTES / NVME, 2);
    expect(report.network!.transfers).toMatchObject({ finished: 1, bytes: BYTES });
    expect(report.network!.links.map(({ name }) => name)).toContain("node 0 nvme read");
  });

  test("take as long again for two that share the drives", () => {
    const report = reportOf({ events: [crash(0), crash(1)] });
    expect(awayS(report)).toBeCloseTo(2 * (5 + (2 * BYTES) / NVME), 1);
    // In nodes of their own they do not meet.
    const apart = reportOf({ events: [crash(0), crash(1)] }, { placement: "spread", nodes: 3 });
    expect(awayS(apart)).toBeCloseTo(2 * (5 + BYTES / NVME), 1);
  });

  test("come from the store, or the host, when the scenario says so", () => {
    const store = reportOf(
      { events: [crash(0)], weights_from: "store" },
      { store: "object-store", network: "ethernet-25" },
    );
    // Two NICs of 25 Gb/s are slower than the store.
    expect(awayS(store)).toBeCloseTo(5 + BYTES / (2 * payload("ethernet-25")), 1);
    const host = reportOf({ events: [crash(0)], weights_from: "host" });
    expect(awayS(host)).toBeLessThan(awayS(store));
    expect(host.network!.links.map(({ name }) => name)).toContain("node 0 dram");
  });

  test("are taken no faster than the engine takes them", () => {
    const report = reportOf({ events: [crash(0)], weights_gb_per_s: 2 });
    expect(awayS(report)).toBeCloseTo(5 + WEIGHTS_GB / 2, 2);
    // Which is what they take at a rate, with links or without.
    const rate = reportOf({ events: [crash(0)], weights_gb_per_s: 2, weights_from: "rate" });
    expect(awayS(rate)).toBeCloseTo(13, 6);
    expect(rate.network!.transfers.started).toBe(0);
    expect(awayS(reportOf({ events: [crash(0)], weights_gb_per_s: 2 }, null))).toBeCloseTo(13, 6);
  });

  test("wait for a node that is away, and stand still while their link is cut", () => {
    const lost = { at_s: 10, kind: "node_loss", node: 0, for_s: 7 } as const;
    const report = reportOf({ events: [lost] }, { placement: "spread", nodes: 3 });
    expect(awayS(report)).toBeCloseTo(7 + 5 + BYTES / NVME, 2);
    const cut = { at_s: 10, kind: "link", link: "node 0 nvme read", factor: 0, for_s: 4 } as const;
    expect(awayS(reportOf({ events: [cut, crash(0)] }))).toBeCloseTo(4 + 5 + BYTES / NVME, 2);
  });

  test("are not loaded where the start has a set time", () => {
    const report = reportOf({ events: [crash(0)], restart_s: 3 });
    expect(awayS(report)).toBeCloseTo(3, 9);
    expect(report.network!.transfers.started).toBe(0);
  });
});

describe("a worker that starts cold", () => {
  const cold = { at_s: 0, kind: "cold_start", worker: 0 } as const;

  test("is there when its weights are, and takes nobody's request before", () => {
    const report = reportOf({ events: [cold] });
    expect(awayS(report)).toBeCloseTo(5 + BYTES / NVME, 2);
    expect(report.network!.transfers).toMatchObject({ finished: 1, bytes: BYTES });
    expect(report.faults!.events).toMatchObject([{ kind: "cold_start", touched: 0, failed: 0 }]);
    expect(report.requests).toMatchObject({ completed: 100, failed: 0 });
    // Round robin gives it its share from then on.
    const [first, second] = report.workers.map(({ completed }) => completed);
    expect(first).toBeGreaterThan(20);
    expect(second! - first!).toBeGreaterThan(1);
  });

  test("may have to wait for its machine first, as workers that are added do", () => {
    const report = reportOf({ events: [{ ...cold, for_s: 20 }] });
    expect(awayS(report)).toBeCloseTo(20 + 5 + BYTES / NVME, 2);
  });

  test("shares the drives with those who start beside it", () => {
    const { worker: _, ...all } = cold;
    expect(awayS(reportOf({ events: [all] }))).toBeCloseTo(3 * (5 + (3 * BYTES) / NVME), 1);
  });

  test("is known to routers: those who come while nobody is there are turned away", () => {
    const { worker: _, ...all } = cold;
    const { requests, faults } = reportOf({ events: [all], migration_limit: 3 });
    expect(requests.completed + requests.rejected + requests.failed).toBe(100);
    expect(requests.completed).toBeGreaterThan(50);
    expect(faults!.moved).toBe(0);
  });
});

test("a worker that dies for good while it starts does not come back", () => {
  const kill = { at_s: 10.25, kind: "kill", worker: 0 } as const;
  const report = reportOf({ events: [crash(0), kill] });
  const [first, second] = report.faults!.events.map(({ gpuSDown }) => gpuSDown / GPUS);
  expect(first).toBeCloseTo(0.25, 9);
  expect(second).toBeCloseTo(report.simS - 10.25, 9);
  expect(report.network!.transfers).toMatchObject({ started: 1, cancelled: 1 });
  // One that is gone already is struck no more.
  const twice = reportOf({ events: [kill, { ...kill, at_s: 20 }] });
  expect(twice.faults!.events.length).toBe(1);
});

test("places that weights cannot come from are named", () => {
  const problem = (faults: Faults, fabric: Fabric | null) => {
    const parsed = parseScenario({ trace: "t", gpu: "h100-sxm", cluster: { fabric }, faults });
    if (!parsed.ok) return parsed.problem.where;
    const made = createSimulation(inputsWith(faults, fabric));
    return made.ok ? undefined : made.problem.where;
  };
  expect(problem({ weights_from: "nvme" }, null)).toBe("faults.weights_from");
  expect(problem({ weights_from: "store" }, {})).toBe("faults.weights_from");
  expect(problem({ weights_from: "store" }, { store: "object-store" })).toBeUndefined();
});
