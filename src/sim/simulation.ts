/**
 * The simulation: one event loop over all workers.
 *
 * One total order: time, then kind, then the number of the source. At one instant: forward passes end, requests arrive (those
 * that a completion released included), workers that have something to do start their next pass. So an arrival on a step
 * boundary is in the next step, and no order depends on how many events came before.
 */

import { fail, ok, type Result } from "../core/index.ts";
import { withAdapterPrefixes } from "./adapters.ts";
import { buildPools } from "./build-pools.ts";
import { clientsOf, type Clients } from "./clients.ts";
import { desksOf, type Desks } from "./desks.ts";
import { gateOf, type Gate } from "./gate.ts";
import { handoffsOf, type Handoffs, type HandoffSink } from "./disagg/index.ts";
import { encodersOf, type Encoders } from "./encoders/index.ts";
import { Endings } from "./endings.ts";
import { Entrance } from "./entrance.ts";
import type { MixedStep, WorkerSink } from "./engine.ts";
import { faultsOf, type Faults } from "./faults/index.ts";
import { Intake } from "./intake.ts";
import { checkLaws } from "./laws.ts";
import { workersByNumber, type Pool } from "./pool.ts";
import { Outcomes, type SliceLog } from "./recorder.ts";
import { writeReport } from "./report-writer.ts";
import { REQUEST_CANCELLED, REQUEST_FAILED, REQUEST_REJECTED } from "./report.ts";
import type { SimulationResult } from "./report.ts";
import { RequestTable } from "./request-table.ts";
import type { RequestLog } from "./request-log.ts";
import { recordColumns, recordsOf } from "./run-records.ts";
import { resolveCluster, type Cluster } from "./resolve-cluster.ts";
import type { Scenario } from "./scenario.ts";
import type { SeriesLog } from "./series-log.ts";
import { trafficProblem } from "./simulation-inputs.ts";
import type { SimulationInputs, SimulationOptions } from "./simulation-inputs.ts";
import { withSpreadTicks } from "./spread-ticks.ts";
import { Observer } from "./observer.ts";
import { Retries } from "./retries.ts";
import { taskLogOf } from "./task-log.ts";
import { Traffic } from "./traffic.ts";
import type { Witness } from "./witness.ts";
import { leaveUnfinished, unfinishedOf } from "./unfinished.ts";
import { WorkerEvents } from "./worker-events.ts";
import type { Worker } from "./worker.ts";

const US_PER_S = 1e6;

/** Builds a simulation, or says what in the scenario or the inputs makes that impossible. */
export function createSimulation(
  inputs: SimulationInputs,
  options: SimulationOptions = {},
): Result<Simulation> {
  const problem = trafficProblem(inputs);
  if (problem !== undefined) return fail(problem);
  const salted = withAdapterPrefixes(withSpreadTicks(inputs));
  if (!salted.ok) return salted;
  const cluster = resolveCluster(salted.value);
  return cluster.ok ? Simulation.create(salted.value, options, cluster.value) : cluster;
}

export class Simulation implements WorkerSink, HandoffSink {
  readonly scenario: Scenario;
  readonly options: SimulationOptions;
  readonly table = new RequestTable();
  readonly traffic: Traffic;
  readonly outcomes: Outcomes;
  pools: readonly Pool[] = [];
  net: Cluster["net"];
  /** Of all pools, by number. */
  workers: readonly Worker[] = [];
  /** Why the run ended before all requests were done; null: it did not. */
  stopped: string | null = null;
  nowUs = 0;
  firstArrivalUs = NaN;
  /** Events processed: arrivals, ends of passes and runs, wake-ups. */
  events = 0;
  readonly endings: Endings;
  entrance!: Entrance;
  private clock!: WorkerEvents;
  /** The pool of each worker. */
  private readonly poolOf: Pool[] = [];
  desks!: Desks;
  handoffs: Handoffs | undefined;
  encoders: Encoders | undefined;
  faults: Faults | undefined;
  readonly clients: Clients | undefined;
  gate: Gate | undefined;
  readonly retries: Retries | undefined;
  readonly log: RequestLog | undefined;
  readonly series: SeriesLog | undefined;
  readonly slices: SliceLog | undefined;
  readonly witness: Witness | undefined;
  private observer!: Observer;
  private readonly horizonUs: number;
  private nextAudit: number;
  private isOver = false;
  readonly intake: Intake;

