/** The faults of a report as lines for the terminal. */

import type { FaultsSummary, FaultSummary, Report } from "../sim/index.ts";
import { countText, numberText, percentText, secondsText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

/** Faults that are listed one by one. */
const LISTED = 10;
export const FAULT_HEAD = [
  "fault",
  "at",
  "strikes",
  "touched",
  "moved",
  "failed",
  "tokens lost",
  "dip",
  "back after",
];

/** What broke and what it cost; nothing where nothing could. */
export function faultLines({ faults }: Report, style: Style): string[] {
  if (faults === null) return [];
  const { events, more, failed } = faults;
  const count = events.length + more;
  const head = faultSentence(faults);
  const rest = count - Math.min(LISTED, events.length);
  return [
    `  ${failed > 0 ? style.warn(head) : head}`,
    ...textTable([FAULT_HEAD.map(style.dim), ...events.slice(0, LISTED).map(faultRow)], {
      align: ["left", ...FAULT_HEAD.slice(1).map(() => "right" as const)],
      indent: 2,
    }),
    ...(rest > 0 ? [style.dim(`  and ${countText(rest)} more`)] : []),
  ];
}

/** All faults in one line. */
export function faultSentence(faults: FaultsSummary): string {
  const { events, more, moved, failed, tokensLost, gpuSLost, gpuSDown } = faults;
  const count = events.length + more;
  return (
    `${countText(count)} ${count === 1 ? "fault" : "faults"}: ${countText(moved)} requests moved, ${countText(failed)} failed, ` +
    `${countText(tokensLost)} tokens lost, ${numberText(gpuSLost)} GPU-s wasted, ${numberText(gpuSDown)} GPU-s away`
  );
}

/** What a fault strikes: a link by its name, a worker by its number, or how many. */
export function struckText({ workers, link }: Pick<FaultSummary, "workers" | "link">): string {
  if (link !== null) return link;
  const [first] = workers;
  if (first === undefined) return "routers";
  return workers.length === 1 ? `worker ${String(first)}` : `${countText(workers.length)} workers`;
}

/** Cells under `FAULT_HEAD`. */
export function faultRow(event: FaultSummary): string[] {
  const { goodputDip, recoveryS, goodputBeforePerS } = event;
  const back = recoveryS === null ? "never" : recoveryS === 0 ? "" : secondsText(recoveryS);
  return [
    event.kind,
    secondsText(event.atS),
    struckText(event),
    ...(event.kind === "link"
      ? ["", "", "", ""]
      : [event.touched, event.moved, event.failed, event.tokensLost].map(countText)),
    goodputDip === null ? "" : percentText(goodputDip),
    goodputBeforePerS === null ? "" : back,
  ];
}
