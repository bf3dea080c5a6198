/** The desks of a cluster: where requests are given their workers. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import type { RouterFaults } from "../policies/index.ts";
import { buildDesk } from "./build-desk.ts";
import type { DeskSink } from "./desk-options.ts";
import type { Pool } from "./pool.ts";
import type { RequestTable } from "./request-table.ts";
import type { RouterDesk } from "./router-desk.ts";
import { checkPins } from "./row-pins.ts";
import type { Witness } from "./witness.ts";
import type { SloClasses } from "./slo-classes.ts";
import type { SimulationInputs } from "./simulation-inputs.ts";

export class Desks {
  /** Chooses the worker of a prompt; the same as `answers` where workers serve whole requests. */
  readonly door: RouterDesk;
  /** Chooses the worker of an answer. */
  readonly answers: RouterDesk;

  constructor(door: RouterDesk, answers: RouterDesk) {
    this.door = door;
    this.answers = answers;
  }

  /** Of the desk where requests come in, the only one where they wait: tells `sink` when their turn has come. */
  connect(sink: DeskSink): void {
    this.door.sink = sink;
  }

  /** What users' own policies have failed at, all processes together; undefined: no policy can fail. */
  get faults(): RouterFaults | undefined {
    const desks = this.door === this.answers ? [this.door] : [this.door, this.answers];
    const all = desks.flatMap(({ replicas }) =>
      replicas.flatMap(({ state }) => state.faults ?? []),
    );
    if (all.length === 0) return undefined;
    const count = all.reduce((sum, faults) => sum + faults.count, 0);
    return { count, first: all.find(({ first }) => first !== "")?.first ?? "" };
  }

  /** Bookings that router processes forgot because they were too old, each process counting its own view. */
  get forgotten(): number {
    const desks = this.door === this.answers ? [this.door] : [this.door, this.answers];
    const all = desks.flatMap(({ replicas }) => replicas.map(({ stale }) => stale?.count ?? 0));
    return all.reduce((sum, count) => sum + count, 0);
  }

  /** Lets a witness see both. */
  watch(witness: Witness): void {
    this.door.witness = witness;
    this.answers.witness = witness;
  }

  /** Metrics cannot be read until then. */
  blind(untilUs: number): void {
    this.door.blindUntilUs = untilUs;
    this.answers.blindUntilUs = untilUs;
  }

  /** What workers tell of their caches until then gets lost on its way to the routers. */
  mute(workers: readonly number[], nowUs: number, untilUs: number): void {
    for (const desk of this.door === this.answers ? [this.door] : [this.door, this.answers]) {
      for (const worker of workers) desk.watcher?.mute(worker, nowUs, untilUs);
    }
  }

  /** Time of the next scrape of either, µs. */
  get nextScrapeUs(): number {
    return Math.min(this.door.nextScrapeUs, this.answers.nextScrapeUs);
  }

  /** Scrapes that are due at `nowUs`. */
  scrape(nowUs: number): void {
    if (this.door.nextScrapeUs === nowUs) this.door.scrape(nowUs);
    if (this.answers.nextScrapeUs === nowUs) this.answers.scrape(nowUs);
  }
}

/** The desks of a scenario's pools. Errors: those of `buildDesk`; rows that ask for workers that are not there. */
export function desksOf(
  inputs: SimulationInputs,
  pools: readonly Pool[],
  table: RequestTable,
  slo: SloClasses,
): Result<Desks> {
  const misfit = checkPins(inputs.scenario, inputs.trace, pools);
  if (misfit !== undefined) return fail(misfit);
  const computing = pools.filter(({ role }) => role === "prefill");
  if (computing.length === 0) {
    const desk = buildDesk(inputs, pools, table, slo);
    return desk.ok ? ok(new Desks(desk.value, desk.value)) : desk;
  }
  const answering = pools.filter(({ role }) => role === "decode");
  const answers = buildDesk(inputs, answering, table, slo, "decode");
  if (!answers.ok) return answers;
  const door = buildDesk(inputs, computing, table, slo, "prefill");
  return door.ok ? ok(new Desks(door.value, answers.value)) : door;
}
