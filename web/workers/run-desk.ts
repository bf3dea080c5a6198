/** Runs simulations in short slices, so that a stop is heard within one, and keeps the latest results. */

import { fail, ok } from "../../src/core/index.ts";
import type { Problem, Result } from "../../src/core/index.ts";
import { insightOf } from "../../src/plan/index.ts";
import { createSimulation, seriesIntervalUs } from "../../src/sim/index.ts";
import type { Simulation, SimulationResult } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { inputsOf, version } from "./inputs.ts";
import type { ReadyInputs } from "./inputs.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";

/** A finished run and the trace it replayed, for questions about it. */
export type KeptRun = { readonly result: SimulationResult; readonly trace: Trace | undefined };

/** Wall time of a slice, ms, and how often progress is told (assumptions: half a stop's limit; ten a second). */
const SLICE_MS = 8;
const PROGRESS_MS = 100;
const FIRST_SLICE_EVENTS = 1024;
/** Most steps recorded for the timeline (assumption: 40 MB). */
const SLICES_MOST = 1_000_000;
/** Runs kept for questions beside those that are held: the shown one and a few before (assumption). */
const RUNS_KEPT = 4;
const US_PER_S = 1e6;

type RunRequest = Extract<ToWorker, { kind: "run" }>;

export class RunDesk {
  private readonly send: (message: FromWorker) => void;
  private readonly kept = new Map<number, KeptRun>();
  /** Runs that stay however many follow: baselines. */
  private held: readonly number[] = [];
  private readonly channel = new MessageChannel();
  private readonly resumed: (() => void)[] = [];
  /** The run in progress, and what its stop asked for. */
  private current = -1;
  private stopped: "keep" | "drop" | undefined;

  constructor(send: (message: FromWorker) => void) {
    this.send = send;
    this.channel.port1.addEventListener("message", () => this.resumed.shift()?.());
    this.channel.port1.start();
  }

  /** A kept run. Errors: one that was dropped for newer ones. */
  find(run: number): Result<KeptRun> {
    const found = this.kept.get(run);
    if (found !== undefined) return ok(found);
    return fail({ what: "this run is no longer in memory", remedy: "run it again" });
  }

  /** Keeps these runs until told otherwise. */
  hold(runs: readonly number[]): void {
    this.held = runs;
  }

  /** Stops a run at its next slice; with `keep`, what was done until then is its result. */
  stop(run: number, keep: boolean): void {
    if (run === this.current) this.stopped = keep ? "keep" : "drop";
  }

  /** Runs a scenario to its end and tells how it goes. A newer run, or a stop, ends it. */
  async run(request: RunRequest): Promise<void> {
    this.current = request.run;
    this.stopped = undefined;
    try {
      const ready = await inputsOf(request.document);
      if (this.isOver(request.run)) return this.tellStopped(request.run);
      if (!ready.ok) return this.tellFailed(request.run, ready.problem);
      await this.simulate(request, ready.value);
    } catch (error) {
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      const remedy = "this is a defect of Headworks: please report it with the scenario";
      this.tellFailed(request.run, { what, remedy });
    }
  }

  private async simulate(request: RunRequest, { inputs, spanUs }: ReadyInputs): Promise<void> {
    const keeps = request.keep === "columns";
    const simulation = createSimulation(inputs, {
      version,
      ...(keeps
        ? { requests: true, seriesIntervalUs: seriesIntervalUs(spanUs), slices: SLICES_MOST }
        : {}),
    });
    if (!simulation.ok) return this.tellFailed(request.run, simulation.problem);
    const wallS = await this.advance(request.run, simulation.value, spanUs);
    if (this.isOver(request.run) && this.stopped !== "keep") return this.tellStopped(request.run);
    const result =
      this.stopped === "keep" && this.current === request.run
        ? simulation.value.finish(wallS, "stopped by the user")
        : simulation.value.finish(wallS);
    if (!keeps) return this.send({ kind: "reported", run: request.run, report: result.report });
    this.keep(request.run, { result, trace: inputs.trace });
    this.send({ kind: "done", run: request.run, insight: insightOf(result) });
  }

  /** Advances to the end or to a stop; the wall time of the engine alone, s. */
  private async advance(run: number, simulation: Simulation, spanUs: number): Promise<number> {
    let events = FIRST_SLICE_EVENTS;
    let engineMs = 0;
    let toldAt = performance.now();
    for (;;) {
      const before = performance.now();
      const more = simulation.advance(events);
      const tookMs = performance.now() - before;
      engineMs += tookMs;
      if (!more) return engineMs / 1000;
      const factor = Math.min(4, Math.max(0.25, SLICE_MS / Math.max(tookMs, 0.01)));
      events = Math.max(64, Math.round(events * factor));
      if (performance.now() - toldAt > PROGRESS_MS) {
        toldAt = performance.now();
        this.tellProgress(run, simulation, { spanUs, wallS: engineMs / 1000 });
      }
      await this.pause();
      if (this.isOver(run)) return engineMs / 1000;
    }
  }

  /** Lets waiting messages in: a message channel costs microseconds where a timer costs milliseconds. */
  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.resumed.push(resolve);
      this.channel.port2.postMessage(null);
    });
  }

  private isOver(run: number): boolean {
    return this.current !== run || this.stopped !== undefined;
  }

  private keep(run: number, kept: KeptRun): void {
    this.kept.set(run, kept);
    const free = [...this.kept.keys()].filter((one) => !this.held.includes(one));
    for (const old of free.slice(0, -RUNS_KEPT)) this.kept.delete(old);
  }

  private tellProgress(
    run: number,
    simulation: Simulation,
    { spanUs, wallS }: { readonly spanUs: number; readonly wallS: number },
  ): void {
    const byTime = spanUs > 0 ? Math.min(0.99, simulation.nowUs / spanUs) : 0;
    this.send({
      kind: "progress",
      run,
      progress: {
        fraction: simulation.fraction || byTime,
        events: simulation.events,
        simS: simulation.nowUs / US_PER_S,
        wallS,
      },
    });
  }

  private tellFailed(run: number, problem: Problem): void {
    this.send({ kind: "failed", run, problem });
  }

  private tellStopped(run: number): void {
    this.send({ kind: "stopped", run });
  }
}
