/** Looks at the running cluster at set times: samples for the series, scrapes for the routers. Looking changes nothing. */

import type { Desks } from "./desks.ts";
import type { Endings } from "./endings.ts";
import type { SeriesLog } from "./series-log.ts";
import type { Worker } from "./worker.ts";

type ObserverParts = {
  readonly series: SeriesLog | undefined;
  readonly desks: Desks;
  readonly workers: readonly Worker[];
  readonly traffic: { readonly offered: number };
  readonly endings: Endings;
};

export class Observer {
  private readonly parts: ObserverParts;
  private nextSampleUs: number;

  constructor(parts: ObserverParts) {
    this.parts = parts;
    this.nextSampleUs = parts.series === undefined ? Infinity : 0;
  }

  /** Samples and scrapes that fall before `timeUs`, in order of time. */
  until(timeUs: number): void {
    const { desks } = this.parts;
    if (this.nextSampleUs >= timeUs && desks.nextScrapeUs >= timeUs) return;
    for (;;) {
      const nextUs = Math.min(this.nextSampleUs, desks.nextScrapeUs);
      if (nextUs >= timeUs) return;
      desks.scrape(nextUs);
      if (this.nextSampleUs === nextUs) this.sample(nextUs);
    }
  }

  /** A last sample, when the run is over. */
  sample(nowUs: number): void {
    const { series, workers, traffic, endings, desks } = this.parts;
    if (series === undefined) return;
    const atDesk = desks.door.waiting;
    series.sample(nowUs, workers, traffic.offered, endings.completed, atDesk);
    this.nextSampleUs = nowUs + series.intervalUs;
  }
}
