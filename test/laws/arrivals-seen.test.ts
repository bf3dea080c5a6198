/**
 * When a scheduler sees an arrival: against the engines' own loops, turn by turn. The oracle keeps a
 * counter of turns as SGLang's receive skipper does and the times of the last two step boundaries; the
 * engine works with numbers of decode steps.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { parseScenario } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { simulate } from "../support/simulate.ts";
import { lawRuns } from "./law-runs.ts";

const INPUT = 16;
const PREFILL_MS = 7;
const DECODE_MS = 3;
/** SGLang's weight of a prefill in its counter: more than any interval. */
const PREFILL_WEIGHT = 1000;

type Load = { readonly at: number; readonly output: number };

function traceOf(load: readonly Load[]): Trace {
  return {
    header: {
      v: 1,
      name: "arrivals",
      format: "test",
      blockSize: 0,
      partialTail: "none",
      tickUs: 0,
      importLog: [],
      transforms: [],
    },
    rows: load.length,
    arrivalUs: Float64Array.from(load, ({ at }) => at),
    inputTokens: new Uint32Array(load.length).fill(INPUT),
    outputTokens: Uint32Array.from(load, ({ output }) => output),
  };
}

type Rules = { readonly ahead: boolean; readonly interval: number; readonly ingestUs: number };

/** When the API server has read each prompt: one after the other. */
function readTimes(load: readonly Load[], ingestUs: number): number[] {
  let now = 0;
  return load.map(({ at }) => (now = Math.max(now, at) + ingestUs));
}

/** Times of first tokens with room for everybody: every turn of the loop is played. */
function firstTokens(load: readonly Load[], { ahead, interval, ingestUs }: Rules): number[] {
  const there = readTimes(load, ingestUs);
  const tokens = load.map(() => NaN);
  const left = load.map(({ output }) => output);
  const isIn = (i: number): boolean => !Number.isNaN(tokens[i]!);
  let now = 0;
  let lastStart = -Infinity;
  let counter = 0;
  let weight = PREFILL_WEIGHT;
  let unseen = load.map((_, i) => i);
  while (unseen.length > 0) {
    counter += weight;
    let seen: number[] = [];
    const decoding = load.map((_, i) => i).filter((i) => isIn(i) && left[i]! > 0);
    if (counter >= interval) {
      counter = 0;
      const until = ahead ? lastStart : now;
      seen = unseen.filter((i) => there[i]! <= until);
    }
    if (seen.length === 0 && decoding.length === 0) {
      // Nothing to do: the loop spins until somebody is there.
      now = Math.max(now, Math.min(...unseen.map((i) => there[i]!)));
      seen = unseen.filter((i) => there[i]! <= now);
      counter = 0;
    }
    unseen = unseen.filter((i) => !seen.includes(i));
    lastStart = now;
    // SGLang computes prompts alone.
    now += (seen.length > 0 ? PREFILL_MS : DECODE_MS) * 1000;
    weight = seen.length > 0 ? PREFILL_WEIGHT : 1;
    for (const i of seen) tokens[i] = now;
    for (const i of seen.length > 0 ? seen : decoding) left[i]!--;
  }
  return tokens;
}

const loads = fc.array(
  fc.record({
    at: fc.oneof(
      fc.integer({ min: 0, max: 300 }).map((ms) => ms * 1000),
      fc.integer({ min: 0, max: 300_000 }),
    ),
    output: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 1, maxLength: 12 },
);

test("an arrival is seen in the turn in which the engine's loop looks", () => {
  let late = 0;
  fc.assert(
    fc.property(
      loads,
      fc.boolean(),
      fc.constantFrom(1, 1, 2, 5, 30),
      fc.constantFrom(0, 100, 2000, 12_345),
      fc.boolean(),
      (load, ahead, interval, ingestUs, stepByStep) => {
        const sorted = load.toSorted((a, b) => a.at - b.at);
        const input: ScenarioInput = {
          engine: {
            scheduler: "sglang",
            num_gpu_blocks: 10_000,
            chunked_prefill_size: 8192,
            async_scheduling: ahead,
            scheduler_recv_interval: interval,
            ingest_us_per_token: ingestUs / INPUT,
            step_time: { type: "fixed", prefill_ms: PREFILL_MS, decode_ms: DECODE_MS },
          },
        };
        const scenario = parseScenario(input);
        if (!scenario.ok) throw new Error(scenario.problem.what);
        const run = { scenario: scenario.value, trace: traceOf(sorted) };
        const result = simulate(run, { requests: true, stepByStep });
        const columns = result.requests!;
        const expected = firstTokens(sorted, { ahead, interval, ingestUs });
        const base = sorted[0]!.at;
        for (let i = 0; i < columns.rows; i++) {
          expect(columns.firstTokenUs[i]! - base).toBe(expected[columns.row[i]!]! - base);
          if (expected[columns.row[i]!]! - columns.arrivalUs[i]! > 20_000) late++;
        }
      },
    ),
    lawRuns(400),
  );
  expect(late).toBeGreaterThan(100);
});

test("both modes agree whenever arrivals are seen late", () => {
  const knobs = fc.record({
    async_scheduling: fc.boolean(),
    scheduler_recv_interval: fc.constantFrom(1, 2, 3, 10, 30),
    ingest_us_per_token: fc.constantFrom(0, 0.7, 20, 200),
    attention_dp_wait_steps: fc.constantFrom(0, 3, 20),
    batch_wait_steps: fc.constantFrom(0, 3, 20),
    batch_wait_tokens_ratio: fc.constantFrom(0, 0.2, 0.9),
  });
  const attentionRanks = fc.constantFrom(1, 4);
  const clients = fc.constantFrom(null, 0.05, 0.3);
  fc.assert(
    fc.property(randomRuns, knobs, attentionRanks, clients, (run, late, ranks, timeout) => {
      const engine = { ...run.scenario.engine, ...late };
      const { cluster } = run.scenario;
      // Ranks that are waited for; machines come with ranks of their own.
      const data = run.hardware === undefined ? ranks : cluster.parallelism.data;
      const parallelism = { ...cluster.parallelism, data };
      const patience = { ...run.scenario.clients, timeout_s: timeout, ttft_timeout_s: null };
      const scenario = {
        ...run.scenario,
        engine,
        clients: patience,
        cluster: { ...cluster, parallelism },
      };
      const watch = { requests: true, slices: 10_000, auditEvery: 25, seriesIntervalUs: 30_000 };
      const fast = simulate({ ...run, scenario }, watch);
      const steps = simulate({ ...run, scenario }, { ...watch, stepByStep: true });
      expect({ ...fast.report, events: 0 }).toEqual({ ...steps.report, events: 0 });
      expect(fast.requests).toEqual(steps.requests);
      expect(fast.series).toEqual(steps.series);
      expect(fast.slices).toEqual(steps.slices);
    }),
    lawRuns(400),
  );
});
