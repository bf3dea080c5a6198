/** The desks of a cluster: where requests are given their workers. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { createRouter } from "../policies/index.ts";
import type { Pool } from "./pool.ts";
import { workersByNumber } from "./pool.ts";
import { RouterDesk } from "./router-desk.ts";
import type { Scenario } from "./scenario.ts";

const US_PER_S = 1e6;

export class Desks {
  /** Chooses the worker of a prompt; the same as `answers` where workers serve whole requests. */
  readonly door: RouterDesk;
  /** Chooses the worker of an answer. */
  readonly answers: RouterDesk;

  constructor(door: RouterDesk, answers: RouterDesk) {
    this.door = door;
    this.answers = answers;
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

/** The desks of a scenario's pools. Errors: an unknown router or knob. */
export function desksOf({ router, seed }: Scenario, pools: readonly Pool[]): Result<Desks> {
  const scrapeIntervalUs = Math.round(router.metrics_interval_s * US_PER_S);
  const deskOf = (stream: string, group: readonly Pool[]): Result<RouterDesk> => {
    const policy = createRouter(router.policy, router.knobs);
    if (!policy.ok) return fail(policy.problem);
    const workers = workersByNumber(group);
    return ok(new RouterDesk({ router: policy.value, workers, seed, stream, scrapeIntervalUs }));
  };
  const answering = pools.filter(({ role }) => role !== "prefill");
  const computing = pools.filter(({ role }) => role === "prefill");
  const isSplit = computing.length > 0;
  const answers = deskOf(isSplit ? "router/decode" : "router", answering);
  if (!answers.ok) return answers;
  if (!isSplit) return ok(new Desks(answers.value, answers.value));
  const door = deskOf("router", computing);
  return door.ok ? ok(new Desks(door.value, answers.value)) : door;
}
