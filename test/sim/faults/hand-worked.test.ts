/** Small runs with faults worked out by hand: every time below follows from the text beside it. */

import { describe, expect, test } from "vitest";
import { parseScenario } from "../../../src/sim/index.ts";
import type { ScenarioInput, SimulationResult } from "../../../src/sim/index.ts";
import { goodputAround } from "../../../src/sim/faults/report-faults.ts";
import type { Trace } from "../../../src/trace/index.ts";
import { simulate } from "../../support/simulate.ts";

/** A step: 1 ms, 10 µs a prompt token, 100 µs a decoding request. */
const STEP = {
  type: "linear",
  base_us: 1000,
  token_us: 10,
  decode_request_us: 90,
  decode_context_us: 0,
} as const;

const TRACE: Trace = {
  header: {
    v: 1,
    name: "by hand",
    format: "test",
    blockSize: 0,
    partialTail: "included",
    tickUs: 0,
    importLog: [],
    transforms: [],
  },
  rows: 1,
  arrivalUs: Float64Array.from([0]),
  inputTokens: Uint32Array.from([100]),
  outputTokens: Uint32Array.from([5]),
};

function run(
  faults: ScenarioInput["faults"],
  workers = 2,
  clients: ScenarioInput["clients"] = {},
): Required<SimulationResult> {
  const parsed = parseScenario({
    clients,
    cluster: { workers },
    engine: { step_time: STEP, block_size: 10, num_gpu_blocks: 100 },
    faults: { connect_error_s: 0.0005, restart_s: 1, ...faults },
  });
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const inputs = { scenario: parsed.value, trace: TRACE };
  const result = simulate(inputs, { requests: true });
  const steps = simulate(inputs, { requests: true, stepByStep: true });
  expect(steps.report.digest).toBe(result.report.digest);
  return result as Required<SimulationResult>;
}

// One request of 100 tokens and 5 answers: the prompt to 2000, tokens at 3100, 4200, 5300 and 6400.
describe("a worker that dies at 4700 with three tokens told", () => {
  const events = [{ at_s: 0.0047, kind: "crash" as const, worker: 0 }];

  test("the request moves: 103 tokens are computed at the other worker, whose step makes the fourth", () => {
    const { report, requests } = run({ events, migration_limit: 1 });
    // Noticed at 5200; 1000 + 103 · 10 = 2030 → 7230; one more step.
    expect(requests.firstTokenUs[0]).toBe(2000);
    expect(requests.finishUs[0]).toBe(8330);
    expect(requests.worker[0]).toBe(1);
    expect(report.faults).toMatchObject({ moved: 1, failed: 0, tokensLost: 102 });
    // The step that began at 4200, and 1000 + 102 · 10 = 2020 for the tokens.
    expect(report.faults!.gpuSLost).toBeCloseTo(0.0005 + 0.00202, 12);
    expect(report.tokens).toMatchObject({ output: 5, recomputed: 102 });
  });

  test("without moves it fails when that is noticed", () => {
    const { report, requests } = run({ events });
    expect(report.requests).toMatchObject({ completed: 0, failed: 1, unfinished: 0 });
    expect(requests.finishUs[0]).toBe(5200);
  });

  test("its client sends it again after the failure, and its answer begins anew", () => {
    const { report, requests } = run({ events }, 2, {
      retry: { max: 1, base_s: 0.01, jitter: 0 },
    });
    // Failed at 5200, sent at 15 200; the other worker's prompt step of 2000 and four of 1100.
    expect(requests.firstTokenUs[0]).toBe(17_200);
    expect(requests.finishUs[0]).toBe(17_200 + 4400);
    expect(requests.worker[0]).toBe(1);
    expect(report.requests).toMatchObject({ offered: 1, completed: 1, failed: 0 });
    expect(report.faults).toMatchObject({ moved: 0, failed: 1 });
    expect(report.admission!.retries).toBe(1);
  });

  test("its client comes again only within its patience", () => {
    const clients = { timeout_s: 0.012, retry: { max: 5, base_s: 0.01, jitter: 0 } };
    const { report, requests } = run({ events }, 2, clients);
    expect(report.requests).toMatchObject({ completed: 0, failed: 1, cancelled: 0 });
    expect(requests.finishUs[0]).toBe(5200);
  });

  test("with nobody left it fails too, and the run ends", () => {
    const kills = [{ at_s: 0.0047, kind: "kill" as const }];
    const { report } = run({ events: kills, migration_limit: 5, detection_s: 0.0001 });
    expect(report.requests).toMatchObject({ failed: 1, unfinished: 0 });
    expect(report.stopped).toBeNull();
  });

  test("a silent node is noticed only when it is detected", () => {
    const loss = [{ at_s: 0.0047, kind: "node_loss" as const, node: 0 }];
    const { requests } = run({
      events: loss,
      migration_limit: 1,
      detection_s: 0.1,
      gpus_per_node: 1,
    });
    // 4700 + 100 000, then as above.
    expect(requests.finishUs[0]).toBe(104_700 + 2030 + 1100);
  });
});

