/**
 * Queueing theory: with steps that take the same time whatever they hold, a worker is a textbook queue, and the means
 * of long runs must be what the formulas say. Each check compares the mean over replications (fixed seeds) with the
 * formula: within four standard errors of it, and those errors must be small.
 */

import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import type { Stream } from "../../src/core/index.ts";
import type { Report, ScenarioInput } from "../../src/sim/index.ts";
import type { RowSource } from "../../src/trace/index.ts";
import { scenarioOf } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";

/** Mean service time, s. */
const SERVICE_S = 1;
const REPLICATIONS = 6;

/** Rows of one prompt token whose answers are drawn by `draw`. */
function rowsOf(draw: () => number): RowSource {
  return {
    next(row) {
      row.arrivalUs = 0;
      row.inputTokens = 1;
      row.outputTokens = draw();
      return true;
    },
  };
}

/** Number of steps of a service: geometric with this mean, so that service times are nearly exponential. */
function geometric(random: Stream, mean: number): () => number {
  const scale = -1 / Math.log(1 - 1 / mean);
  return () => 1 + Math.floor(random.exponential(scale));
}

type Check = {
  readonly workers?: number;
  readonly maxSeqs: number;
  readonly arrivalsPerS: number;
  /** Length of every step, s (what it holds does not matter), or a whole model. */
  readonly stepS?: number;
  readonly stepTime?: NonNullable<ScenarioInput["engine"]>["step_time"];
  readonly steps: (random: Stream) => () => number;
  readonly policy?: string;
  readonly requests: number;
  readonly values: (report: Report) => number[];
};

function replicate(check: Check, seed: number): number[] {
  const stepMs = (check.stepS ?? 1) * 1e3;
  const fixed = { type: "fixed", prefill_ms: stepMs, decode_ms: stepMs, mixed: "fused" } as const;
  const warmup = (0.1 * check.requests) / check.arrivalsPerS;
  const scenario = scenarioOf(
    {
      max_num_seqs: check.maxSeqs,
      max_num_batched_tokens: 2 * check.maxSeqs,
      num_gpu_blocks: 1_000_000_000,
      step_time: check.stepTime ?? fixed,
    },
    {
      seed,
      cluster: { workers: check.workers ?? 1 },
      router: { policy: check.policy ?? "round_robin" },
      traffic: {
        arrivals: { mode: "poisson", rate_per_s: check.arrivalsPerS },
        requests: check.requests,
        warmup_s: warmup,
      },
    },
  );
  const rows = rowsOf(check.steps(stream(seed, "steps")));
  return check.values(simulate({ scenario, rows }).report);
}

/** Compares means over replications with what is expected; `error`: the largest relative standard error allowed. */
function holds(check: Check, expected: readonly number[], error: number): void {
  const runs = Array.from({ length: REPLICATIONS }, (_, i) => replicate(check, 1000 + i));
  expected.forEach((want, k) => {
    const values = runs.map((run) => run[k]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / REPLICATIONS;
    const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
    const standardError = Math.sqrt(squares / (REPLICATIONS - 1) / REPLICATIONS);
    expect(standardError / want).toBeLessThan(error);
    expect(Math.abs(mean - want), `${mean} for ${want}`).toBeLessThan(4 * standardError);
  });
}

const waitS = (report: Report): number[] => [report.latency.queueMs.mean! / 1e3];
const stayS = (report: Report): number[] => [report.latency.e2eMs.mean! / 1e3];

/** Steps per service: the finer, the nearer to a continuous service time. */
const STEPS = 2000;
const LOADS: readonly (readonly [load: number, requests: number, error: number])[] = [
  [0.3, 20_000, 0.03],
  [0.6, 20_000, 0.04],
  [0.8, 30_000, 0.04],
  [0.9, 60_000, 0.06],
];

describe("one place in the batch: a single server", () => {
  test.each(LOADS)("M/M/1 at load %d", (load, requests, error) => {
    const check: Check = {
      maxSeqs: 1,
      arrivalsPerS: load / SERVICE_S,
      stepS: SERVICE_S / STEPS,
      steps: (random) => geometric(random, STEPS),
      requests,
      values: (report) => [...waitS(report), ...stayS(report)],
    };
    // Wait ρ/(µ(1 − ρ)); the second moment of a geometric service is (2 − 1/STEPS) instead of 2.
    const wait = ((load * SERVICE_S) / (1 - load)) * (1 - 0.5 / STEPS);
    holds(check, [wait, wait + SERVICE_S], error);
  });

  test.each(LOADS)("M/D/1 at load %d", (load, requests, error) => {
    const check: Check = {
      maxSeqs: 1,
      arrivalsPerS: load / SERVICE_S,
      stepS: SERVICE_S / 100,
      steps: () => () => 100,
      requests,
      values: waitS,
    };
    holds(check, [(load * SERVICE_S) / (2 * (1 - load))], error);
  });

  test("M/G/1 with two kinds of requests (Pollaczek–Khinchine) at load 0.7", () => {
    // Nine short ones of 0.5 s for each long one of 5.5 s: mean 1 s, second moment 0.9·0.25 + 0.1·30.25 = 3.25 s².
    const check: Check = {
      maxSeqs: 1,
      arrivalsPerS: 0.7,
      stepS: 0.05,
      steps: (random) => () => (random.next() < 0.9 ? 10 : 110),
      requests: 60_000,
      values: waitS,
    };
    holds(check, [(0.7 * 3.25) / (2 * (1 - 0.7))], 0.03);
  });

  test("the wait in M/M/1 exceeds t with probability ρ·exp(−(1 − ρ)µt): its 99th percentile", () => {
    const load = 0.8;
    const check: Check = {
      maxSeqs: 1,
      arrivalsPerS: load,
      stepS: SERVICE_S / STEPS,
      steps: (random) => geometric(random, STEPS),
      requests: 40_000,
      values: (report) => [report.latency.queueMs.p99! / 1e3],
    };
    holds(check, [Math.log(load / 0.01) / (1 - load)], 0.05);
  });
});

/** Probability that an M/M/c arrival has to wait (Erlang's C formula). */
function erlangC(servers: number, load: number): number {
  const offered = servers * load;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < servers; k++) {
    term *= offered / k;
    sum += term;
  }
  const last = ((term * offered) / servers) * (1 / (1 - load));
  return last / (sum + last);
}

