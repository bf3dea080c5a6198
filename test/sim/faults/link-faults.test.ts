/** Links of a fabric that are degraded or cut, worked out against the same run without. */

import { describe, expect, test } from "vitest";
import { createSimulation, parseScenario } from "../../../src/sim/index.ts";
import type { ScenarioInput, SimulationResult } from "../../../src/sim/index.ts";
import { valueOf } from "../../hardware/cards-support.ts";
import { deck } from "../../hardware/kernels-support.ts";
import { simulate } from "../../support/simulate.ts";
import { runBoth, scenarioOf, traceOf } from "../../support/small-runs.ts";
import type { Row } from "../../support/small-runs.ts";

type Faults = NonNullable<ScenarioInput["faults"]>;
type Event = NonNullable<Faults["events"]>[number];

const TOKENS = 1600;
const BYTES = TOKENS * 1_000_000;
/** 400 Gb/s × 0.85 (models/links): what a NIC gives payloads, bytes/µs. */
const NIC = deck.links.find(({ id }) => id === "ib-ndr400")!;
const MOVE_US = BYTES / ((NIC.bytesPerS * NIC.efficiency) / 1e6);
/** The prompt is computed at 100 000 µs; a message and the set-up later its bytes move. */
const trace = traceOf([{ at: 0, input: TOKENS, output: 3 }], 0);

function inputsWith(faults: Faults, disagg: ScenarioInput["disagg"] = {}) {
  const scenario = valueOf(
    parseScenario({
      gpu: "h100-sxm",
      engine: {
        num_gpu_blocks: 300,
        block_size: 16,
        step_time: { type: "fixed", prefill_ms: 100, decode_ms: 1 },
      },
      cluster: {
        gpus_per_worker: 1,
        pools: [
          { name: "p", role: "prefill", workers: 1 },
          { name: "d", role: "decode", workers: 1 },
        ],
        fabric: { placement: "pools_apart", network: "ib-ndr400" },
      },
      disagg: { kv_bytes_per_token: 1_000_000, ...disagg },
      faults,
    }),
  );
  return { scenario, trace, hardware: { deck } };
}

function ran(faults: Faults, disagg?: ScenarioInput["disagg"]): Required<SimulationResult> {
  const inputs = inputsWith(faults, disagg);
  const result = simulate(inputs, { requests: true });
  const steps = simulate(inputs, { requests: true, stepByStep: true });
  expect(steps.report.digest).toBe(result.report.digest);
  return result as Required<SimulationResult>;
}

const endOf = ({ requests }: Required<SimulationResult>): number => requests.finishUs[0]!;
const link = (name: string, more: Partial<Event>): Event => ({
  at_s: 0,
  kind: "link",
  link: name,
  factor: 0,
  ...more,
});

describe("a hand-off over two NICs", () => {
  const whole = endOf(ran({}));

  test("takes twice as long at half the bandwidth, by whichever end", () => {
    for (const event of [
      link("node 0 nic 0 out", { factor: 0.5 }),
      link("node 1 nic 0", { factor: 0.5 }),
      { at_s: 0, kind: "link", pool: "d", factor: 0.5 } as const,
    ]) {
      const late = endOf(ran({ events: [event] })) - whole;
      expect(Math.abs(late - MOVE_US)).toBeLessThan(MOVE_US / 1000);
    }
  });

  test("does not suffer from the other direction, nor from other links", () => {
    const events = [
      link("node 0 nic 0 in", {}),
      link("node 1 nic 0 out", {}),
      link("node 0 dram", {}),
    ];
    expect(endOf(ran({ events }))).toBe(whole);
  });

  test("stands still while a link is cut, and goes on at full speed", () => {
    // Cut when half of the bytes have moved, for 50 ms.
    const cutUs = Math.round(whole - MOVE_US / 2);
    const events = [link("node 1 nic 0 in", { at_s: cutUs / 1e6, for_s: 0.05 })];
    expect(endOf(ran({ events })) - whole).toBeLessThanOrEqual(50_001);
    expect(endOf(ran({ events })) - whole).toBeGreaterThanOrEqual(49_999);
    // One that is cut when it starts knows no lasting limit either.
    const early = [link("node 1 nic 0 in", { at_s: 0, for_s: 0.2 })];
    const late = endOf(ran({ events: early }));
    expect(Math.abs(late - (200_000 + MOVE_US + (whole - 100_000 - MOVE_US)))).toBeLessThan(5_000);
  });

  test("times out where the link stays cut: the decode worker computes the prompt", () => {
    const events = [link("node 0 nic 0", {})];
    const { report } = ran({ events }, { timeout_s: 1 });
    expect(report.disagg).toMatchObject({ timeouts: 1, fallbacks: 1, handoffs: 0 });
    expect(report.requests).toMatchObject({ completed: 1, unfinished: 0 });
    const failed = ran({ events }, { timeout_s: 1, fallback: "fail" });
    expect(failed.report.requests).toMatchObject({ failed: 1, unfinished: 0 });
  });

  test("may fail at its end", () => {
    const { report } = ran({ rates: { transfer_failure: 1 } });
    expect(report.disagg).toMatchObject({ transferFailures: 1, fallbacks: 1 });
    expect(report.network!.transfers.finished).toBe(1);
  });
});

