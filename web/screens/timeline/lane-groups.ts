/** Which lanes a run has, and what each of their rows shows. */

import { countText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import type { ThemeColours } from "../../charts/palette.ts";
import type { Table } from "../../charts/scene.ts";
import type { OverTime, Report, RunLanes } from "../../workers/protocol.ts";
import { packedColour } from "./paint.ts";
import { sampleAt } from "./lane-rows.ts";
import type { LaneRow, LaneSpan } from "./lane-rows.ts";

export type LaneGroup = {
  readonly id: string;
  /** A question, as every chart's title. */
  readonly title: string;
  readonly rows: readonly LaneRow[];
  /** The same as numbers. */
  readonly table: Table;
};

export type LaneSources = {
  readonly series: OverTime;
  readonly lanes: RunLanes;
  readonly report: Report;
};

const AREA_HEIGHT = 38;
const LINK_HEIGHT = 24;
const SPAN_HEIGHT = 16;
/** Rows of links, and of workers that something happened to: the table has all (assumption: what a screen shows). */
const LINKS_DRAWN = 16;
const WORKERS_DRAWN = 16;
/** Least share of missed goals, and least use of a link, at the full height (assumptions). */
const MISSED_SCALE_LEAST = 0.1;
const LINK_SCALE_LEAST = 0.02;
const US_PER_S = 1e6;
const GB = 1e9;

type Values = ArrayLike<number>;

/** The groups that the run has anything for. */
export function laneGroups(sources: LaneSources, theme: ThemeColours): readonly LaneGroup[] {
  return [
    loadGroup(sources, theme),
    memoryGroup(sources, theme),
    linksGroup(sources, theme),
    flowsGroup(sources, theme),
    replicaGroup(sources, theme),
  ].filter(({ rows }) => rows.length > 0);
}

function most(columns: readonly Values[], least: number): number {
  let top = least;
  for (const column of columns) {
    for (let i = 0; i < column.length; i++) if (column[i]! > top) top = column[i]!;
  }
  return top;
}

/** Words for the value under a time. */
function reading(timeS: Float64Array, values: Values, text: (value: number) => string) {
  return (us: number): string => {
    const i = Math.min(timeS.length - 1, sampleAt(timeS, us / US_PER_S));
    return `${text(values[i] ?? NaN)} at ${textOf(us / US_PER_S, "s")}`;
  };
}

type Layer = { readonly name: string; readonly values: Values; readonly colour: string };
type AreaOptions = {
  readonly text: (value: number) => string;
  /** Value at the full height; the most of all layers when absent. */
  readonly top?: number;
  readonly height?: number;
};

/** Layers over each other, the first at the back. */
function area(
  name: string,
  timeS: Float64Array,
  layers: readonly Layer[],
  { text, top, height = AREA_HEIGHT }: AreaOptions,
): LaneRow {
  const full =
    top ??
    most(
      layers.map(({ values }) => values),
      1e-9,
    );
  const readings = layers.map((layer) => ({
    ...layer,
    words: reading(timeS, layer.values, text),
  }));
  return {
    kind: "area",
    name,
    height,
    top: full,
    scale: text(full),
    courses: layers.map(({ values, colour }) => ({ values, colour: packedColour(colour) })),
    words: (us) =>
      readings
        .map((one) => `${layers.length > 1 ? `${one.name} ` : ""}${one.words(us)}`)
        .join(", "),
  };
}

const count = (value: number): string => textOf(value, "count");
const rate = (value: number): string => textOf(value, "perS");
const gbPerS = (value: number): string => `${textOf(value / GB, "count")} GB/s`;

function tableOf(
  timeS: Float64Array,
  columns: readonly (readonly [name: string, values: Values])[],
): Table {
  return {
    columns: ["time s", ...columns.map(([name]) => name)],
    rows: Array.from(timeS, (s, i) => [s, ...columns.map(([, values]) => values[i] ?? null)]),
  };
}

function loadGroup({ series }: LaneSources, theme: ThemeColours): LaneGroup {
  const { timeS, arrivalsPerS, completionsPerS, queued, running, attainment } = series;
  const missed = attainment.map((within) => 1 - within);
  const hasGoals = missed.some((share) => !Number.isNaN(share));
  const inside = Float64Array.from(running, (one, i) => one + queued[i]!);
  const rows = [
    area("arrivals", timeS, [{ name: "arrivals", values: arrivalsPerS, colour: theme.policy }], {
      text: rate,
    }),
    area(
      "in the system",
      timeS,
      [
        { name: "running and queued", values: inside, colour: theme.queue },
        { name: "running", values: running, colour: theme.decode },
      ],
      { text: count },
    ),
    ...(hasGoals
      ? [
          area("missed goals", timeS, [{ name: "", values: missed, colour: theme.bad }], {
            text: percentText,
            top: most([missed], MISSED_SCALE_LEAST),
          }),
        ]
      : []),
  ];
  return {
    id: "load",
    title: "What comes in, and what waits?",
    rows,
    table: tableOf(timeS, [
      ["arrivals/s", arrivalsPerS],
      ["completions/s", completionsPerS],
      ["queued", queued],
      ["running", running],
      ["within goals", attainment],
    ]),
  };
}

function memoryGroup({ series, lanes }: LaneSources, theme: ThemeColours): LaneGroup {
  const { timeS, kvUsed, kvCached } = series;
  const both = Float64Array.from(kvUsed, (used, i) => used + kvCached[i]!);
  const rows = [
    area(
      "GPU memory",
      timeS,
      [
        { name: "kept", values: both, colour: theme.transfer },
        { name: "in use", values: kvUsed, colour: theme.prefill },
      ],
      { text: percentText, top: 1 },
    ),
    ...lanes.tiers.map(({ level, used }) =>
      area(
        level.toUpperCase(),
        lanes.timeS,
        [{ name: level, values: used, colour: theme.transfer }],
        { text: percentText, top: 1 },
      ),
    ),
  ];
  return {
    id: "memory",
    title: "How full is each KV tier?",
    rows,
    table: tableOf(timeS, [
      ["GPU memory in use", kvUsed],
      ["GPU memory kept for reuse", kvCached],
      ...lanes.tiers.map(({ level, used }) => [level.toUpperCase(), used] as const),
    ]),
  };
}

function linksGroup({ lanes: { timeS, links } }: LaneSources, theme: ThemeColours): LaneGroup {
  const drawn = links.slice(0, LINKS_DRAWN);
  // One scale for all, or nothing could be compared; the least keeps noise from looking like load.
  const top = Math.min(
    1,
    most(
      drawn.map(({ use }) => use),
      LINK_SCALE_LEAST,
    ),
  );
  const which = links.length > drawn.length ? `, the ${countText(drawn.length)} fullest` : "";
  return {
    id: "links",
    title: `How full are the links${which}? Full height is ${percentText(top)}`,
    rows: drawn.map(({ name, use }) =>
      area(name, timeS, [{ name, values: use, colour: theme.transfer }], {
        text: percentText,
        top,
        height: LINK_HEIGHT,
      }),
    ),
    table: tableOf(
      timeS,
      links.map(({ name, use }) => [`${name} use`, use] as const),
    ),
  };
}

/** Bytes on their way, by why they move. */
function flowsGroup({ lanes }: LaneSources, theme: ThemeColours): LaneGroup {
  const { timeS, handoffs, tiers, peerBytesPerS } = lanes;
  const flows: (readonly [name: string, values: Float64Array])[] = [];
  if (handoffs !== null) flows.push(["prefill to decode", handoffs.bytesPerS]);
  for (const { level, inBytesPerS, outBytesPerS } of tiers) {
    flows.push([`into ${level.toUpperCase()}`, inBytesPerS]);
    flows.push([`out of ${level.toUpperCase()}`, outBytesPerS]);
  }
  if (peerBytesPerS !== null) flows.push(["from peers", peerBytesPerS]);
  return {
    id: "flows",
    title: "Which keys and values move?",
    rows: flows.map(([name, values]) =>
      area(name, timeS, [{ name, values, colour: theme.transfer }], { text: gbPerS }),
    ),
    table: tableOf(
      timeS,
      flows.map(([name, values]) => [`${name} B/s`, values] as const),
    ),
  };
}

function replicaGroup({ lanes, report }: LaneSources, theme: ThemeColours): LaneGroup {
  const { timeS, workersUp } = lanes;
  const { faults } = report;
  if (workersUp === null || faults === null) {
    return { id: "replicas", title: "", rows: [], table: { columns: [], rows: [] } };
  }
  const all = report.workers.length;
  const byWorker = new Map<number, LaneSpan[]>();
  for (const outage of faults.outages) {
    const spans = byWorker.get(outage.worker) ?? [];
    spans.push(spanOf(outage, timeS.at(-1) ?? 0, theme));
    byWorker.set(outage.worker, spans);
  }
  const touched = [...byWorker].toSorted(([a], [b]) => a - b).slice(0, WORKERS_DRAWN);
  return {
    id: "replicas",
    title: "Which workers are up?",
    rows: [
      area("workers up", timeS, [{ name: "up", values: workersUp, colour: theme.decode }], {
        text: (value) => `${countText(value)} of ${countText(all)}`,
        top: all,
      }),
      ...touched.map(([worker, spans]): LaneRow => ({
        kind: "spans",
        name: `worker ${String(worker)}`,
        height: SPAN_HEIGHT,
        spans,
        words: (us) => {
          const found = spans.filter(({ fromUs, toUs }) => us >= fromUs && us <= toUs);
          return found.length === 0 ? "as it should be" : found.map((one) => one.words).join(", ");
        },
      })),
    ],
    table: {
      columns: ["worker", "state", "from s", "until s"],
      rows: faults.outages.map(({ worker, state, fromS, untilS }) => [
        worker,
        STATE_WORDS[state] ?? state,
        fromS,
        untilS,
      ]),
    },
  };
}

/** What the states of an outage mean. */
export const STATE_WORDS: Readonly<Record<string, string>> = {
  down: "down",
  draining: "draining",
  slow: "slow",
  link: "behind a slow link",
};

function spanOf(
  { state, fromS, untilS }: NonNullable<Report["faults"]>["outages"][number],
  endS: number,
  theme: ThemeColours,
): LaneSpan {
  const until = untilS ?? endS;
  const colour = state === "down" ? theme.bad : state === "draining" ? theme.policy : theme.queue;
  return {
    fromUs: fromS * US_PER_S,
    toUs: until * US_PER_S,
    colour: packedColour(colour),
    hatched: state !== "down",
    words: `${STATE_WORDS[state] ?? state} from ${textOf(fromS, "s")} to ${untilS === null ? "the end" : textOf(until, "s")}`,
  };
}