describe("c places whose steps take the same time however many are taken: c servers", () => {
  test.each([
    [2, 0.6, 40_000, 0.03],
    [5, 0.8, 40_000, 0.05],
    [20, 0.9, 60_000, 0.08],
  ] as const)("M/M/%d at load %d", (servers, load, requests, error) => {
    const check: Check = {
      maxSeqs: servers,
      arrivalsPerS: servers * load,
      stepS: SERVICE_S / STEPS,
      steps: (random) => geometric(random, STEPS),
      requests,
      values: waitS,
    };
    const wait = (erlangC(servers, load) * SERVICE_S) / (servers * (1 - load));
    // An arrival at a busy worker waits for the step in progress: between nothing and one step.
    const step = SERVICE_S / STEPS;
    holds(check, [wait + step / 2], error);
  });
});

describe("steps that take as long as they hold requests: processor sharing", () => {
  // Each request in a step costs 1 ms; a service of 200 tokens alone takes 200 ms.
  const stepTime = {
    type: "linear",
    base_us: 0,
    token_us: 1000,
    decode_context_us: 0,
  } as const;
  const kinds: Record<string, Check["steps"]> = {
    exponential: (random) => geometric(random, 200),
    constant: () => () => 200,
    "of two kinds": (random) => () => (random.next() < 0.9 ? 100 : 1100),
  };

  test.each(Object.keys(kinds))("M/G/1-PS, services %s: stay E[S]/(1 − ρ), at load 0.7", (kind) => {
    const check: Check = {
      maxSeqs: 100_000,
      arrivalsPerS: 0.7 / 0.2,
      stepTime,
      steps: kinds[kind]!,
      requests: 30_000,
      values: stayS,
    };
    holds(check, [0.2 / (1 - 0.7)], 0.03);
  });
});

describe("many workers", () => {
  const single = {
    maxSeqs: 1,
    stepS: SERVICE_S / STEPS,
    steps: (random: Stream) => geometric(random, STEPS),
    values: waitS,
  };

  test("random routing splits a Poisson stream into independent M/M/1 queues", () => {
    const check = { ...single, workers: 4, arrivalsPerS: 4 * 0.8, policy: "random" };
    holds({ ...check, requests: 60_000 }, [0.8 / 0.2], 0.03);
  });

  test("round robin gives each of two workers every second arrival: E₂/M/1", () => {
    // Wait σ/(µ(1 − σ)), σ the root of σ = (2λ/(2λ + µ(1 − σ)))² for arrivals at rate λ per worker.
    const load = 0.8;
    let sigma = 0.5;
    for (let i = 0; i < 200; i++) sigma = ((2 * load) / (2 * load + 1 - sigma)) ** 2;
    const check = { ...single, workers: 2, arrivalsPerS: 2 * load, requests: 60_000 };
    holds(check, [sigma / (1 - sigma)], 0.03);
  });

  test("power of two choices: Mitzenmacher's fixed point Σ λ^(2^i − 2) for the stay", () => {
    const load = 0.9;
    let stay = 0;
    for (let i = 1; i < 12; i++) stay += load ** (2 ** i - 2);
    const workers = 400;
    const check: Check = {
      ...single,
      workers,
      arrivalsPerS: workers * load,
      policy: "power_of_two",
      requests: 100_000,
      values: stayS,
    };
    // For 400 workers instead of infinitely many: within half a percent (Mitzenmacher 1996, table 1: 2.615 for 2.614 at 100).
    const mean = (replicate(check, 1)[0]! + replicate(check, 2)[0]!) / 2;
    expect(Math.abs(mean / stay - 1)).toBeLessThan(0.02);
  });
});

test("the checks can fail: at these sizes a queue 4 % busier is told apart", () => {
  const check: Check = {
    maxSeqs: 1,
    arrivalsPerS: 0.6 * 1.04,
    stepS: SERVICE_S / 100,
    steps: () => () => 100,
    requests: 20_000,
    values: waitS,
  };
  expect(() => holds(check, [0.6 / (2 * (1 - 0.6))], 0.03)).toThrow("for 0.7499");
});
