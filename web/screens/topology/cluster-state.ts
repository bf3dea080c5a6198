/** The cluster over the whole run, or at one moment of it: what each worker and each link shows. */

import { countText, percentText } from "../../../src/core/index.ts";
import type { Role } from "../../charts/palette.ts";
import type { Report, RunLanes } from "../../workers/protocol.ts";
import { sampleAt } from "../timeline/lane-rows.ts";

type WorkerSummary = Report["workers"][number];
type PoolSummary = Report["pools"][number];

type Fill = {
  readonly label: string;
  readonly text: (value: number) => string;
  /** Over the whole run; absent: only at a moment. */
  readonly whole?: (worker: WorkerSummary, pool: PoolSummary, report: Report) => number;
  /** At the sample that the moment lies in; absent: only over the whole run. */
  readonly at?: (workers: NonNullable<RunLanes["workers"]>, index: number) => number;
  /** Value of a full tile; the most of all workers when absent. */
  readonly full?: number;
};

export const FILLS = {
  busy: {
    label: "time with a step in progress",
    text: percentText,
    whole: ({ busyS }, _pool, { simS }) => (simS > 0 ? busyS / simS : 0),
    at: ({ busy }, index) => busy[index] ?? 0,
    full: 1,
  },
  kv: {
    label: "KV blocks in use (over the run: the peak)",
    text: percentText,
    whole: ({ kvBlocksPeak }, { engine }) => kvBlocksPeak / Math.max(1, engine.kvBlocksPerWorker),
    at: ({ kvUsed }, index) => kvUsed[index] ?? 0,
    full: 1,
  },
  running: {
    label: "requests running, at a moment",
    text: countText,
    at: ({ running }, index) => running[index] ?? 0,
  },
  queued: {
    label: "requests queued, at a moment",
    text: countText,
    at: ({ queued }, index) => queued[index] ?? 0,
  },
  completed: {
    label: "requests completed, over the run",
    text: countText,
    whole: ({ completed }) => completed,
  },
  preemptions: {
    label: "preemptions, over the run",
    text: countText,
    whole: ({ preemptions }) => preemptions,
  },
} satisfies Record<string, Fill>;
export type FillName = keyof typeof FILLS;

export type WorkerState = {
  readonly worker: number;
  readonly pool: string;
  readonly role: Role;
  readonly gpus: number;
  /** −1: the scenario places no workers. */
  readonly node: number;
  readonly value: number;
  /** Filled part of its tile, 0 … 1. */
  readonly share: number;
  readonly text: string;
  /** Down, draining or slow at the moment; empty: as it should be. */
  readonly outage: string;
};

/** Links of one place, kind and direction: the fullest stands for all. */
export type LinkState = {
  readonly name: string;
  readonly node: number;
  readonly links: number;
  readonly bytesPerS: number;
  readonly share: number;
};

export type ClusterState = {
  readonly fill: FillName;
  readonly workers: readonly WorkerState[];
  readonly links: readonly LinkState[];
  /** Sample of the moment; `null`: the whole run. */
  readonly sample: number | null;
};

const ROLE_OF: Readonly<Record<string, Role>> = { prefill: "prefill", decode: "decode" };
const DIRECTIONS: readonly string[] = ["out", "in", "up", "down", "read", "write"];
const KINDS: Readonly<Record<string, string>> = {
  nic: "NIC",
  nvlink: "NVLink",
  pcie: "PCIe",
  c2c: "C2C",
  dram: "host memory",
  nvme: "NVMe",
  leaf: "leaf uplinks",
  store: "object store",
  g2: "G2",
  g3: "G3",
  g4: "G4",
};

/** Sample whose interval holds the clock's time; `null`: the whole run. */
export function sampleOf(timeS: ArrayLike<number>, clockS: number | null): number | null {
  if (clockS === null || timeS.length === 0) return null;
  return Math.min(timeS.length - 1, sampleAt(timeS, clockS));
}

/** What can be shown, at a moment or over the whole run. */
export function fillsFor(isMoment: boolean): readonly FillName[] {
  const fills = Object.entries(FILLS) as readonly (readonly [FillName, Fill])[];
  return fills
    .filter(([, { whole, at }]) => (isMoment ? at : whole) !== undefined)
    .map(([name]) => name);
}

