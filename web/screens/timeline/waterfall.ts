/** One request from its arrival to its last token. */

import { textOf } from "../../charts/axes.ts";
import { drawBars } from "../../charts/bars.ts";
import type { Chart } from "../../charts/scene.ts";
import type { SlowRequest } from "../../workers/protocol.ts";

export function waterfallChart(request: SlowRequest | undefined): Chart {
  const { arrivalUs = 0, admittedUs = 0, firstTokenUs = 0, finishUs = 0 } = request ?? {};
  const first = Number.isNaN(firstTokenUs) ? finishUs : firstTokenUs;
  const parts = [
    ["queue", "queue", (admittedUs - arrivalUs) / 1e3],
    ["prefill", "prefill", (first - admittedUs) / 1e3],
    ["decode", "decode", (finishUs - first) / 1e3],
  ] as const;
  const total = (finishUs - arrivalUs) / 1e3;
  const words =
    request === undefined
      ? "No request completed."
      : `It came at ${textOf(arrivalUs / 1e6, "s")} with ${String(request.inputTokens)} prompt tokens, ` +
        `${String(request.cachedTokens)} of them cached, on worker ${String(request.worker)}` +
        `${request.preemptions === 0 ? "" : `, preempted ${String(request.preemptions)} times`}.`;
  // One bar a part, each starting where the one before ends: an invisible part holds its place.
  const before = parts.map((_, i) => parts.slice(0, i).reduce((sum, [, , ms]) => sum + ms, 0));
  return {
    title: `How did request ${String(request?.request ?? "")} spend its ${textOf(total, "ms")}?`,
    summary: words,
    table: {
      columns: ["part", "from ms", "ms"],
      rows: parts.map(([name, , ms], i) => [name, before[i] ?? 0, ms]),
    },
    draw: (size) =>
      drawBars(
        {
          groups: parts.map(([name, , ms]) => `${name} ${textOf(ms, "ms")}`),
          parts: parts.map(([name, role], part) => ({
            name,
            role,
            values: parts.map((other, row) => (row === part ? other[2] : 0)),
          })),
          offsets: before,
          x: {
            name: "since arrival",
            unit: "ms",
            scale: "linear",
            domain: [0, Math.max(1e-3, total)],
          },
        },
        size,
      ),
  };
}