test("the report says which link it was", () => {
  const { report } = ran({ events: [link("node 0 nic 0 out", { factor: 0.5 })] });
  expect(report.faults!.events).toMatchObject([{ kind: "link", link: "node 0 nic 0 out" }]);
});

describe("a fault of links touches", () => {
  const touched = (event: Event): number =>
    ran({ events: [event] }).report.faults!.events[0]!.touched;
  const whole = endOf(ran({}));
  /** Half of the bytes have moved. */
  const halfS = (whole - MOVE_US / 2) / 1e6;

  test("who is on the way over them, or sets out before they are mended", () => {
    expect(touched(link("node 0 nic 0 out", { at_s: halfS, factor: 0.5 }))).toBe(1);
    expect(touched(link("node 1 nic 0", { at_s: 0, factor: 0.5 }))).toBe(1);
    expect(touched({ at_s: 0.05, kind: "link", pool: "p", factor: 0.5, for_s: 0.06 })).toBe(1);
  });

  test("nobody before, after, or on other links", () => {
    expect(touched(link("node 0 nic 0 out", { at_s: 0, for_s: 0.05, factor: 0.5 }))).toBe(0);
    expect(touched(link("node 0 nic 0 in", { at_s: halfS }))).toBe(0);
    expect(touched(link("node 0 nic 0 out", { at_s: whole / 1e6 - 0.0005 }))).toBe(0);
  });

  test("a request once, and those whom a later fault of the link meets no more", () => {
    const events = [
      link("node 0 nic 0 out", { at_s: 0.01, factor: 0.5 }),
      link("node 1 nic 0 in", { at_s: 0.02, factor: 0.9 }),
      link("node 0 nic 0 out", { at_s: 0.03, factor: 0.5 }),
    ];
    expect(ran({ events }).report.faults!.events.map((event) => event.touched)).toEqual([0, 1, 1]);
  });
});

test("a node of a fabric takes with it whom the fabric has placed there", () => {
  // One GPU each, but in nodes of their own: counted eight to a node both would be in the first.
  const events = [{ at_s: 0.05, kind: "node_loss", node: 1 } as const];
  const { report } = ran({ events });
  expect(report.faults!.events).toMatchObject([{ kind: "node_loss", workers: [1] }]);
  const none = createSimulation(inputsWith({ events: [{ ...events[0]!, node: 2 }] }));
  if (none.ok) throw new Error("it exists");
  expect(none.problem.where).toBe("faults.events.0.node");
  expect(none.problem.expected).toContain("0 to 1");
  const rack = [{ at_s: 0.05, kind: "rack_loss", rack: 0 } as const];
  expect(ran({ events: rack }).report.faults!.events).toMatchObject([{ workers: [0, 1] }]);
  const second = ran({ events: [{ ...rack[0]!, rack: 1 }], nodes_per_rack: 1 });
  expect(second.report.faults!.events).toMatchObject([{ workers: [1] }]);
});

