/** The router's desk: its policy, its book of outstanding requests, and what it last scraped from the workers. */

import { InvariantError, stream } from "../core/index.ts";
import type { Router, RouterView } from "../policies/index.ts";
import { LoadTree } from "./load-tree.ts";
import type { Worker } from "./worker.ts";

export class RouterDesk {
  /** Time of the next scrape, µs; Infinity: the policy reads no scraped signal, or always fresh ones. */
  nextScrapeUs: number;
  private readonly router: Router;
  private readonly workers: readonly Worker[];
  /** Number of the desk's first worker; the others' follow. */
  private readonly firstId: number;
  private readonly loads: LoadTree;
  private readonly random;
  private readonly view: RouterView & { decisions: number };
  private readonly request = { row: 0, inputTokens: 0 };
  private readonly scraped;
  private readonly scrapeIntervalUs: number;

  constructor(options: {
    readonly router: Router;
    readonly workers: readonly Worker[];
    readonly seed: number;
    /** Stream of random numbers; the desk of whole requests and prompts has "router". */
    readonly stream?: string;
    /** Age at which scraped signals are renewed, µs; 0: at every decision. */
    readonly scrapeIntervalUs: number;
  }) {
    this.router = options.router;
    this.workers = options.workers;
    this.firstId = options.workers[0]?.id ?? 0;
    this.scrapeIntervalUs = options.scrapeIntervalUs;
    const count = options.workers.length;
    this.loads = new LoadTree(count);
    this.random = stream(options.seed, options.stream ?? "router");
    const scrapes = options.router.scrapes === true;
    this.nextScrapeUs = scrapes && this.scrapeIntervalUs > 0 ? 0 : Infinity;
    this.scraped = {
      atUs: NaN,
      running: new Int32Array(scrapes ? count : 0),
      waiting: new Int32Array(scrapes ? count : 0),
      kvBlocksUsed: new Float64Array(scrapes ? count : 0),
    };
    this.view = {
      workers: count,
      decisions: 0,
      outstanding: this.loads.outstanding,
      leastOutstanding: () => this.loads.least(),
      scraped: this.scraped,
    };
  }

  /** Chooses the worker of a request and books it; null: it waits here until `firstToken`, `ended` or `setHealth` lets it go. */
  route(_slot: number, row: number, inputTokens: number, nowUs: number): Worker | null {
    if (this.router.scrapes === true && this.scrapeIntervalUs === 0) this.scrape(nowUs);
    this.request.row = row;
    this.request.inputTokens = inputTokens;
    const choice = this.router.decide(this.view, this.request, nowUs, this.random);
    const worker = this.workers[choice];
    if (worker === undefined)
      throw new InvariantError(`router law: decided for worker ${choice}, which is none`);
    this.view.decisions++;
    this.loads.add(choice, 1);
    return worker;
  }

  /** The first token of a request that was sent to `worker` is out. */
  firstToken(_worker: number, _slot: number, _nowUs: number): void {}

  /** A request that was sent to `worker` has ended, however. */
  ended(worker: number, _slot: number, _nowUs: number): void {
    this.loads.add(worker - this.firstId, -1);
  }

  /** What fault detection believes of a worker. */
  setHealth(_worker: number, _isUp: boolean): void {}

  /** Reads every worker's counts as of `nowUs`. */
  scrape(nowUs: number): void {
    const { scraped } = this;
    scraped.atUs = nowUs;
    for (const worker of this.workers) {
      const seat = worker.id - this.firstId;
      scraped.running[seat] = worker.batch.runningCount;
      scraped.waiting[seat] = worker.batch.queuedCount;
      scraped.kvBlocksUsed[seat] = worker.blocksUsedAt(nowUs);
    }
    if (this.scrapeIntervalUs > 0) this.nextScrapeUs = nowUs + this.scrapeIntervalUs;
  }
}
