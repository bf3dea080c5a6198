/** Statistics of a trace as a page of text. */

import type { TraceStatistics } from "../trace/index.ts";
import { countText, msText, numberText, percentText, secondsText } from "./numbers.ts";
import { styleFor } from "./style.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

export function inspectionText(statistics: TraceStatistics, colour: boolean): string {
  const style = styleFor(colour);
  const { name, format, rows, arrivals } = statistics;
  const span = arrivals.spanS === null ? "" : ` over ${secondsText(arrivals.spanS)}`;
  const sections = [
    [style.bold(`${name}: ${countText(rows)} requests${span} (${format})`)],
    arrivalLines(statistics, style),
    lengthLines(statistics, style),
    prefixLines(statistics, style),
    sessionLines(statistics, style),
    qualityLines(statistics, style),
  ];
  return `\n${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

type Row = readonly [name: string, text: string];

function facts(rows: readonly Row[], style: Style): string[] {
  return textTable(
    rows.map(([name, text]) => [style.accent(name), text]),
    { align: ["left", "left"], indent: 2 },
  );
}

function arrivalLines({ arrivals }: TraceStatistics, style: Style): string[] {
  const windows = (
    values: readonly { readonly windowS: number; readonly value: number | null }[],
  ): string =>
    values.map((one) => `${numberText(one.value)} (${secondsText(one.windowS)})`).join(", ");
  const rows: Row[] = [
    ["mean rate", `${numberText(arrivals.meanPerS)} requests/s`],
    ["peak rate", `${windows(arrivals.peakPerS)} requests/s by window`],
    ["dispersion", `${windows(arrivals.indexOfDispersion)}; 1 is Poisson`],
    [
      "gaps",
      `mean ${numberText(arrivals.gapMeanS)} s, variation ${numberText(arrivals.gapCv)}, ` +
        `ties ${percentText(arrivals.tieShare)}, longest ${numberText(arrivals.longestGapS)} s`,
    ],
  ];
  if (arrivals.tickUs > 0) rows.push(["clock tick", msText(arrivals.tickUs / 1000)]);
  return facts(rows, style);
}

function lengthLines(
  { input, output, inputOutputSpearman }: TraceStatistics,
  style: Style,
): string[] {
  const names = ["mean", "p10", "p50", "p90", "p99", "max"] as const;
  const head = ["tokens", ...names, "zeros", "total"].map(style.dim);
  const row = (name: string, one: TraceStatistics["input"]): string[] => [
    name,
    ...names.map((key) => numberText(one[key])),
    countText(one.zeros),
    countText(one.total),
  ];
  return [
    ...textTable([head, row("input", input), row("output", output)], {
      align: ["left", ...Array.from({ length: 8 }, () => "right" as const)],
      indent: 2,
    }),
    `  rank correlation of input and output: ${numberText(inputOutputSpearman)}`,
  ];
}

function prefixLines({ prefixes }: TraceStatistics, style: Style): string[] {
  if (prefixes === undefined) return [];
  const { infiniteCache, lruHit } = prefixes;
  const curve = lruHit.map((one) => `${percentText(one.hit)} at ${countText(one.blocks)}`);
  return facts(
    [
      [
        "prefix blocks",
        `${countText(prefixes.blockRefs)} references to ${countText(prefixes.uniqueBlocks)} ` +
          `blocks of ${countText(prefixes.blockSize)} tokens`,
      ],
      [
        "largest hit rate",
        `${percentText(infiniteCache.tokenHit)} of tokens, ` +
          `${percentText(infiniteCache.blockHit)} of blocks (a cache without end)`,
      ],
      ["LRU hit rate", `${curve.join(", ")} blocks`],
    ],
    style,
  );
}

function sessionLines({ sessions }: TraceStatistics, style: Style): string[] {
  if (sessions === undefined) return [];
  return facts(
    [
      [
        "sessions",
        `${countText(sessions.sessions)}, ${numberText(sessions.turnsMean)} turns each ` +
          `(most ${countText(sessions.turnsMax)}), ${countText(sessions.singleRows)} single rows`,
      ],
      ...taskRows(sessions.tasks),
    ],
    style,
  );
}

function taskRows(tasks: NonNullable<TraceStatistics["sessions"]>["tasks"]): Row[] {
  if (tasks === undefined) return [];
  const { edges } = tasks;
  return [
    [
      "tasks",
      `${countText(tasks.tasks)}, ${numberText(tasks.callsMean)} calls each ` +
        `(most ${countText(tasks.callsMax)})`,
    ],
    [
      "calls that wait",
      `${countText(edges.sequence)} for the one before, ${countText(edges.spawn)} sub-agents start, ` +
        `${countText(edges.join)} joins, ${countText(edges.replay_barrier)} barriers`,
    ],
  ];
}

function qualityLines({ quality }: TraceStatistics, style: Style): string[] {
  const imported = quality.importLog.map(
    (note) => `  import: ${note.reason}: ${countText(note.rows)} rows`,
  );
  const transforms = quality.transforms.map((one) => `  ${one}`);
  const warnings = quality.warnings.map((one) => `  ${style.warn(`warning: ${one.message}`)}`);
  return [...imported, ...transforms, ...warnings];
}