  static create(
    inputs: SimulationInputs,
    options: SimulationOptions,
    { engines, net, encoders }: Cluster,
  ): Result<Simulation> {
    const simulation = new Simulation(inputs, options, engines[0]!.clientPathUs);
    const pools = buildPools(inputs, {
      net,
      engines,
      table: simulation.table,
      gaps: simulation.outcomes.gaps,
      stepByStep: options.stepByStep === true,
      sink: simulation,
    });
    if (!pools.ok) return pools;
    simulation.net = net;
    const { slo } = simulation.outcomes;
    const desks = desksOf(inputs, pools.value, simulation.table, slo);
    if (!desks.ok) return desks;
    const gate = gateOf(inputs.scenario, pools.value, simulation.table, inputs.trace, slo);
    if (!gate.ok) return gate;
    simulation.gate = gate.value;
    simulation.connect(pools.value, desks.value, encoders);
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
    if (scenario.clients.retry.max > 0) this.retries = new Retries(scenario, this.table);
    this.intake = new Intake(this.traffic);
    this.outcomes = new Outcomes(scenario, trace, clientPathUs);
    const records = recordsOf(options, this.traffic.total);
    this.log = records.log;
    this.series = records.series;
    this.slices = records.slices;
    this.witness = records.witness;
    this.endings = new Endings(this, taskLogOf(trace), clientPathUs);
    this.horizonUs = horizon === null ? Infinity : horizon * US_PER_S;
    this.nextAudit = options.auditEvery ?? Infinity;
  }

  private connect(pools: readonly Pool[], desks: Desks, site: Cluster["encoders"]): void {
    this.pools = pools;
    this.workers = workersByNumber(pools);
    for (const pool of pools) for (const { id } of pool.workers) this.poolOf[id] = pool;
    this.clock = new WorkerEvents(this.workers, pools);
    this.desks = desks;
    if (this.witness !== undefined) desks.watch(this.witness);
    const { table, workers, clock, series, traffic, endings } = this;
    this.observer = new Observer({ series, desks, workers, traffic, endings });
    const { poolOf, intake, clients } = this;
    const ends = { prefillDesk: desks.door, decodeDesk: desks.answers, sink: this };
    const parts = { table, workers, clock, poolOf, intake, pools, ...ends };
    this.handoffs = handoffsOf(this.scenario, pools, parts, this.net);
    this.encoders = encodersOf(this.scenario, { ...parts, site, net: this.net }, (slot, nowUs) => {
      this.entrance.encoded(slot, nowUs);
    });
    const over = this.close.bind(this);
    const leave = (slot: number): void => this.gate?.ended(slot);
    const around = { desks, handoffs: this.handoffs, clients, over, net: this.net };
    const hold = (slot: number): void => this.entrance.hold(slot);
    this.faults = faultsOf(this.scenario, pools, { ...parts, ...around, hold });
    const { gate, retries, faults, encoders } = this;
    const door = { endings, leave, gate, retries, faults, encoders };
    this.entrance = new Entrance({ ...parts, ...around, ...door });
    desks.connect(this.handoffs ?? this.entrance);
    series?.watch(this);
  }

  /** Estimate of the share of the work done, 0 … 1. */
  get fraction(): number {
    if (this.isOver) return 1;
    const { total } = this.traffic;
    if (Number.isFinite(total)) return total === 0 ? 1 : this.endings.completed / total;
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
    const records = recordColumns(this, this.traffic.sessions, this.outcomes.slo);
    const report = writeReport(this, wallS, records.requests);
    return { report, gaps: this.outcomes.gaps.bars(), ...records };
  }

  // What the workers tell.

  firstToken(worker: number, slot: number, nowUs: number): void {
    this.gate?.firstToken(slot);
    this.desks.answers.firstToken(worker, slot, nowUs);
  }

  completed(worker: number, slot: number, nowUs: number): void {
    this.desks.answers.ended(worker, slot, nowUs);
    this.completedAtSource(worker, slot, nowUs);
  }

  completedAtSource(worker: number, slot: number, nowUs: number): void {
    this.gate?.ended(slot);
    this.endings.complete(worker, slot, nowUs);
  }

  prefillEnds(_worker: number, slot: number, nowUs: number, endUs: number): void {
    this.handoffs!.prefillEnds(slot, nowUs, endUs);
  }

  prefilled(worker: number, slot: number, nowUs: number): void {
    this.handoffs!.prefilled(worker, slot, nowUs);
  }

  reserved(_worker: number, slot: number, missing: number, nowUs: number): void {
    this.handoffs!.reserved(slot, missing, nowUs);
  }

  handoffOver(worker: number, slot: number, code: number, nowUs: number): void {
    if (code >= 0) this.endings.refusals[code]!++;
    this.drop(worker, slot, code < 0 ? REQUEST_FAILED : REQUEST_REJECTED, nowUs, code);
  }

  mixedStep(step: MixedStep, startUs: number, endUs: number): void {
    this.slices?.addMixed(step, startUs, endUs);
  }

  decodeRun(
    worker: number,
    requests: number,
    startUs: number,
    endUs: number,
    steps: number,
    goesOn: boolean,
  ): void {
    if (goesOn && this.slices?.extend(worker, startUs, endUs, steps) === true) return;
    this.slices?.addDecode(worker, requests, startUs, endUs, steps);
  }

