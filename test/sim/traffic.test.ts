/** Which request is offered when: against a model that keeps lists, under services of any length. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import type { Stream } from "../../src/core/index.ts";
import type { Scenario, ScenarioInput } from "../../src/sim/index.ts";
import { Traffic } from "../../src/sim/traffic.ts";
import type { RowSource, Trace } from "../../src/trace/index.ts";
import { scenarioOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";

type TrafficKnobs = NonNullable<ScenarioInput["traffic"]>;
type Offer = { time: number; row: number };
/** How long a request of this row takes, µs; 0: it is refused on the spot. */
type Service = (row: number) => number;

const S = 1_000_000;

/** Offers requests of a real `Traffic` until none is left; ends come before arrivals of the same instant. */
function play(traffic: Traffic, service: Service, most = Infinity): Offer[] {
  const offers: Offer[] = [];
  const ends: Offer[] = [];
  while (offers.length < most) {
    ends.sort((a, b) => (a.time === b.time ? a.row - b.row : a.time - b.time));
    const time = Math.min(traffic.nextUs, ends[0]?.time ?? Infinity);
    if (time === Infinity) break;
    if (ends[0]?.time === time) {
      traffic.ended(ends.shift()!.row, time);
      continue;
    }
    traffic.take();
    offers.push({ time, row: traffic.row });
    expect(traffic.offered).toBe(offers.length);
    const length = service(traffic.row);
    if (length === 0) traffic.ended(traffic.row, time);
    else ends.push({ time: time + length, row: traffic.row });
  }
  return offers;
}

type Kept = { roots: number[]; children: Map<number, number[]>; orphans: number; total: number };

/** The rows that window, limit and session mode leave, straight from their definitions. */
function keptRows(trace: Trace, knobs: Scenario["traffic"]): Kept {
  const kept: Kept = { roots: [], children: new Map(), orphans: 0, total: 0 };
  const isKept = new Set<number>();
  const from = knobs.start_s * S;
  const to = knobs.end_s === null ? Infinity : knobs.end_s * S;
  for (let row = 0; row < trace.rows; row++) {
    if (kept.total === (knobs.requests ?? Infinity)) break;
    const time = trace.arrivalUs[row]!;
    const parent = trace.sessions?.parent[row] ?? -1;
    const follows = parent >= 0 && (knobs.sessions === "closed" || Number.isNaN(time));
    if (follows && isKept.has(parent)) {
      kept.children.set(parent, [...(kept.children.get(parent) ?? []), row]);
    } else if (time >= from && time < to) kept.roots.push(row);
    else {
      if (Number.isNaN(time)) kept.orphans++;
      continue;
    }
    isKept.add(row);
    kept.total++;
  }
  return kept;
}

function gapOf(arrivals: Scenario["traffic"]["arrivals"], random: Stream): () => number {
  if (arrivals.mode === "poisson")
    return () => Math.round(random.exponential(S / arrivals.rate_per_s));
  if (arrivals.mode !== "gamma") return () => NaN;
  const scale = S / (arrivals.rate_per_s * arrivals.shape);
  return () => Math.round(random.gamma(arrivals.shape, scale));
}

/** The same run by lists: what waits for its time, what is in service, how many lanes are taken. */
function model(scenario: Scenario, trace: Trace, service: Service): Offer[] {
  const { arrivals } = scenario.traffic;
  const kept = keptRows(trace, scenario.traffic);
  const gap = gapOf(arrivals, stream(scenario.seed, "arrivals"));
  let clock = 0;
  const due: Offer[] = [];
  const roots = [...kept.roots];
  if (arrivals.mode !== "closed") {
    for (const row of roots.splice(0)) {
      const own = trace.arrivalUs[row]! - scenario.traffic.start_s * S;
      if (arrivals.mode === "timestamps")
        due.push({ time: Math.round(own / arrivals.speedup), row });
      else due.push({ time: (clock += gap()), row });
    }
  }
  const lanes = arrivals.mode === "closed" ? arrivals.concurrency : 0;
  let taken = 0;
  const offers: Offer[] = [];
  const ends: Offer[] = [];
  const fill = (time: number): void => {
    for (; taken < lanes && roots.length > 0; taken++) due.push({ time, row: roots.shift()! });
  };
  const end = ({ time, row }: Offer): void => {
    const turns = kept.children.get(row) ?? [];
    for (const turn of turns) {
      const delay = trace.sessions!.delayUs[turn]!;
      const apart = trace.arrivalUs[turn]! - trace.arrivalUs[row]!;
      const wait = Number.isNaN(delay) ? (apart > 0 ? apart : 0) : delay;
      due.push({ time: time + wait, row: turn });
    }
    // A conversation keeps its lane; when it branches, it needs more than it had.
    taken += turns.length - 1;
    fill(time);
  };
  fill(0);
  const byTime = (a: Offer, b: Offer): number =>
    a.time === b.time ? a.row - b.row : a.time - b.time;
  for (;;) {
    ends.sort(byTime);
    due.sort(byTime);
    const time = Math.min(due[0]?.time ?? Infinity, ends[0]?.time ?? Infinity);
    if (time === Infinity) return offers;
    if (ends[0]?.time === time) {
      end(ends.shift()!);
      continue;
    }
    const { row } = due.shift()!;
    offers.push({ time, row });
    const length = service(row);
    if (length === 0) end({ time, row });
    else ends.push({ time: time + length, row });
  }
}

