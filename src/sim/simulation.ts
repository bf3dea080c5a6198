/**
 * The simulation: one event loop over all workers.
 *
 * One total order: time, then kind, then the number of the source. At one instant: forward passes end, requests arrive (those
 * that a completion released included), workers that have something to do start their next pass. So an arrival on a step
 * boundary is in the next step, and no order depends on how many events came before.
 */

import { fail, ok, type Result } from "../core/index.ts";
import { REJECT_REASONS } from "./admission.ts";
import { buildDesk } from "./build-desk.ts";
import { buildPools, resolveEngines } from "./build-pools.ts";
import { clientsOf, type Clients } from "./clients.ts";
import type { MixedStep, WorkerSink } from "./engine.ts";
import { Intake } from "./intake.ts";
import { checkLaws } from "./laws.ts";
import type { Pool } from "./pool.ts";
import { outcomesOf, type Outcomes, type SeriesLog, type SliceLog } from "./recorder.ts";
import { writeReport } from "./report-writer.ts";
import {
  REQUEST_CANCELLED,
  REQUEST_COMPLETED,
  REQUEST_REJECTED,
  REQUEST_UNFINISHED,
  type SimulationResult,
} from "./report.ts";
import { AT_ROW, AT_STATE, RequestTable, SLOT_DONE } from "./request-table.ts";
import type { RequestLog } from "./request-log.ts";
import { recordColumns, recordsOf } from "./run-records.ts";
import type { RouterDesk } from "./router-desk.ts";
import type { ResolvedEngine } from "./resolve-engine.ts";
import type { Scenario } from "./scenario.ts";
import { NO_TRAFFIC, type SimulationInputs, type SimulationOptions } from "./simulation-inputs.ts";
import { Traffic } from "./traffic.ts";
import { WorkerEvents } from "./worker-events.ts";
import type { Worker } from "./worker.ts";

const US_PER_S = 1e6;

/** Builds a simulation, or says what in the scenario or the inputs makes that impossible. */
export function createSimulation(
  inputs: SimulationInputs,
  options: SimulationOptions = {},
): Result<Simulation> {
  const { trace, rows } = inputs;
  if (trace === undefined && rows === undefined) return fail(NO_TRAFFIC);
  const engines = resolveEngines(inputs);
  if (!engines.ok) return engines;
  return Simulation.create(inputs, options, engines.value);
}

export class Simulation implements WorkerSink {
  readonly scenario: Scenario;
  readonly options: SimulationOptions;
  readonly table = new RequestTable();
  readonly traffic: Traffic;
  readonly outcomes: Outcomes;
  pools: readonly Pool[] = [];
  /** Of all pools, by number. */
  workers: readonly Worker[] = [];
  /** Why the run ended before all requests were done; null: it did not. */
  stopped: string | null = null;
  nowUs = NaN;
  firstArrivalUs = NaN;
  /** Events processed: arrivals, ends of passes and runs, wake-ups. */
  events = 0;
  completedCount = 0;
  rejectedCount = 0;
  cancelledCount = 0;
  /** Rejected requests by reason. */
  readonly rejected = REJECT_REASONS.map(() => 0);
  /** Requests whose output max_model_len cut short. */
  truncated = 0;
  /** What a client waits beside the engine, µs; the front door of all pools is that of the first. */
  private readonly clientPathUs: number;
  private clock!: WorkerEvents;
  /** The pool of each worker. */
  private poolOf: readonly Pool[] = [];
  desk!: RouterDesk;
  private readonly clients: Clients | undefined;
  readonly log: RequestLog | undefined;
  readonly series: SeriesLog | undefined;
  readonly slices: SliceLog | undefined;
  private nextSampleUs: number;
  private readonly horizonUs: number;
  private nextAudit: number;
  private isOver = false;
  private readonly intake: Intake;

  /** Use `createSimulation`. */
  static create(
    inputs: SimulationInputs,
    options: SimulationOptions,
    engines: readonly ResolvedEngine[],
  ): Result<Simulation> {
    const simulation = new Simulation(inputs, options, engines[0]!.clientPathUs);
    const pools = buildPools(inputs, {
      engines,
      table: simulation.table,
      gaps: simulation.outcomes.gaps,
      stepByStep: options.stepByStep === true,
      sink: simulation,
    });
    if (!pools.ok) return pools;
    simulation.pools = pools.value;
    simulation.workers = pools.value.flatMap(({ workers }) => workers);
    simulation.clock = new WorkerEvents(simulation.workers);
    simulation.poolOf = pools.value.flatMap((pool) => pool.workers.map(() => pool));
    const desk = buildDesk(inputs, pools.value, simulation.table);
    if (!desk.ok) return desk;
    simulation.desk = desk.value;
    return ok(simulation);
  }

