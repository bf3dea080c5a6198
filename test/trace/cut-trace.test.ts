/** Parts of traces: what is kept is whole, as it was, and no more than was asked for. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutTrace, decodeTrace, exportTrace } from "../../src/trace/index.ts";
import type { Trace, TraceCut } from "../../src/trace/index.ts";
import { randomRuns } from "../support/random-scenario.ts";

const ALL: TraceCut = {
  fromUs: 0,
  toUs: Infinity,
  fromRow: 0,
  toRow: Infinity,
  share: 1,
  seed: 1,
  conversationsMost: null,
};

const cuts = fc.record({
  from: fc.nat(1000),
  to: fc.nat(1000),
  fromRow: fc.oneof(fc.constant(0), fc.nat(20)),
  toRow: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 60 })),
  share: fc.constantFrom(1, 0.7, 0.3),
  seed: fc.nat(1000),
  conversationsMost: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 8 })),
});

function spanOf({ arrivalUs }: Trace): number {
  return arrivalUs.reduce((most, us) => (us > most ? us : most), 0);
}

function good(trace: Trace, cut: TraceCut): Trace | null {
  const made = cutTrace(trace, cut, "part");
  if (made.ok) return made.value;
  expect(made.problem.what).toBe("no request is left");
  return null;
}

/** Conversations by the rows they have; a row of none is its own. */
function conversationsOf({ rows, graph, sessions }: Trace): number[][] {
  const groups = graph?.task ?? sessions?.session;
  const found = new Map<string, number[]>();
  for (let row = 0; row < rows; row++) {
    const group = groups?.[row] ?? -1;
    const key = group < 0 ? `row ${String(row)}` : `group ${String(group)}`;
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found.values()];
}

/** A row's own contents, without what depends on its place. */
function contents(trace: Trace, row: number): unknown {
  const { hashes, hints, graph, sessions, priority } = trace;
  const runs =
    hashes === undefined
      ? []
      : Array.from({ length: hashes.rowStart[row + 1]! - hashes.rowStart[row]! }, (_, i) => [
          hashes.start[hashes.rowStart[row]! + i],
          hashes.length[hashes.rowStart[row]! + i],
        ]);
  return {
    input: trace.inputTokens[row],
    output: trace.outputTokens[row],
    runs,
    delay: sessions?.delayUs[row],
    priority: priority?.[row],
    hint: hints?.outputTokens?.[row],
    edges:
      graph === undefined
        ? []
        : Array.from({ length: graph.edgeStart[row + 1]! - graph.edgeStart[row]! }, (_, i) => [
            graph.delayUs[graph.edgeStart[row]! + i],
            graph.trigger[graph.edgeStart[row]! + i],
          ]),
  };
}

describe("a part of a trace", () => {
  it("is the conversations that begin inside, whole, in their order, read back as written", () => {
    let withSessions = 0;
    fc.assert(
      fc.property(randomRuns, cuts, ({ trace }, { from, to, ...rest }) => {
        const span = spanOf(trace);
        const [fromUs, toUs] = [from, to]
          .toSorted((a, b) => a - b)
          .map((part) => Math.floor((span * part) / 1000)) as [number, number];
        const cut = { ...rest, fromUs, toUs };
        const part = good(trace, cut);
        const inside = conversationsOf(trace).filter(([row]) => {
          const us = trace.arrivalUs[row!]!;
          return us >= fromUs && us < toUs && row! >= cut.fromRow && row! < cut.toRow;
        });
        const kept = part === null ? [] : conversationsOf(part);
        const most = cut.conversationsMost ?? Infinity;
        expect(kept.length).toBeLessThanOrEqual(Math.min(most, inside.length));
        if (cut.share === 1) expect(kept.length).toBe(Math.min(most, inside.length));
        if (part === null) return;
        if (trace.sessions !== undefined) withSessions++;
        expect(part.arrivalUs[0]).toBe(0);
        const words = (of: Trace, rows: readonly number[]): string =>
          JSON.stringify(rows.map((row) => contents(of, row)));
        const whole = inside.map((rows) => words(trace, rows));
        for (const rows of kept) expect(whole).toContain(words(part, rows));
        for (let row = 0; row < part.rows; row++) {
          const parent = part.sessions?.parent[row] ?? -1;
          expect(parent).toBeLessThan(row);
          if (parent >= 0) {
            expect(part.sessions!.session[parent]).toBe(part.sessions!.session[row]);
          }
        }
        const again = decodeTrace(exportTrace(part, "columns"), { name: "part" });
        expect(again.ok && again.value.rows).toBe(part.rows);
      }),
      { numRuns: 150, seed: 20261121 },
    );
    expect(withSessions).toBeGreaterThan(10);
  });

  it("of everything is the trace, and a wider one of a share keeps what the narrower has", () => {
    fc.assert(
      fc.property(randomRuns, fc.nat(1000), fc.nat(1000), ({ trace }, at, seed) => {
        const all = good(trace, ALL)!;
        expect(all.rows).toBe(trace.rows);
        expect(all.inputTokens).toEqual(trace.inputTokens);
        expect(all.sessions?.parent).toEqual(trace.sessions?.parent);
        const toUs = (spanOf(trace) * at) / 1000;
        const [narrow, wide] = [toUs, Infinity].map((end) =>
          good(trace, { ...ALL, toUs: end, share: 0.5, seed }),
        );
        if (narrow === null || narrow === undefined) return;
        const contentsOf = (of: Trace): string[] =>
          Array.from({ length: of.rows }, (_, row) => JSON.stringify(contents(of, row)));
        const more = contentsOf(wide!);
        for (const one of contentsOf(narrow)) expect(more).toContain(one);
      }),
      { numRuns: 60, seed: 20261121 },
    );
  });
});
