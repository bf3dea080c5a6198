/** Workers for many runs at once: sweeps and sensitivities, without columns, cached by scenario. */

import { fail } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import type { Report, ScenarioDocument } from "../workers/protocol.ts";
import { EngineClient } from "./client.ts";
import type { StartedRun } from "./client.ts";
import { bringAll } from "./session.ts";

/** A worker that has had nothing to do for this long is let go, ms (assumption). */
const IDLE_MS = 20_000;
/** Reports kept, so that a sweep that is run again, or extended, only runs what is new (assumption). */
const CACHED_MOST = 2000;

type Job = {
  readonly document: ScenarioDocument;
  readonly key: string;
  readonly batch: Batch;
  readonly settle: (report: Result<Report>) => void;
};

/** Jobs that are stopped together. */
export class Batch {
  isStopped = false;
}

const cache = new Map<string, Result<Report>>();
const waiting: Job[] = [];
const idle: EngineClient[] = [];
const running = new Map<StartedRun<Report>, Job>();
let workers = 0;
let timer = 0;

/** Leaves a core for the page and the run in view. */
export function poolSize(): number {
  return Math.max(1, (navigator.hardwareConcurrency || 2) - 1);
}

/** Forgets results: a trace of the same name may be another file now. */
export function forgetReports(): void {
  cache.clear();
}

/** The report of a scenario; refused when its batch is stopped first. */
export function reportOf(document: ScenarioDocument, batch: Batch): Promise<Result<Report>> {
  const key = JSON.stringify(document);
  const known = cache.get(key);
  if (known !== undefined) return Promise.resolve(known);
  return new Promise((resolve) => {
    waiting.push({ document, key, batch, settle: resolve });
    void next();
  });
}

/** Stops everything of a batch, what waits and what runs. */
export function stopBatch(batch: Batch): void {
  batch.isStopped = true;
  for (const [started, job] of running) if (job.batch === batch) started.stop();
  void next();
}

async function next(): Promise<void> {
  for (let i = waiting.length - 1; i >= 0; i--) {
    const job = waiting[i];
    if (job?.batch.isStopped !== true) continue;
    waiting.splice(i, 1);
    job.settle(STOPPED);
  }
  if (waiting.length === 0) return;
  let client = idle.pop();
  if (client === undefined) {
    if (workers >= poolSize()) return;
    workers++;
    client = new EngineClient();
    await bringAll(client);
  }
  clearTimeout(timer);
  const job = waiting.shift();
  if (job === undefined) {
    release(client);
    return;
  }
  const started = client.report(job.document);
  running.set(started, job);
  const outcome = await started.outcome;
  running.delete(started);
  const report = outcome.ok === "stopped" ? STOPPED : outcome;
  if (outcome.ok !== "stopped") {
    if (cache.size >= CACHED_MOST) cache.clear();
    cache.set(job.key, report);
  }
  job.settle(report);
  release(client);
  void next();
}

const STOPPED = fail({ what: "stopped" });

function release(client: EngineClient): void {
  idle.push(client);
  clearTimeout(timer);
  timer = globalThis.setTimeout(() => {
    for (const one of idle.splice(0)) {
      one.end();
      workers--;
    }
  }, IDLE_MS);
}