/** The state to draw. `sample`: that of the moment; `null`, or without lanes: the whole run. */
export function clusterState(
  report: Report,
  lanes: RunLanes | null,
  sample: number | null,
  wanted: FillName,
): ClusterState {
  const samples = sample === null ? null : (lanes?.workers ?? null);
  const fill = fillsFor(samples !== null).includes(wanted) ? wanted : "busy";
  const { text, whole, at, full }: Fill = FILLS[fill];
  const pools = report.pools.flatMap((pool) => Array.from({ length: pool.workers }, () => pool));
  // The report lists workers pool by pool; their numbers may be in another order.
  const values = report.workers.map((summary, i) =>
    samples === null
      ? (whole?.(summary, pools[i]!, report) ?? 0)
      : (at?.(samples, (sample ?? 0) * samples.count + summary.worker) ?? 0),
  );
  const top = full ?? mostOf(fill, lanes, values);
  return {
    fill,
    sample: samples === null ? null : sample,
    workers: report.workers.map(({ worker }, i) => ({
      worker,
      pool: pools[i]?.name ?? "",
      role: ROLE_OF[pools[i]?.role ?? ""] ?? "transfer",
      gpus: pools[i]?.engine.gpusPerWorker ?? 1,
      node: lanes?.nodeOfWorker[worker] ?? -1,
      value: values[i]!,
      share: values[i]! / top,
      text: text(values[i]!),
      outage: samples === null ? "" : outageAt(report, worker, lanes?.timeS[sample ?? 0] ?? 0),
    })),
    links: linkStates(lanes, samples === null ? null : sample),
  };
}

/** The most of any worker at any moment, so that tiles do not change their scale as the clock moves. */
function mostOf(fill: FillName, lanes: RunLanes | null, values: readonly number[]): number {
  const all = fill === "running" || fill === "queued" ? lanes?.workers?.[fill] : undefined;
  let most = 1;
  for (const value of all ?? values) if (value > most) most = value;
  return most;
}

function outageAt({ faults }: Report, worker: number, timeS: number): string {
  const found = (faults?.outages ?? []).filter(
    (one) =>
      one.worker === worker && one.fromS <= timeS && (one.untilS === null || timeS < one.untilS),
  );
  return found.map(({ state }) => (state === "link" ? "slow link" : state)).join(", ");
}

function linkStates(lanes: RunLanes | null, sample: number | null): readonly LinkState[] {
  const groups = new Map<string, LinkState>();
  for (const { name, kind, node, bytesPerS, use } of lanes?.links ?? []) {
    const words = linkWords(name, kind);
    const share = sample === null ? meanOf(use, lanes!.timeS) : (use[sample] ?? 0);
    const key = `${String(node)} ${words}`;
    const known = groups.get(key);
    groups.set(key, {
      name: words,
      node,
      links: (known?.links ?? 0) + 1,
      bytesPerS: Math.max(known?.bytesPerS ?? 0, bytesPerS),
      share: Math.max(known?.share ?? 0, share),
    });
  }
  return [...groups.values()].toSorted(
    (a, b) => a.node - b.node || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

/** What links of one kind and direction have in common. */
function linkWords(name: string, kind: string): string {
  const ofWorker = /worker \d+ (.+)$/.exec(name)?.[1];
  if (ofWorker !== undefined) return ofWorker;
  const last = name.slice(name.lastIndexOf(" ") + 1);
  const words = KINDS[kind] ?? kind;
  return DIRECTIONS.includes(last) ? `${words} ${last}` : words;
}

/** Mean over time: values hold over the interval before their sample. */
function meanOf(values: Float32Array, timeS: Float64Array): number {
  let sum = 0;
  for (let i = 1; i < timeS.length; i++) sum += values[i]! * (timeS[i]! - timeS[i - 1]!);
  const span = (timeS.at(-1) ?? 0) - (timeS[0] ?? 0);
  return span > 0 ? sum / span : 0;
}
