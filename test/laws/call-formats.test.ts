/**
 * Random agents at work, written down in every format that has calls which wait for calls, are read as what they were: edges, delays,
 * arrivals, lengths, sessions, tasks and shared prefixes. Replayed, no call is sent before what it waits for, nor later.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TRIGGER_DISPATCH, TRIGGERS, RELATIONS, type Trace } from "../../src/trace/index.ts";
import {
  randomRecording,
  type RecordedCall,
  type Recording,
  type RecordingKind,
} from "../support/random-recording.ts";
import type { Written } from "../support/written-recording.ts";
import { writeApplied, writeBailian, writeDynamo, writeWeka } from "../support/write-agent-logs.ts";
import { writeAgentic, writeAgenticV1, writeDelta } from "../support/write-mooncake.ts";
import { runBoth, scenarioOf } from "../support/small-runs.ts";
import { idRows, imported } from "../trace/import-support.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";

type Shape = Pick<RecordingKind, "depth" | "inFlight" | "overlaps" | "rewinds" | "branches">;
const CHAIN: Shape = {
  depth: 0,
  inFlight: false,
  overlaps: false,
  rewinds: false,
  branches: false,
};

/** What can be written in each format, and how. */
const FORMATS: { readonly [name: string]: { shape: Shape; write: typeof writeWeka } } = {
  weka: { shape: { ...CHAIN, depth: 1, inFlight: true, rewinds: true }, write: writeWeka },
  "dynamo, agents": {
    shape: { ...CHAIN, depth: 3, inFlight: true, overlaps: true, rewinds: true },
    write: (recording, seed) => writeDynamo(recording, seed, true),
  },
  "dynamo, plain": {
    shape: { ...CHAIN, rewinds: true },
    write: (recording, seed) => writeDynamo(recording, seed, false),
  },
  bailian: { shape: { ...CHAIN, rewinds: true, branches: true }, write: writeBailian },
  applied_compute: { shape: CHAIN, write: writeApplied },
  mooncake_delta: { shape: CHAIN, write: writeDelta },
  "agentic_mooncake 2": {
    shape: { depth: 3, inFlight: true, overlaps: true, rewinds: true, branches: true },
    write: writeAgentic,
  },
  "agentic_mooncake 1": { shape: { ...CHAIN, depth: 2, rewinds: true }, write: writeAgenticV1 },
};

/** Row of each call, found by its output tokens, which no two share. */
function rowsOfCalls(trace: Trace, { calls }: Recording): number[] {
  const rowOf = new Map(Array.from(trace.outputTokens, (output, row) => [output, row]));
  return calls.map(({ output }) => rowOf.get(output) ?? -1);
}

function expectEdges(trace: Trace, recording: Recording, written: Written): void {
  const rowOf = rowsOfCalls(trace, recording);
  recording.calls.forEach((call, index) => {
    const row = rowOf[index]!;
    const told = written.edges(call).map((edge) => ({ ...edge, on: rowOf[edge.on]! }));
    const { graph, sessions } = trace;
    if (graph !== undefined) {
      const found = [];
      for (let e = graph.edgeStart[row]!; e < graph.edgeStart[row + 1]!; e++) {
        found.push({
          on: graph.on[e]!,
          trigger: TRIGGERS[graph.trigger[e]!]!,
          relation: RELATIONS[graph.relation[e]!]!,
          delayUs: graph.delayUs[e]!,
        });
      }
      const byText = (a: object, b: object): number =>
        JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
      expect(found.toSorted(byText)).toEqual(told.toSorted(byText));
      expect(graph.notBeforeUs?.[row] ?? 0).toBe(written.notBeforeUs(call));
    }
    const turn = told.find((edge) => edge.relation === "sequence" && edge.trigger === "completion");
    expect(sessions?.parent[row] ?? -1).toBe(turn?.on ?? -1);
    expect(sessions?.delayUs[row] ?? NaN).toBe(turn?.delayUs ?? NaN);
    for (const { on } of told) expect(on).toBeLessThan(row);
  });
}

/** Groups are the same when two calls are in one of the first exactly if they are in one of the second. */
function expectSameGroups(found: readonly number[], told: readonly number[]): void {
  const names = (groups: readonly number[]): number[] => groups.map((one) => groups.indexOf(one));
  expect(names(found)).toEqual(names(told));
}

/** Equal ids stand for equal texts from the prompt's start, and the other way round. */
function expectPrefixes(
  trace: Trace,
  { calls }: Recording,
  written: Written,
  rowOf: number[],
): number {
  const { blockSize, hasTails } = written;
  expect(trace.header.blockSize).toBe(blockSize);
  const ids = idRows(trace);
  const idOf = new Map<string, number>();
  const textOf = new Map<number, string>();
  let shared = 0;
  calls.forEach((call, index) => {
    const own = ids[rowOf[index]!]!;
    const { length } = call.prompt;
    expect(own.length).toBe(
      hasTails ? Math.ceil(length / blockSize) : Math.floor(length / blockSize),
    );
    own.forEach((id, i) => {
      const text = call.prompt.slice(0, (i + 1) * blockSize);
      const key = `${written.space(call, text.length)}: ${text.join(",")}`;
      if (idOf.has(key)) shared++;
      // Not by two expectations for each block: there are a million of them.
      if ((idOf.get(key) ?? id) !== id) expect.fail(`another id for ${key}`);
      if ((textOf.get(id) ?? key) !== key) expect.fail(`an id for ${textOf.get(id)} and ${key}`);
      idOf.set(key, id);
      textOf.set(id, key);
    });
  });
  return shared;
}

