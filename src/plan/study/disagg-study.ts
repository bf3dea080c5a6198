/**
 * The disaggregation study: the same GPUs as mixed workers, and split into prefill and decode workers in every ratio, over networks from
 * NVLink to 25 Gb/s Ethernet. It finds the speed at which splitting starts to pay.
 *
 * It lists runs one by one, because the crossover is searched for: `next`, simulate, `add`, until there is none.
 */

import { fail, ok } from "../../core/index.ts";
import type { Problem, Result } from "../../core/index.ts";
import type { CardDeck, GpuCard, NodeCard } from "../../hardware/index.ts";
import { FABRIC_DEFAULT, hasSlo } from "../../sim/index.ts";
import type { Report, Scenario } from "../../sim/index.ts";
import { sampleOf } from "./disagg-sample.ts";
import type { DisaggSample } from "./disagg-sample.ts";
import { machineOf, networkBetween, studyNetwork } from "./disagg-networks.ts";
import type { StudyNetwork } from "./disagg-networks.ts";

/** Runs that narrow the crossover: each halves the span of speeds in which it lies (on a log scale). */
const SEARCH_RUNS = 5;
/** Splits tried of many workers (assumption: more would not change the answer). */
const RATIOS_MOST = 8;

export type DisaggCase = {
  /** Undefined: mixed workers. */
  readonly network: StudyNetwork | undefined;
  /** Prefill workers; 0: all are mixed. */
  readonly prefill: number;
  /** Whether it belongs to the search for the crossover. */
  readonly isSearch: boolean;
};

export type DisaggRun = {
  readonly scenario: Scenario;
  readonly deck: CardDeck;
};

export type Crossover =
  | { readonly kind: "always" | "never" | "unclear" }
  | {
      readonly kind: "between";
      /** Line rates for a GPU, bytes/s: the fastest that loses, the slowest that wins. */
      readonly losesAt: number;
      readonly winsAt: number;
    };

export type DisaggStudyResult = {
  readonly schema: "headworks.study.disagg.v1";
  readonly workers: number;
  readonly gpusPerWorker: number;
  readonly mixed: DisaggSample;
  /** Every split on every network, then the runs of the search. */
  readonly splits: readonly DisaggSample[];
  /** The best split of each network, fastest network first. */
  readonly best: readonly DisaggSample[];
  readonly crossover: Crossover;
  /** Networks that could not be tried, and why. */
  readonly notes: readonly string[];
};

/** What the study cannot work with. */
function faultOf(scenario: Scenario): Problem | undefined {
  const { cluster, engine } = scenario;
  if (!hasSlo(scenario)) {
    return {
      what: "there is no SLO, so no goodput to compare",
      where: "slo",
      expected: "slo.ttft_s, slo.tpot_s or slo.e2e_s",
      remedy: "add --set slo.ttft_s=2 --set slo.tpot_s=0.05",
    };
  }
  if (cluster.pools.length > 0) {
    return {
      what: "the study makes the pools itself",
      where: "cluster.pools",
      expected: "cluster.workers and cluster.parallelism",
      remedy: "remove cluster.pools",
    };
  }
  if (cluster.workers < 2) {
    return {
      what: "one worker cannot be split into prefill and decode",
      where: "cluster.workers",
      expected: "at least 2 workers",
      remedy: "add --workers 4",
    };
  }
  if (engine.scheduler !== "static") return undefined;
  return {
    what: "static batching cannot hand requests over",
    where: "engine.scheduler",
    expected: "vllm, sglang or tensorrt_llm",
  };
}

/** Numbers of prefill workers among `workers`: all, or as many as are tried, evenly. */
function ratios(workers: number): number[] {
  const count = Math.min(RATIOS_MOST, workers - 1);
  const numbers = Array.from({ length: count }, (_, i) =>
    Math.round(((i + 1) * workers) / (count + 1)),
  );
  return [...new Set(numbers)];
}

/** Goodput within this of mixed workers' is the same: less than another seed changes (assumption). */
export const SAME_SHARE = 0.01;

/** Whether a split has more goodput than mixed workers (1), less (−1), or about the same (0). */
export function verdictOn(sample: DisaggSample, mixed: DisaggSample): -1 | 0 | 1 {
  const margin = SAME_SHARE * mixed.goodputPerS;
  if (sample.goodputPerS > mixed.goodputPerS + margin) return 1;
  return sample.goodputPerS < mixed.goodputPerS - margin ? -1 : 0;
}

/** Better: more goodput; of equals, the one with the shorter tail. */
function better(a: DisaggSample, b: DisaggSample): DisaggSample {
  if (a.goodputPerS !== b.goodputPerS) return a.goodputPerS > b.goodputPerS ? a : b;
  return (b.e2eMsP99 ?? Infinity) < (a.e2eMsP99 ?? Infinity) ? b : a;
}

export class DisaggStudy {
  readonly workers: number;
  readonly gpusPerWorker: number;
  private readonly scenario: Scenario;
  private readonly deck: CardDeck;
  private readonly machine: { readonly gpu: GpuCard; readonly node: NodeCard };
  private readonly networks: readonly StudyNetwork[];
  private readonly notes: readonly string[];
  private readonly waiting: DisaggCase[] = [];
  private current: DisaggCase | undefined;
  private mixed: DisaggSample | undefined;
  private readonly splits: DisaggSample[] = [];
  private searched = 0;