  private constructor(
    { scenario, trace, rows }: SimulationInputs,
    options: SimulationOptions,
    clientPathUs: number,
  ) {
    const { horizon_s: horizon } = scenario.traffic;
    this.scenario = scenario;
    this.options = options;
    this.traffic = new Traffic(scenario, { trace, rows });
    this.clients = clientsOf(scenario, this.table, clientPathUs);
    this.nowUs = 0;
    this.clientPathUs = clientPathUs;
    this.intake = new Intake(this.traffic);
    this.outcomes = outcomesOf(scenario, clientPathUs);
    const records = recordsOf(options, this.traffic.total);
    this.log = records.log;
    this.series = records.series;
    this.slices = records.slices;
    this.nextSampleUs = this.series === undefined ? Infinity : 0;
    this.horizonUs = horizon === null ? Infinity : horizon * US_PER_S;
    this.nextAudit = options.auditEvery ?? Infinity;
  }

  /** Estimate of the share of the work done, 0 … 1. */
  get fraction(): number {
    if (this.isOver) return 1;
    const { total } = this.traffic;
    if (Number.isFinite(total)) return total === 0 ? 1 : this.completedCount / total;
    return Number.isFinite(this.horizonUs) ? Math.min(1, this.nowUs / this.horizonUs) : 0;
  }

  /** Processes about `maxEvents` events, whole instants at a time; false when the run is over. */
  advance(maxEvents: number): boolean {
    const until = this.events + maxEvents;
    while (!this.isOver && this.events < until) this.nextInstant();
    return !this.isOver;
  }

  /**
   * Closes the run: checks the laws and writes the report. A run that is not over is cut at the current instant.
   *
   * @param wallS time the simulation took, s
   * @param stopped why it was interrupted
   */
  finish(wallS: number, stopped?: string): SimulationResult {
    if (!this.isOver) this.end(stopped ?? "interrupted", this.nowUs);
    const report = writeReport(this, wallS);
    return { report, gaps: this.outcomes.gaps.bars(), ...recordColumns(this) };
  }

  // What the workers tell.

  firstToken(worker: number, slot: number, nowUs: number): void {
    this.desk.firstToken(worker, slot, nowUs);
  }

  completed(worker: number, slot: number, nowUs: number): void {
    const { table } = this;
    this.completedCount++;
    this.outcomes.completed(table, slot, nowUs, worker);
    this.log?.add(table, slot, worker, REQUEST_COMPLETED, nowUs);
    this.clients?.ended(slot);
    this.desk.ended(worker, slot, nowUs);
    this.traffic.ended(table.data[slot + AT_ROW]!, nowUs + this.clientPathUs);
  }

  mixedStep(step: MixedStep, startUs: number, endUs: number): void {
    this.slices?.addMixed(step, startUs, endUs);
  }

  decodeRun(worker: number, requests: number, startUs: number, endUs: number, steps: number): void {
    this.slices?.addDecode(worker, requests, startUs, endUs, steps);
  }

  /** One instant: everything that happens at the next time something does. */
  private nextInstant(): void {
    const { clock, traffic, clients } = this;
    let timeUs = Math.min(clock.timeUs, traffic.nextUs);
    if (clients !== undefined) timeUs = Math.min(timeUs, clients.nextUs);
    if (timeUs === Infinity || timeUs > this.horizonUs) {
      this.endOfEvents(timeUs);
      return;
    }
    if (this.nextSampleUs < timeUs || this.desk.nextScrapeUs < timeUs) this.observe(timeUs);
    this.nowUs = timeUs;
    this.events += clock.end(timeUs);
    if (clients !== undefined) while (clients.nextUs === timeUs) this.timeOut(clients, timeUs);
    while (traffic.nextUs === timeUs) {
      this.arrive(timeUs);
      this.events++;
    }
    clock.start(timeUs);
    if (this.events >= this.nextAudit) this.audit();
    this.checkLimits();
  }