describe("without a fabric, a worker's ports", () => {
  const A = { at: 0, input: 33, output: 1, ids: [0, 1, 2] };
  const AGAIN = { ...A, at: 40_000 };
  const LATE = { ...A, at: 80_000 };
  const B = { at: 20_000, input: 49, output: 1, ids: [10, 11, 12, 13] };

  function resultOf(
    events: Event[],
    kv: ScenarioInput["kv"],
    rows: readonly Row[],
    workers: number,
  ) {
    const scenario = scenarioOf(
      { num_gpu_blocks: 4 },
      {
        cluster: { workers },
        kv: { bytes_per_token: 1000, host_bytes_per_s: 1e9, onboard: "always", ...kv },
        faults: { events },
      },
    );
    return runBoth({ scenario, trace: traceOf(rows, 16) });
  }

  /** First-token time of the last request after its arrival; 32 tokens of 1000 bytes are fetched for it. */
  function lastOf(events: Event[], kv: ScenarioInput["kv"], rows: readonly Row[], workers: number) {
    const { requests } = resultOf(events, kv, rows, workers);
    return requests.firstTokenUs[rows.length - 1]! - rows.at(-1)!.at;
  }

  test("tell whose loads they kept waiting, at whichever end", () => {
    const peers = { peer_fetch: true, peer_bytes_per_s: 1e9 };
    const touchedBy = (event: Partial<Event>): number => {
      const events = [{ at_s: 0, kind: "link", worker: 0, factor: 0.5, ...event } as const];
      return resultOf(events, peers, [A, AGAIN], 2).report.faults!.events[0]!.touched;
    };
    expect(touchedBy({})).toBe(1);
    expect(touchedBy({ worker: 1 })).toBe(1);
    expect(touchedBy({ at_s: 0.040_02 })).toBe(1);
    expect(touchedBy({ at_s: 0, for_s: 0.03 })).toBe(0);
    expect(touchedBy({ at_s: 0.05 })).toBe(0);
  });

  test("halved, take twice as long for a prefix from a peer", () => {
    const peers = { peer_fetch: true, peer_bytes_per_s: 1e9 };
    const slowed = (worker: number, factor: number): number =>
      lastOf([{ at_s: 0, kind: "link", worker, factor }], peers, [A, AGAIN], 2);
    // 10 µs away, 20 of set-up, 32 at 1000 bytes/µs, and a step for the last token.
    expect(slowed(0, 1)).toBe(10 + 20 + 32 + 10_000);
    expect(slowed(0, 0.5)).toBe(10 + 20 + 64 + 10_000);
    expect(slowed(1, 0.25)).toBe(10 + 20 + 128 + 10_000);
  });

  test("cut, make what they were loading be computed", () => {
    const peers = { peer_fetch: true, peer_bytes_per_s: 1e6 };
    const event = { at_s: 0.05, kind: "link", worker: 0, factor: 0 } as const;
    // At 1 byte/µs it would take 32 ms; it fails after 10.
    expect(lastOf([event], peers, [A, AGAIN], 2)).toBe(10_000 + 10_000);
  });

  test("are on the way to a remote store, and not to the host", () => {
    const tier = (level: "g2" | "g4"): ScenarioInput["kv"] => ({
      tiers: [
        { level, capacity_blocks: 99, read_bytes_per_s: 1e9, offload: "presence", latency_us: 0 },
      ],
    });
    const events = [{ at_s: 0.03, kind: "link", worker: 0, factor: 0.5 } as const];
    const rows = [A, B, LATE];
    const whole = lastOf([], tier("g4"), rows, 1);
    expect(lastOf(events, tier("g4"), rows, 1) - whole).toBe(32);
    expect(lastOf(events, tier("g2"), rows, 1)).toBe(lastOf([], tier("g2"), rows, 1));
  });

  test("are mended when their time is over, though the worker died meanwhile", () => {
    const peers = { peer_fetch: true, peer_bytes_per_s: 1e9 };
    const events: Event[] = [
      { at_s: 0, kind: "link", worker: 1, factor: 0.5, for_s: 0.03 },
      { at_s: 0.01, kind: "crash", worker: 1, for_s: 0.01 },
    ];
    expect(lastOf(events, peers, [A, AGAIN], 2)).toBe(10 + 20 + 32 + 10_000);
  });
});

test("links that do not exist are named, with the nearest", () => {
  const made = createSimulation(inputsWith({ events: [link("node 0 nik 0 out", {})] }));
  if (made.ok) throw new Error("it exists");
  expect(made.problem.where).toBe("faults.events.0.link");
  expect(made.problem.expected).toContain("node 0 nic 0 out");
});

test("what a fault of links cannot be is named", () => {
  const where = (event: object, fabric: object | null = {}) => {
    const parsed = parseScenario({
      trace: "t",
      gpu: "h100-sxm",
      cluster: { fabric },
      faults: { events: [{ at_s: 0, kind: "link", factor: 0, ...event }] },
    });
    return parsed.ok ? undefined : parsed.problem.where;
  };
  expect(where({ link: "store" })).toBeUndefined();
  expect(where({ link: "store" }, null)).toBe("faults.events.0.link");
  expect(where({ link: "store", worker: 0 })).toBe("faults.events.0.link");
  expect(where({ worker: 0, factor: 2 })).toBe("faults.events.0.factor");
  expect(where({ kind: "crash", link: "store" })).toBe("faults.events.0.link");
});