function expectColumns(
  trace: Trace,
  recording: Recording,
  written: Written,
  rowOf: number[],
): void {
  const { calls } = recording;
  expect(trace.rows).toBe(calls.length);
  expect(trace.header.untimed ?? false).toBe(!written.isTimed);
  const beginUs = Math.min(...calls.map((call) => call.startUs));
  let latest = -1;
  trace.arrivalUs.forEach((us) => {
    if (Number.isNaN(us)) return;
    expect(us).toBeGreaterThanOrEqual(latest);
    latest = us;
  });
  const at = (call: RecordedCall): number =>
    written.arrivalUs(call) - (written.isTimed ? beginUs : 0);
  expect(rowOf.map((row) => trace.arrivalUs[row])).toEqual(calls.map(at));
  expect(rowOf.map((row) => trace.inputTokens[row])).toEqual(
    calls.map(({ prompt }) => prompt.length),
  );
  expectSameGroups(
    rowOf.map((row) => trace.sessions?.session[row] ?? -1),
    calls.map((call) => written.session(call)),
  );
  const { priority, hints } = trace;
  if (written.hints !== undefined) {
    const found = rowOf.map((row) => ({
      priority: priority?.[row] ?? 0,
      strictPriority: hints?.strictPriority?.[row] ?? 0,
      outputTokens: hints?.outputTokens?.[row] ?? 0,
      keepUs: hints?.keepUs?.[row] ?? 0,
    }));
    expect(found).toEqual(calls.map(written.hints));
  }
  if (trace.graph === undefined) return;
  const { task } = trace.graph;
  expectSameGroups(
    rowOf.map((row) => task[row]!),
    calls.map((call) => written.task(call)),
  );
}

/** Replays the trace in both modes: all calls end, and each is sent the moment that its edges allow. */
function expectCausality(trace: Trace, seed: number): void {
  const { graph, sessions } = trace;
  const mode = trace.header.untimed === true ? "closed" : "timestamps";
  const arrivals =
    mode === "closed" ? ({ mode, concurrency: 1 + (seed % 3) } as const) : ({ mode } as const);
  const engine = { block_size: 16, num_gpu_blocks: 4096, max_num_seqs: 1 + (seed % 4) };
  const { report, requests } = runBoth({
    scenario: scenarioOf(engine, { seed: 1 + (seed % 1000), traffic: { arrivals } }),
    trace,
  });
  expect(report.requests.completed).toBe(trace.rows);
  const place = new Map(Array.from(requests.row, (row, i) => [row, i]));
  const sent = (row: number): number => requests.arrivalUs[place.get(row)!]!;
  const ended = (row: number): number => requests.finishUs[place.get(row)!]!;
  const begins = new Map<number, number>();
  for (let row = 0; row < trace.rows; row++) {
    const task = graph?.task[row] ?? row;
    begins.set(task, Math.min(begins.get(task) ?? Infinity, sent(row)));
  }
  for (let row = 0; row < trace.rows; row++) {
    const from = graph?.edgeStart[row] ?? 0;
    const to = graph?.edgeStart[row + 1] ?? 0;
    const parent = graph === undefined ? (sessions?.parent[row] ?? -1) : -1;
    if (from === to && parent < 0) {
      if (mode === "timestamps") expect(sent(row)).toBe(trace.arrivalUs[row]);
      continue;
    }
    let ready = -Infinity;
    for (let e = from; e < to; e++) {
      const on = graph!.on[e]!;
      const event = graph!.trigger[e] === TRIGGER_DISPATCH ? sent(on) : ended(on);
      ready = Math.max(ready, event + graph!.delayUs[e]!);
    }
    if (graph !== undefined) {
      ready = Math.max(ready, begins.get(graph.task[row]!)! + (graph.notBeforeUs?.[row] ?? 0));
    }
    if (parent >= 0) {
      // A turn that has no delay keeps its distance from the one before.
      const told = sessions!.delayUs[row]!;
      const distance = trace.arrivalUs[row]! - trace.arrivalUs[parent]!;
      ready = ended(parent) + (Number.isNaN(told) ? distance : told);
    }
    expect(sent(row)).toBe(ready);
  }
}

describe.each(Object.entries(FORMATS))("%s", (name, { shape, write }) => {
  const cases = fc.record({
    seed: fc.nat(1_000_000),
    tasks: fc.integer({ min: 1, max: 5 }),
    gridUs: fc.constantFrom(1_000, 250_000, 1_000_000),
  });

  test(
    "is read as it was recorded, and replayed in order",
    () => {
      let shared = 0;
      let edges = 0;
      fc.assert(
        fc.property(cases, (one) => {
          const recording = randomRecording({ ...shape, ...one });
          const written = write(recording, one.seed);
          const trace = imported(written.text, { name: "recording", ...written.options });
          const rowOf = rowsOfCalls(trace, recording);
          expectColumns(trace, recording, written, rowOf);
          expectEdges(trace, recording, written);
          shared += expectPrefixes(trace, recording, written, rowOf);
          expectCausality(trace, one.seed);
          edges += recording.calls.flatMap((call) => written.edges(call)).length;
        }),
        lawRuns(60),
      );
      expect(shared).toBeGreaterThan(300);
      if (name !== "dynamo, plain") expect(edges).toBeGreaterThan(200);
    },
    LAW_TIMEOUT_MS,
  );
});
