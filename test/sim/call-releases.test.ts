/** Calls that wait for calls: every time is what its definition says, whatever the graph, the services and the mode. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { createSimulation } from "../../src/sim/index.ts";
import { Traffic } from "../../src/sim/traffic.ts";
import { TRIGGER_DISPATCH } from "../../src/trace/index.ts";
import { randomGraph } from "../support/random-graph.ts";
import { scenarioOf } from "../support/small-runs.ts";

const S = 1_000_000;

type Offer = { row: number; time: number; end: number };

function play(
  traffic: Traffic,
  service: (row: number) => number,
  isDone: (row: number) => boolean = () => true,
): Offer[] {
  const offers: Offer[] = [];
  const ends: Offer[] = [];
  for (;;) {
    ends.sort((a, b) => a.end - b.end || a.row - b.row);
    const time = Math.min(traffic.nextUs, ends[0]?.end ?? Infinity);
    if (time === Infinity) return offers;
    if (ends[0]?.end === time) {
      const { row } = ends.shift()!;
      traffic.ended(row, time, isDone(row));
      continue;
    }
    traffic.take();
    const { row } = traffic;
    const offer = { row, time, end: time + service(row) };
    offers.push(offer);
    if (offer.end === time) traffic.ended(row, time, isDone(row));
    else ends.push(offer);
  }
}

const cases = fc.record({
  seed: fc.nat(1_000_000),
  rows: fc.integer({ min: 1, max: 40 }),
  lengths: fc.array(fc.constantFrom(0, 1, 50_000, 800_000), { minLength: 7, maxLength: 7 }),
  mode: fc.constantFrom("timestamps" as const, "closed" as const, "poisson" as const),
  lanes: fc.integer({ min: 1, max: 4 }),
  scale: fc.constantFrom(1, 1, 0, 2.5),
  longest: fc.constantFrom(null, null, 0.5),
});

function arrivalsOf(mode: "timestamps" | "closed" | "poisson", lanes: number) {
  const modes: { [name in typeof mode]: NonNullable<ScenarioInput["traffic"]>["arrivals"] } = {
    timestamps: { mode: "timestamps", speedup: 1 },
    closed: { mode: "closed", concurrency: lanes },
    poisson: { mode: "poisson", rate_per_s: 2 },
  };
  return modes[mode]!;
}

test("a call is sent when its edges have fired and its delays are over, never sooner or later", () => {
  let edges = 0;
  let dispatches = 0;
  fc.assert(
    fc.property(cases, ({ seed, rows, lengths, mode, lanes, scale, longest }) => {
      const trace = randomGraph(seed, rows, false);
      const graph = trace.graph!;
      const traffic = {
        arrivals: arrivalsOf(mode, lanes),
        delay_scale: scale,
        delay_max_s: longest,
      };
      const ours = new Traffic(scenarioOf({}, { seed, traffic }), { trace });
      const offers = play(ours, (row) => lengths[row % lengths.length]!);
      expect(ours.total).toBe(rows);
      expect(offers.map(({ row }) => row).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: rows }, (_, row) => row),
      );
      const of = new Map(offers.map((offer) => [offer.row, offer]));
      const startOf = new Map<number, number>();
      for (const { row, time } of offers) {
        const task = graph.task[row]!;
        startOf.set(task, Math.min(startOf.get(task) ?? Infinity, time));
      }
      for (const { row, time } of offers) {
        const first = graph.edgeStart[row]!;
        const end = graph.edgeStart[row + 1]!;
        if (first === end) continue;
        let ready = startOf.get(graph.task[row]!)! + graph.notBeforeUs![row]!;
        for (let e = first; e < end; e++) {
          const forerunner = of.get(graph.on[e]!)!;
          const isDispatch = graph.trigger[e] === TRIGGER_DISPATCH;
          const delay = Math.min((longest ?? Infinity) * S, Math.round(graph.delayUs[e]! * scale));
          ready = Math.max(ready, (isDispatch ? forerunner.time : forerunner.end) + delay);
          if (isDispatch) dispatches++;
          edges++;
        }
        expect(time).toBe(ready);
      }
    }),
    { numRuns: 1000, seed: 11 },
  );
  expect(Math.min(edges, dispatches)).toBeGreaterThan(1000);
});

test("a closed loop has no more tasks open than lanes, and fills a lane the moment it is free", () => {
  fc.assert(
    fc.property(cases, ({ seed, rows, lengths, lanes }) => {
      const trace = randomGraph(seed, rows, false);
      const { task, taskCount } = trace.graph!;
      const traffic = { arrivals: arrivalsOf("closed", lanes) };
      const ours = new Traffic(scenarioOf({}, { seed, traffic }), { trace });
      const offers = play(ours, (row) => lengths[row % lengths.length]!);
      const starts = new Float64Array(taskCount).fill(Infinity);
      const ends = new Float64Array(taskCount).fill(-Infinity);
      for (const { row, time, end } of offers) {
        starts[task[row]!] = Math.min(starts[task[row]!]!, time);
        ends[task[row]!] = Math.max(ends[task[row]!]!, end);
      }
      // A task number that no call has is no task.
      const order = starts.filter((at) => at < Infinity).toSorted();
      order.forEach((at, i) => {
        const open = starts.filter((from, t) => from <= at && ends[t]! > at).length;
        expect(open).toBeLessThanOrEqual(lanes);
        if (i < lanes) expect(at).toBe(0);
        else expect(ends.includes(at)).toBe(true);
      });
    }),
    { numRuns: 500, seed: 12 },
  );
});

test("times between the calls of recorded tasks can be replayed open-loop, and a window keeps what it can", () => {
  fc.assert(
    fc.property(cases, ({ seed, rows, lengths }) => {
      const trace = randomGraph(seed, rows, true);
      const open = { sessions: "open" as const, start_s: 0.4 };
      const ours = new Traffic(scenarioOf({}, { traffic: open }), { trace });
      const offers = play(ours, (row) => lengths[row % lengths.length]!);
      const late = Array.from(trace.arrivalUs).filter((at) => at >= 0.4 * S);
      expect(offers.map(({ time }) => time)).toEqual(late.map((at) => at - 0.4 * S));
    }),
    { numRuns: 200, seed: 13 },
  );
});

test("a task that is given up sends nothing more, and frees its lane", () => {
  fc.assert(
    fc.property(cases, fc.nat(6), ({ seed, rows, lengths, lanes }, bad) => {
      const trace = randomGraph(seed, rows, false);
      const graph = trace.graph!;
      const traffic = {
        arrivals: arrivalsOf("closed", lanes),
        after_failure: "give_up" as const,
      };
      const ours = new Traffic(scenarioOf({}, { seed, traffic }), { trace });
      const isDone = (row: number): boolean => row % 7 !== bad;
      const offers = play(ours, (row) => lengths[row % lengths.length]!, isDone);
      const of = new Map(offers.map((offer) => [offer.row, offer]));
      const tasks = new Set(offers.map(({ row }) => graph.task[row]!));
      expect(tasks.size).toBe(new Set(graph.task).size);
      for (let row = 0; row < rows; row++) {
        const first = graph.edgeStart[row]!;
        const end = graph.edgeStart[row + 1]!;
        // Whoever waits for the end of a failed call is never sent.
        for (let e = first; e < end; e++) {
          const failed = !isDone(graph.on[e]!) && graph.trigger[e] !== TRIGGER_DISPATCH;
          if (failed) expect(of.has(row)).toBe(false);
        }
      }
    }),
    { numRuns: 500, seed: 14 },
  );
});

test("tasks without times of arrival must be given them", () => {
  const plain = randomGraph(1, 9, false);
  const trace = { ...plain, header: { ...plain.header, untimed: true } };
  const refused = createSimulation({ scenario: scenarioOf({}), trace });
  expect(refused.ok ? "" : refused.problem.what).toMatch(/tells no times of arrival/);
  const closed = { arrivals: { mode: "closed" as const, concurrency: 2 } };
  expect(createSimulation({ scenario: scenarioOf({}, { traffic: closed }), trace }).ok).toBe(true);
});
