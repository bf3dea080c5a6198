/** One request's time as a waterfall. */

import { countText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { drawBars } from "../../charts/bars.ts";
import type { Role } from "../../charts/palette.ts";
import type { Chart } from "../../charts/scene.ts";
import type { SlowRequest, TimePart } from "../../workers/protocol.ts";

/** Parts in the order in which a request passes them first, and the words for them. */
const PARTS: readonly (readonly [part: TimePart, name: string, role: Role])[] = [
  ["path", "client path", "idle"],
  ["queue", "queue", "queue"],
  ["onboard", "KV loading", "transfer"],
  ["prefill", "prefill", "prefill"],
  ["transfer", "hand-off", "transfer"],
  ["preemption", "done again", "policy"],
  ["decode", "decode", "decode"],
];
/** Drawn although they may be zero. */
const ALWAYS: readonly TimePart[] = ["queue", "prefill", "decode"];

/** Bars drawn for a request. */
export function partsOf(request: SlowRequest | undefined) {
  return PARTS.map(([part, name, role]) => ({
    part,
    name,
    role,
    ms: request?.partsMs[part] ?? 0,
  })).filter(({ part, ms }) => ms > 0 || ALWAYS.includes(part));
}

export function waterfallChart(request: SlowRequest | undefined): Chart {
  const parts = partsOf(request);
  const total = parts.reduce((sum, { ms }) => sum + ms, 0);
  // One bar a part, each starting where the one before ends: an invisible part holds its place.
  const before = parts.map((_, i) => parts.slice(0, i).reduce((sum, { ms }) => sum + ms, 0));
  return {
    title: `How did request ${String(request?.request ?? "")} spend its ${textOf(total, "ms")}?`,
    summary: request === undefined ? "No request completed." : wordsOf(request),
    table: {
      columns: ["part", "from ms", "ms"],
      rows: parts.map(({ name, ms }, i) => [name, before[i] ?? 0, ms]),
    },
    draw: (size) =>
      drawBars(
        {
          groups: parts.map(({ name, ms }) => `${name} ${textOf(ms, "ms")}`),
          parts: parts.map(({ name, role }, part) => ({
            name,
            role,
            values: parts.map((other, row) => (row === part ? other.ms : 0)),
          })),
          offsets: before,
          x: {
            name: "since the client sent it",
            unit: "ms",
            scale: "linear",
            domain: [0, Math.max(1e-3, total)],
          },
        },
        size,
      ),
  };
}

function wordsOf({
  arrivalUs,
  inputTokens,
  cachedTokens,
  outputTokens,
  worker,
  preemptions,
}: SlowRequest): string {
  const again = preemptions === 0 ? "" : `, preempted ${countText(preemptions)} times`;
  return (
    `It came at ${textOf(arrivalUs / 1e6, "s")} with ${countText(inputTokens)} prompt tokens, ` +
    `${countText(cachedTokens)} of them cached, and got ${countText(outputTokens)} from worker ${String(worker)}${again}.`
  );
}