test("faults that do not happen are told", () => {
  const { report } = run({
    events: [
      { at_s: 0.001, kind: "kill", worker: 1 },
      { at_s: 0.002, kind: "crash", worker: 1 },
      { at_s: 5, kind: "crash", worker: 0 },
    ],
  });
  expect(report.faults!.events.length).toBe(1);
  expect(report.warnings).toContain("scheduled faults behind the end of the run: 1");
  expect(report.warnings).toContain("faults that met workers which were down already: 1");
});

test("a machine that gets three times slower at 3500 ends the step in progress at its pace", () => {
  const { requests } = run({ events: [{ at_s: 0.0035, kind: "slow", worker: 0, factor: 3 }] });
  // 4200 as planned, then two steps of 3300.
  expect(requests.finishUs[0]).toBe(4200 + 2 * 3300);
});

test("a worker that drains ends its work first", () => {
  const { report, requests } = run({ events: [{ at_s: 0.001, kind: "drain", worker: 0 }] });
  expect(requests.finishUs[0]).toBe(6400);
  expect(report.faults).toMatchObject({ moved: 0, failed: 0 });
});

test("the dip of the goodput, and when it is back", () => {
  const seconds = (of: (second: number) => number) => Array.from({ length: 300 }, (_, i) => of(i));
  // Ten a second end; none of them is good for twenty seconds from 100 on.
  const ten = seconds(() => 10);
  const good = seconds((second) => (second >= 100 && second < 120 ? 0 : 10));
  const around = goodputAround(good, ten, 100, 300);
  expect(around).toEqual({ goodputBeforePerS: 10, goodputDip: 1, recoveryS: 20 });
  expect(goodputAround(good, ten, 200, 300)).toMatchObject({ goodputDip: 0, recoveryS: 0 });
  expect(goodputAround([0, 0, 0], ten, 1, 3).goodputBeforePerS).toBeNull();
  // Fewer requests are no dip, nor is a time in which none end; what ends badly behind it is.
  const few = seconds((second) => (second < 100 ? 10 : second < 130 ? 0 : 1));
  expect(goodputAround(few, few, 100, 300)).toMatchObject({ goodputDip: 0, recoveryS: 0 });
  const late = few.map((count, second) => (second >= 130 && second < 135 ? 0 : count));
  expect(goodputAround(late, few, 100, 300)).toMatchObject({ goodputDip: 1, recoveryS: 35 });
  // It stays where it fell to.
  const half = seconds((second) => (second < 100 ? 10 : 5));
  expect(goodputAround(half, ten, 100, 300)).toMatchObject({ goodputDip: 0.5, recoveryS: null });
});

test("faults that strike nobody are named", () => {
  const where = (event: unknown, more: unknown = {}) => {
    const parsed = parseScenario({ trace: "t", faults: { events: [event] }, ...(more as object) });
    return parsed.ok ? undefined : parsed.problem.where;
  };
  expect(where({ at_s: 1, kind: "crash", worker: 3 })).toBe("faults.events.0.worker");
  expect(where({ at_s: 1, kind: "crash", pool: "x" })).toBe("faults.events.0.pool");
  expect(where({ at_s: 1, kind: "node_loss", node: 9 })).toBe("faults.events.0.node");
  expect(where({ at_s: 1, kind: "slow", worker: 0 })).toBe("faults.events.0.factor");
  expect(where({ at_s: 1, kind: "crash", worker: 0 })).toBeUndefined();
});

test("faults say nothing that their kind does not heed", () => {
  const where = (event: object, more: object = {}) => {
    const parsed = parseScenario({
      trace: "t",
      faults: { events: [{ at_s: 1, ...event }] },
      ...more,
    });
    return parsed.ok ? undefined : parsed.problem.where;
  };
  expect(where({ kind: "crash", worker: 0, factor: 2 })).toBe("faults.events.0.factor");
  expect(where({ kind: "node_loss", node: 0, worker: 0 })).toBe("faults.events.0.worker");
  expect(where({ kind: "metrics_blackout", pool: "workers" })).toBe("faults.events.0.pool");
  // Between plain workers nothing moves; with peers, or a remote store, something does.
  const cut = { kind: "link", worker: 0, factor: 0 };
  expect(where(cut)).toBe("faults.events.0.kind");
  expect(where(cut, { kv: { peer_fetch: true } })).toBeUndefined();
  expect(where(cut, { kv: { tiers: [{ level: "g4" }] } })).toBeUndefined();
  expect(where(cut, { kv: { tiers: [{ level: "g2" }] } })).toBe("faults.events.0.kind");
  const failing = parseScenario({ trace: "t", faults: { rates: { transfer_failure: 0.1 } } });
  expect(failing.ok ? undefined : failing.problem.where).toBe("faults.rates.transfer_failure");
});