  /**
   * Plans the study. Errors: no model or GPU, no SLO, fewer than two workers, pools of its own, an unknown network. A network that cannot be
   * built for these workers is left out with a note.
   */
  static create(scenario: Scenario, deck: CardDeck, names: readonly string[]): Result<DisaggStudy> {
    const machine = machineOf(scenario, deck);
    if (!machine.ok) return machine;
    const fault = faultOf(scenario);
    if (fault !== undefined) return fail(fault);
    const { workers, gpus_per_worker: given, parallelism } = scenario.cluster;
    const { tensor, pipeline, data } = parallelism;
    const gpusPerWorker = given ?? tensor * pipeline * data;
    const networks: StudyNetwork[] = [];
    const notes: string[] = [];
    for (const name of names) {
      const network = studyNetwork(name, deck, machine.value, workers * gpusPerWorker);
      if (network.ok) networks.push(network.value);
      else if (network.problem.where === "--networks") return network;
      else notes.push(`${name} was left out: ${network.problem.what}`);
    }
    networks.sort((a, b) => b.bytesPerS - a.bytesPerS);
    return ok(new DisaggStudy(scenario, deck, machine.value, networks, notes, gpusPerWorker));
  }

  private constructor(
    scenario: Scenario,
    deck: CardDeck,
    machine: { readonly gpu: GpuCard; readonly node: NodeCard },
    networks: readonly StudyNetwork[],
    notes: readonly string[],
    gpusPerWorker: number,
  ) {
    this.scenario = scenario;
    this.deck = deck;
    this.machine = machine;
    this.networks = networks;
    this.notes = notes;
    this.workers = scenario.cluster.workers;
    this.gpusPerWorker = gpusPerWorker;
    this.waiting.push({ network: undefined, prefill: 0, isSearch: false });
    for (const network of networks) {
      for (const prefill of ratios(this.workers)) {
        this.waiting.push({ network, prefill, isSearch: false });
      }
    }
  }

  /** Runs that are sure to come; the search for a crossover may add some. */
  get planned(): number {
    const open = this.waiting.length + (this.current === undefined ? 0 : 1);
    return open + this.splits.length + (this.mixed === undefined ? 0 : 1);
  }

  /** The next run, until there is none; `add` its report before asking again. */
  next(): DisaggRun | undefined {
    this.current = this.waiting.shift() ?? this.searchCase();
    return this.current && this.runOf(this.current);
  }

  /** Takes the report of the run that `next` gave last. */
  add(report: Report): void {
    const { network, prefill, isSearch } = this.current!;
    this.current = undefined;
    const sample = sampleOf(report, {
      network: network?.name ?? null,
      bytesPerS: network?.bytesPerS ?? null,
      prefill,
      decode: prefill === 0 ? 0 : this.workers - prefill,
      isSearch,
    });
    if (network === undefined) this.mixed = sample;
    else this.splits.push(sample);
  }

  /** What is known; undefined before the mixed run is in. */
  result(): DisaggStudyResult | undefined {
    const { mixed, workers, gpusPerWorker, splits, notes } = this;
    if (mixed === undefined) return undefined;
    const best = this.networks.flatMap(({ name }) => this.bestOf(name) ?? []);
    return {
      schema: "headworks.study.disagg.v1",
      workers,
      gpusPerWorker,
      mixed,
      splits,
      best,
      crossover: this.crossover(),
      notes,
    };
  }

  private bestOf(name: string): DisaggSample | undefined {
    const own = this.splits.filter((sample) => sample.network === name);
    return own.length === 0 ? undefined : own.reduce(better);
  }

  private crossover(): Crossover {
    const { mixed } = this;
    const known = [
      ...this.networks.flatMap(({ name }) => this.bestOf(name) ?? []),
      ...this.splits.filter(({ isSearch }) => isSearch),
    ].toSorted((a, b) => b.bytesPerS! - a.bytesPerS!);
    if (mixed === undefined || known.length === 0) return { kind: "unclear" };
    const wins = known.map((sample) => verdictOn(sample, mixed) > 0);
    const lastWin = wins.lastIndexOf(true);
    if (lastWin < 0) return { kind: "never" };
    if (lastWin === wins.length - 1)
      return wins.includes(false) ? { kind: "unclear" } : { kind: "always" };
    return {
      kind: "between",
      losesAt: known[lastWin + 1]!.bytesPerS!,
      winsAt: known[lastWin]!.bytesPerS!,
    };
  }

  /** The next speed between the slowest that wins and the fastest that loses, with the winner's split. */
  private searchCase(): DisaggCase | undefined {
    const crossover = this.crossover();
    if (crossover.kind !== "between" || this.searched >= SEARCH_RUNS) return undefined;
    this.searched++;
    const { losesAt, winsAt } = crossover;
    const winner = this.splits.filter(({ bytesPerS }) => bytesPerS === winsAt).reduce(better);
    const bytesPerS = Math.sqrt(losesAt * winsAt);
    const network = networkBetween(bytesPerS, this.deck, this.machine);
    return { network, prefill: winner.prefill, isSearch: true };
  }

  private runOf({ network, prefill }: DisaggCase): DisaggRun {
    const { scenario, deck, workers } = this;
    if (network === undefined) return { scenario, deck };
    const { placement, link } = network;
    const fabric = {
      ...(scenario.cluster.fabric ?? FABRIC_DEFAULT),
      placement,
      network: link?.id ?? null,
      nodes: null,
    };
    const pool = { gpu: null, parallelism: {}, gpus_per_worker: null, engine: {}, labels: [] };
    const pools = [
      { ...pool, name: "prefill", role: "prefill" as const, workers: prefill },
      { ...pool, name: "decode", role: "decode" as const, workers: workers - prefill },
    ];
    const links = link === null ? deck.links : [link, ...deck.links];
    return {
      scenario: { ...scenario, cluster: { ...scenario.cluster, pools, fabric } },
      deck: { ...deck, links },
    };
  }
}
