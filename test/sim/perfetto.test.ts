import { expect, it } from "vitest";
import { writePerfetto } from "../../src/sim/index.ts";
import { seriesOf, slicesOf } from "../cli/fixtures.ts";

type Event = {
  readonly ph: string;
  readonly pid: number;
  readonly name: string;
  readonly ts?: number;
};

function eventsOf(text: string): Event[] {
  return (JSON.parse(text) as { traceEvents: Event[] }).traceEvents;
}

it("writes one process per worker, complete events and counters as one JSON text", () => {
  const pieces: string[] = [];
  writePerfetto({ name: 'a "quoted" name', slices: slicesOf(), series: seriesOf(3) }, (piece) => {
    pieces.push(piece);
  });
  const events = eventsOf(pieces.join(""));
  expect(events.filter((one) => one.ph === "X")).toEqual([
    {
      ph: "X",
      pid: 2,
      tid: 1,
      ts: 0,
      dur: 20_000,
      name: "mixed step",
      args: { steps: 1, prefill_tokens: 100, prefill_requests: 1, decode_requests: 0 },
    },
    {
      ph: "X",
      pid: 5,
      tid: 1,
      ts: 20_000,
      dur: 100_000,
      name: "decode run",
      args: { steps: 10, prefill_tokens: 0, prefill_requests: 0, decode_requests: 1 },
    },
  ]);
  const names = events.filter((one) => one.name === "process_name").map((one) => one.pid);
  expect(names).toEqual([1, 2, 5]);
  expect(events.filter((one) => one.ph === "C")).toHaveLength(3 * 4);
});

it("hands over long traces in pieces", () => {
  const rows = 2000;
  const pieces: string[] = [];
  writePerfetto(
    {
      name: "long",
      slices: {
        rows,
        worker: new Int32Array(rows),
        startUs: Float64Array.from({ length: rows }, (_, i) => i * 10),
        endUs: Float64Array.from({ length: rows }, (_, i) => i * 10 + 5),
        kind: new Uint8Array(rows),
        steps: new Float64Array(rows).fill(1),
        prefillTokens: new Float64Array(rows),
        prefillRequests: new Uint32Array(rows),
        decodeRequests: new Uint32Array(rows),
        truncated: true,
      },
    },
    (piece) => {
      pieces.push(piece);
    },
  );
  expect(pieces.length).toBeGreaterThan(2);
  expect(eventsOf(pieces.join("")).filter((one) => one.ph === "X")).toHaveLength(rows);
});
