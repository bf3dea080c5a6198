/** Nothing is lost and nothing appears: requests, tokens, blocks and time, on random scenarios. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { REQUEST_COMPLETED, REQUEST_REJECTED, REQUEST_UNFINISHED } from "../../src/sim/index.ts";
import type { Report } from "../../src/sim/index.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { LAW_TIMEOUT_MS, lawRuns, record } from "./law-runs.ts";

test(
  "requests, tokens, blocks and worker time add up",
  () => {
    const reached = { whole: 0, cut: 0 };
    fc.assert(
      fc.property(randomRuns, (run) => {
        const { requests, series, slices, report } = record(run, { auditEvery: 20 });
        const blocks = report.kv.blocksPerWorker;
        const workers = report.workers.length;

        // Requests: every one offered has one end.
        const ends = [REQUEST_COMPLETED, REQUEST_REJECTED, REQUEST_UNFINISHED].map(
          (status) => requests.status.filter((value) => value === status).length,
        );
        expect(ends.reduce((sum, count) => sum + count, 0)).toBe(requests.rows);
        expect(ends[0]).toBe(report.workers.reduce((sum, worker) => sum + worker.completed, 0));

        // Tokens: what was generated belongs to completed requests, or to those under way.
        let done = 0;
        let begun = 0;
        let computed = 0;
        for (let i = 0; i < requests.rows; i++) {
          const output = requests.outputTokens[i]!;
          if (requests.status[i] === REQUEST_COMPLETED) {
            done += output;
            computed += requests.inputTokens[i]! - requests.cachedTokens[i]!;
          } else if (requests.status[i] === REQUEST_UNFINISHED) {
            begun += Number.isNaN(requests.firstTokenUs[i]!) ? 0 : output;
          }
        }
        expect(report.tokens.output).toBeGreaterThanOrEqual(done);
        expect(report.tokens.output).toBeLessThanOrEqual(done + begun);
        const isWhole = report.stopped === null;
        if (isWhole) expect(report.tokens.output).toBe(done);
        if (isWhole) reached.whole++;
        else reached.cut++;

        const last = series.rows - 1;
        if (last >= 0) {
          expect(series.outputTokens[last]).toBe(report.tokens.output);
          expect(series.admittedTokens[last]).toBe(report.tokens.input);
          expect(series.cachedTokens[last]).toBe(report.tokens.cached);
          expect(series.completions[last]).toBe(ends[0]);
          const isPlain = report.kv.preemptions === 0 && run.scenario.engine.scheduler === "vllm";
          if (isWhole && isPlain) expect(series.prefillTokens[last]).toBe(computed);
        }
        // Blocks: never more than there are; all given back when all is done.
        for (let i = 0; i < series.rows; i++) {
          const held = series.kvBlocksUsed[i]! + series.kvBlocksCached[i]!;
          expect(held).toBeLessThanOrEqual(blocks * workers);
        }
        if (isWhole && last >= 0) expect(series.kvBlocksUsed[last]).toBe(0);
        expect(report.kv.usagePeak).toBeLessThanOrEqual(1);

        // Time: a worker does one thing at a time.
        const freeAt = Array.from({ length: workers }, () => 0);
        for (let i = 0; i < slices.rows; i++) {
          const worker = slices.worker[i]!;
          expect(slices.startUs[i]).toBeGreaterThanOrEqual(freeAt[worker]!);
          expect(slices.endUs[i]).toBeGreaterThan(slices.startUs[i]!);
          freeAt[worker] = slices.endUs[i]!;
        }
        expect(report.batch.busyShare).toBeLessThanOrEqual(1 + 1e-12);
      }),
      lawRuns(150),
    );
    expect(Math.min(reached.whole, reached.cut)).toBeGreaterThan(20);
  },
  LAW_TIMEOUT_MS,
);

test(
  "samples agree with the rows of requests, and Little's law holds on queue and system",
  () => {
    let queued = 0;
    let atRouter = 0;
    fc.assert(
      fc.property(randomRuns, (run) => {
        const { requests, series, report } = record(run);
        const routed = Array.from({ length: requests.rows }, (_, i) => i).filter(
          (i) => requests.worker[i]! >= 0,
        );
        const countBy = (column: Float64Array, time: number): number =>
          came.filter((i) => column[i]! <= time).length;
        const isStatic = run.scenario.engine.scheduler === "static";
        // Who is turned away at the door is never inside; who waits at the router is, also if turned away there in the end.
        const came = Array.from({ length: requests.rows }, (_, i) => i).filter(
          (i) =>
            requests.status[i] !== REQUEST_REJECTED ||
            requests.finishUs[i]! > requests.arrivalUs[i]!,
        );
        const { workers, queued: atWorkers } = series.workers!;
        for (let s = 0; s < series.rows; s++) {
          const time = series.timeUs[s]!;
          const refused = requests.rows - came.length;
          const arrived = countBy(requests.arrivalUs, time);
          if (refused === 0) expect(series.arrivals[s]).toBe(arrived);
          const finished = countBy(requests.finishUs, time);
          const done = came.filter((i) => requests.status[i] === REQUEST_COMPLETED);
          expect(series.completions[s]).toBe(
            done.filter((i) => requests.finishUs[i]! <= time).length,
          );
          // Static batches keep the places of requests that are done.
          const inside = series.queued[s]! + series.running[s]!;
          if (isStatic) expect(inside).toBeGreaterThanOrEqual(arrived - finished);
          else expect(inside).toBe(arrived - finished);
          if (report.kv.preemptions > 0) continue;
          const admitted = came.filter(
            (i) => requests.admittedUs[i]! <= time || requests.finishUs[i]! <= time,
          ).length;
          expect(series.queued[s]).toBe(arrived - admitted);
          queued += arrived - admitted;
          atRouter += arrived - admitted;
          for (let w = 0; w < workers; w++) atRouter -= atWorkers[s * workers + w]!;
        }
        littlesLaw(
          routed.map((i) => requests.arrivalUs[i]!),
          routed.map((i) => requests.admittedUs[i]!),
          report.latency.queueMs.mean,
          report,
        );
        littlesLaw(
          routed.map((i) => requests.arrivalUs[i]!),
          routed.map((i) => requests.finishUs[i]!),
          serverE2eMs(report),
          report,
        );
      }),
      lawRuns(200),
    );
    expect(queued).toBeGreaterThan(1000);
    expect(atRouter).toBeGreaterThan(10);
  },
  LAW_TIMEOUT_MS,
);

/** The mean stay at the engine: end to end without the client's path. */
function serverE2eMs({ latency, engine }: Report): number | null {
  const { mean } = latency.e2eMs;
  return mean === null ? null : mean - engine.clientPathMs;
}

/** L = λW: the time average of the number inside, by sweeping over arrivals and departures, is rate × mean stay. */
function littlesLaw(
  into: readonly number[],
  out: readonly number[],
  meanMs: number | null,
  report: { stopped: string | null; requests: { measured: number; offered: number } },
): void {
  // Only where all that came also went and was measured.
  const isWhole = report.stopped === null && report.requests.measured === report.requests.offered;
  if (!isWhole || meanMs === null) return;
  const changes = [
    ...into.map((time) => ({ time, change: 1 })),
    ...out.map((time) => ({ time, change: -1 })),
  ].sort((a, b) => a.time - b.time);
  let inside = 0;
  let area = 0;
  changes.forEach(({ time, change }, i) => {
    area += inside * (time - (changes[i - 1]?.time ?? time));
    inside += change;
  });
  expect(inside).toBe(0);
  // Rate × span × mean stay = area, with the rate taken over the same span.
  expect(Math.abs(area - into.length * meanMs * 1e3)).toBeLessThanOrEqual(1e-6 + 1e-9 * area);
}