  private arrive(nowUs: number): void {
    const { traffic, intake } = this;
    const { request } = intake;
    intake.take(nowUs);
    if (Number.isNaN(this.firstArrivalUs)) this.firstArrivalUs = nowUs;
    this.outcomes.offered(nowUs);
    let code = intake.underAny(this.pools);
    if (code >= 0) {
      this.reject(code, nowUs);
      return;
    }
    const slot = this.table.take(request);
    const worker = this.desk.route(slot, request.row, request.input, nowUs);
    if (worker === null) {
      this.turnAway(slot, this.desk.refusal, nowUs);
      return;
    }
    if (this.pools.length > 1) {
      // The worker chosen need not be of the pool that would take it.
      code = intake.under(this.poolOf[worker.id]!);
      if (code >= 0) {
        this.desk.ended(worker.id, slot, nowUs, false);
        this.turnAway(slot, code, nowUs);
        return;
      }
      this.table.place(slot, request);
    }
    if (request.output < traffic.output) this.truncated++;
    this.clients?.sent(slot, worker.id, nowUs);
    this.clock.enqueue(worker, slot, nowUs);
  }

  private turnAway(slot: number, code: number, nowUs: number): void {
    this.table.give(slot);
    this.reject(code, nowUs);
  }

  private reject(code: number, nowUs: number): void {
    const { request } = this.intake;
    this.rejected[code]!++;
    this.rejectedCount++;
    this.outcomes.ended(request.row, REQUEST_REJECTED, nowUs);
    this.log?.addUnrouted(request, REQUEST_REJECTED);
    this.traffic.ended(request.row, nowUs + this.clientPathUs);
  }

  /** A client's deadline is due: its request is cancelled unless it has what the deadline was for. */
  private timeOut(clients: Clients, nowUs: number): void {
    this.events++;
    const slot = clients.take();
    if (slot >= 0) this.cancel(this.workers[clients.workerAt(slot)]!, slot, nowUs);
  }

  /** A request that is not done is given up: for its client now, at its worker when the step in progress ends. */
  private cancel(worker: Worker, slot: number, nowUs: number): void {
    const { table } = this;
    const row = table.data[slot + AT_ROW]!;
    this.cancelledCount++;
    this.outcomes.ended(row, REQUEST_CANCELLED, nowUs);
    this.log?.add(table, slot, worker.id, REQUEST_CANCELLED, nowUs);
    this.clients?.ended(slot);
    this.desk.ended(worker.id, slot, nowUs, false);
    this.traffic.ended(row, nowUs + this.clientPathUs);
    this.clock.cancel(worker, slot, nowUs);
  }

  /** Samples and scrapes that fall before `timeUs`, in order of time; they read and change nothing. */
  private observe(timeUs: number): void {
    const { desk } = this;
    for (;;) {
      const nextUs = Math.min(this.nextSampleUs, desk.nextScrapeUs);
      if (nextUs >= timeUs) return;
      if (desk.nextScrapeUs === nextUs) desk.scrape(nextUs);
      if (this.nextSampleUs === nextUs) this.sample(nextUs);
    }
  }

  private sample(nowUs: number): void {
    const series = this.series!;
    series.sample(nowUs, this.workers, this.traffic.offered, this.completedCount);
    this.nextSampleUs = nowUs + series.intervalUs;
  }

  /** Nothing is left to happen, or nothing before the horizon. */
  private endOfEvents(timeUs: number): void {
    if (timeUs < Infinity) {
      this.observe(this.horizonUs);
      this.end("the horizon was reached", this.horizonUs);
    } else this.end(null, this.nowUs);
  }

  private end(stopped: string | null, nowUs: number): void {
    this.isOver = true;
    this.stopped = stopped;
    this.nowUs = nowUs;
    for (const worker of this.workers) worker.stop(nowUs);
    if (this.series !== undefined && this.firstArrivalUs <= nowUs) this.sample(nowUs);
    for (const worker of this.workers)
      worker.batch.forEachSlot((slot) => this.leaveUnfinished(worker, slot));
    this.audit();
  }

  private leaveUnfinished(worker: Worker, slot: number): void {
    const { table } = this;
    if (table.data[slot + AT_STATE] === SLOT_DONE || worker.batch.isLeaving(slot)) return;
    this.log?.add(table, slot, worker.id, REQUEST_UNFINISHED, NaN);
    this.outcomes.ended(table.data[slot + AT_ROW]!, REQUEST_UNFINISHED, this.nowUs);
  }

  /** Requests offered that have not ended in any way. */
  get unfinished(): number {
    let count = 0;
    for (const worker of this.workers) count += worker.unfinishedCount;
    return count;
  }

  private audit(): void {
    this.nextAudit = this.events + (this.options.auditEvery ?? Infinity);
    checkLaws(this);
  }

  private checkLimits(): void {
    const { limits } = this.scenario;
    if (this.events >= limits.events) {
      this.end(`the limit of ${limits.events} events was reached`, this.nowUs);
    } else if (this.table.inFlight > limits.in_flight) {
      this.end(`the limit of ${limits.in_flight} requests in flight was reached`, this.nowUs);
    }
  }
}
