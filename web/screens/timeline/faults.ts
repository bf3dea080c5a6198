/** Faults over time: when each came, and what it cost. */

import { countText, percentText } from "../../../src/core/index.ts";
import { axisX, scaleOf, textOf } from "../../charts/axes.ts";
import type { Chart, Drawn, Mark, Reading, Size } from "../../charts/scene.ts";
import type { Report } from "../../workers/protocol.ts";

type Faults = NonNullable<Report["faults"]>;
type FaultEvent = Faults["events"][number];

/** Names of workers in a sentence; more are counted. */
const NAMED_MOST = 4;

export function faultsChart(
  { events, more, moved, failed, gpuSDown }: Faults,
  endS: number,
): Chart {
  const count = events.length + more;
  const rest = more === 0 ? "" : ` ${countText(more)} later ones are not drawn.`;
  return {
    title: "What broke, and when?",
    summary: `${countText(count)} fault${count === 1 ? "" : "s"}: ${countText(moved)} requests went on elsewhere, ${countText(failed)} were lost, and GPUs were away for ${textOf(gpuSDown, "s")} in all.${rest}`,
    table: {
      columns: [
        "time s",
        "fault",
        "strikes",
        "requests touched",
        "moved",
        "lost",
        "tokens lost",
        "goodput fell by",
        "recovery s",
      ],
      rows: events.map((one) => [
        one.atS,
        one.kind,
        workersText(one),
        one.touched,
        one.moved,
        one.failed,
        one.tokensLost,
        one.goodputDip,
        one.recoveryS,
      ]),
    },
    draw: (size) => drawFaults(events, Math.max(1, endS), size),
  };
}

function workersText({ workers, link }: FaultEvent): string {
  if (link !== null) return link;
  if (workers.length === 0) return "none";
  return workers.length <= NAMED_MOST ? workers.join(", ") : `${countText(workers.length)} workers`;
}

function wordsOf(one: FaultEvent): string {
  const dip =
    one.goodputDip === null || one.goodputDip <= 0
      ? ""
      : `, goodput fell by ${percentText(one.goodputDip)}`;
  const back =
    one.recoveryS === null || one.recoveryS === 0
      ? ""
      : `, back after ${textOf(one.recoveryS, "s")}`;
  const name = one.link === null ? `worker ${workersText(one)}` : one.link;
  const who = one.workers.length === 0 && one.link === null ? "" : ` of ${name}`;
  return `${one.kind.replaceAll("_", " ")}${who} at ${textOf(one.atS, "s")}: ${countText(one.touched)} requests touched, ${countText(one.failed)} lost${dip}${back}`;
}

/** A mark for each fault, with a bar from it until goodput was back. */
function drawFaults(events: readonly FaultEvent[], endS: number, size: Size): Drawn {
  const plot = { left: 14, top: 22, right: size.width - 14, bottom: size.height - 36 };
  const axis = { name: "simulated time", unit: "s", scale: "linear", domain: [0, endS] } as const;
  const scale = scaleOf(axis, [plot.left, plot.right]);
  const marks: Mark[] = [...axisX(axis, scale, plot)];
  const readings: Reading[] = [];
  const y = (plot.top + plot.bottom) / 2;
  let labelFrom = -Infinity;
  for (const one of events) {
    const x = scale(one.atS);
    const until = scale(Math.min(endS, one.atS + (one.recoveryS ?? endS)));
    const isDown = one.goodputDip !== null && one.goodputDip > 0 && one.recoveryS !== 0;
    if (isDown) {
      const width = Math.max(1, until - x);
      const height = plot.bottom - plot.top;
      marks.push({ kind: "rect", x, y: plot.top, width, height, fill: "queue", opacity: 0.35 });
    }
    const d = `M${String(x)} ${String(plot.top)}V${String(plot.bottom)}`;
    marks.push({ kind: "path", d, stroke: "ink", width: 2 });
    // Words only where they do not run over the words before.
    const text = one.kind.replaceAll("_", " ");
    const width = 7 * text.length;
    if (x > labelFrom) {
      const anchor = x + width > plot.right ? "end" : "start";
      marks.push({ kind: "text", x, y: plot.top - 7, text, ink: "ink", anchor, size: 12 });
      labelFrom = x + width + 8;
    }
    readings.push({ x, y, text: wordsOf(one) });
  }
  return {
    scene: { ...size, marks },
    plot,
    series: [{ name: "faults", readings }],
    valueAtX: (pixel) => scale.invert(pixel),
    pixelOfX: (value) => scale(value),
  };
}