  /** One instant: everything that happens at the next time something does. */
  private nextInstant(): void {
    const { clock, traffic, clients, handoffs, net, retries, faults, desks, encoders } = this;
    let timeUs = Math.min(clock.timeUs, traffic.nextUs);
    if (handoffs !== undefined) timeUs = Math.min(timeUs, handoffs.nextUs);
    if (clients !== undefined) timeUs = Math.min(timeUs, clients.nextUs);
    if (retries !== undefined) timeUs = Math.min(timeUs, retries.nextUs);
    if (encoders !== undefined) timeUs = encoders.nextBefore(timeUs, this);
    if (faults !== undefined) timeUs = faults.nextBefore(timeUs, this);
    // What moves in the background moves on while anything else goes on.
    timeUs = clock.nextUs(timeUs);
    timeUs = Math.min(timeUs, desks.door.nextUs);
    if (net !== undefined) timeUs = net.nextBefore(timeUs);
    if (timeUs === Infinity || timeUs > this.horizonUs) {
      this.endOfEvents(timeUs);
      return;
    }
    this.observer.until(timeUs);
    this.nowUs = timeUs;
    // What ends waits at its port until it is that part's turn.
    if (net !== undefined && net.nextUs === timeUs) net.deliver(timeUs);
    this.events += clock.end(timeUs);
    if (handoffs !== undefined) this.events += handoffs.advance(timeUs);
    if (encoders !== undefined) this.events += encoders.advance(timeUs);
    if (faults !== undefined) this.events += faults.advance(timeUs);
    if (clients !== undefined) while (clients.nextUs === timeUs) this.timeOut(clients, timeUs);
    // Before those who come now: they may not overtake who waits.
    this.events += desks.door.drain(timeUs);
    if (retries !== undefined) while (retries.nextUs === timeUs) this.arriveAgain(retries, timeUs);
    while (traffic.nextUs === timeUs) {
      this.arrive(timeUs);
      this.events++;
    }
    encoders?.start(timeUs);
    clock.start(timeUs);
    faults?.settle(timeUs);
    if (this.events >= this.nextAudit) this.audit();
    this.checkLimits();
  }

  private arrive(nowUs: number): void {
    this.intake.take(nowUs);
    if (Number.isNaN(this.firstArrivalUs)) this.firstArrivalUs = nowUs;
    this.endings.offered(this.intake.request, nowUs);
    this.entrance.enter(nowUs);
  }

  private arriveAgain(retries: Retries, nowUs: number): void {
    this.events++;
    this.intake.takeAgain(retries.take());
    this.entrance.enter(nowUs);
  }

  /** A client's deadline is due: its request is cancelled unless it has what the deadline was for. */
  private timeOut(clients: Clients, nowUs: number): void {
    this.events++;
    const slot = clients.take();
    if (slot < 0) return;
    const worker = this.handoffs?.targetOf(slot) ?? clients.workerAt(slot);
    this.drop(worker, slot, REQUEST_CANCELLED, nowUs);
  }

  /** A request that is not done is over: for its client now, at its worker when the step in progress ends. */
  private drop(worker: number, slot: number, status: number, nowUs: number, code = -1): void {
    this.close(worker, slot, status, nowUs, code);
    if (this.entrance.cancel(slot)) return;
    if (this.faults?.cancel(slot, nowUs) === true) return;
    if (this.handoffs?.cancel(slot, nowUs) === true) return;
    this.desks.answers.ended(worker, slot, nowUs, false);
    this.clock.cancel(this.workers[worker]!, slot, nowUs);
  }

  /** The same for its client alone, who may send it again. */
  private close(worker: number, slot: number, status: number, nowUs: number, code = -1): void {
    this.gate?.ended(slot);
    if (this.retries?.acceptAt(slot, status, code, nowUs) === true) this.clients?.ended(slot);
    else this.endings.drop(worker, slot, status, nowUs, code);
  }

  /** Nothing is left to happen, or nothing before the horizon. */
  private endOfEvents(timeUs: number): void {
    if (timeUs < Infinity) {
      this.observer.until(this.horizonUs);
      this.end("the horizon was reached", this.horizonUs);
    } else this.end(null, this.nowUs);
  }

  private end(stopped: string | null, nowUs: number): void {
    this.isOver = true;
    this.stopped = stopped;
    this.nowUs = nowUs;
    this.clock.stop(nowUs);
    this.faults?.close(nowUs);
    this.encoders?.stop(nowUs);
    if (this.firstArrivalUs <= nowUs) this.observer.sample(nowUs);
    leaveUnfinished(this, nowUs);
    this.audit();
  }

  /** Requests offered that have not ended in any way. */
  get unfinished(): number {
    return unfinishedOf(this);
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