const traces: fc.Arbitrary<Trace> = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0, 0, 100_000, 250_000, 1_000_000),
      parentBack: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 2 }),
      hasTime: fc.boolean(),
      delayUs: fc.option(fc.constantFrom(0, 100_000, 700_000), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((draws) => {
    let now = 0;
    const rows = draws.map(({ gap, parentBack, hasTime, delayUs }, r): Row => {
      now += gap;
      const parent = parentBack !== null && parentBack <= r ? r - parentBack : undefined;
      const at = parent !== undefined && !hasTime ? NaN : now;
      return {
        at,
        input: r + 1,
        output: r + 2,
        ...(parent === undefined ? {} : { parent }),
        ...(parent === undefined || delayUs === undefined ? {} : { delayUs }),
      };
    });
    return traceOf(rows);
  });

const knobs: fc.Arbitrary<TrafficKnobs> = fc.record({
  arrivals: fc.oneof(
    fc.record({
      mode: fc.constant("timestamps" as const),
      speedup: fc.constantFrom(0.5, 1, 3),
    }),
    fc.record({
      mode: fc.constant("closed" as const),
      concurrency: fc.integer({ min: 1, max: 6 }),
    }),
    fc.record({ mode: fc.constant("poisson" as const), rate_per_s: fc.constantFrom(0.7, 10) }),
    fc.record({
      mode: fc.constant("gamma" as const),
      rate_per_s: fc.constantFrom(0.7, 10),
      shape: fc.constantFrom(0.5, 3),
    }),
  ),
  sessions: fc.constantFrom("closed" as const, "open" as const),
  start_s: fc.constantFrom(0, 0, 0.5, 3),
  end_s: fc.constantFrom(null, null, 4, 9),
  requests: fc.option(fc.integer({ min: 1, max: 30 })),
});

describe("a trace", () => {
  test("is offered as the lists say, in every mode", () => {
    const reached = { closed: 0, released: 0, orphans: 0 };
    const services = fc.array(fc.constantFrom(0, 1, 50_000, 100_000, 800_000), { minLength: 30 });
    fc.assert(
      fc.property(traces, knobs, services, fc.nat(1000), (trace, traffic, lengths, seed) => {
        const scenario = scenarioOf({}, { seed, traffic });
        const service: Service = (row) => lengths[row % lengths.length]!;
        const ours = new Traffic(scenario, { trace });
        const kept = keptRows(trace, scenario.traffic);
        expect(ours.total).toBe(kept.total);
        expect(ours.orphans).toBe(kept.orphans);
        const offers = play(ours, service);
        expect(offers).toEqual(model(scenario, trace, service));
        expect(offers.length).toBe(kept.total);
        if (scenario.traffic.arrivals.mode === "closed") reached.closed++;
        reached.released += kept.children.size;
        reached.orphans += kept.orphans;
      }),
      { numRuns: 1500, seed: 5 },
    );
    expect(Math.min(...Object.values(reached))).toBeGreaterThan(100);
  });

  test("hands over the row's own lengths", () => {
    const traffic = new Traffic(scenarioOf({}), {
      trace: traceOf([
        { at: 5, input: 7, output: 3 },
        { at: 9, input: 8, output: 0 },
      ]),
    });
    expect(traffic.nextUs).toBe(5);
    traffic.take();
    expect([traffic.row, traffic.input, traffic.output, traffic.nextUs]).toEqual([0, 7, 3, 9]);
    traffic.take();
    expect([traffic.row, traffic.input, traffic.output, traffic.nextUs]).toEqual([
      1,
      8,
      0,
      Infinity,
    ]);
  });
});

describe("a generator", () => {
  /** Rows at 0 s, 1 s, …, `count` of them. */
  function everySecond(count: number): RowSource {
    let next = 0;
    return {
      next(row) {
        if (next === count) return false;
        row.arrivalUs = next * S;
        row.inputTokens = next + 1;
        row.outputTokens = 1;
        next++;
        return true;
      },
    };
  }
  const offered = (traffic: TrafficKnobs, count: number, service = 1): Offer[] =>
    play(
      new Traffic(scenarioOf({}, { traffic }), { rows: everySecond(count) }),
      () => service,
      1000,
    );
  const seconds = (offers: readonly Offer[]): number[] => offers.map((offer) => offer.time / S);

  test("is read to its end, or to the limit", () => {
    expect(seconds(offered({}, 4))).toEqual([0, 1, 2, 3]);
    expect(seconds(offered({ requests: 2 }, 4))).toEqual([0, 1]);
    const fast = { mode: "timestamps", speedup: 2 } as const;
    expect(seconds(offered({ arrivals: fast }, 4))).toEqual([0, 0.5, 1, 1.5]);
  });

  test("gives the rows of the window, and its times count from the window's start", () => {
    expect(seconds(offered({ start_s: 2, end_s: 5 }, 9))).toEqual([0, 1, 2]);
    expect(seconds(offered({ start_s: 2.5 }, 5))).toEqual([0.5, 1.5]);
    const closed = { mode: "closed", concurrency: 2 } as const;
    expect(offered({ arrivals: closed, start_s: 2, end_s: 5 }, 9)).toHaveLength(3);
  });

  test("in closed loop is read as lanes come free", () => {
    const closed = { mode: "closed", concurrency: 2 } as const;
    expect(seconds(offered({ arrivals: closed }, 5, 3 * S))).toEqual([0, 0, 3, 3, 6]);
  });

  test("numbers its requests", () => {
    expect(offered({}, 3).map((offer) => offer.row)).toEqual([0, 1, 2]);
  });
});
