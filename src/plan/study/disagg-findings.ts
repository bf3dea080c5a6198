/** The disaggregation study in words: whether splitting pays, from which speed on, and what limits. */

import { numberText, percentText } from "../../core/index.ts";
import type { DisaggSample, Limit } from "./disagg-sample.ts";
import { verdictOn } from "./disagg-study.ts";
import type { DisaggStudyResult } from "./disagg-study.ts";

const BITS_PER_BYTE = 8;
const GB = 1e9;

/** "37 Gb/s". */
export function speedText(bytesPerS: number): string {
  return `${numberText(Number(((bytesPerS * BITS_PER_BYTE) / GB).toPrecision(2)))} Gb/s`;
}

/** "3 + 5". */
export function splitText({ prefill, decode }: DisaggSample): string {
  return `${String(prefill)} + ${String(decode)}`;
}

/** Goodput against mixed workers': "+12.3 %". */
export function gainText(sample: DisaggSample, mixed: DisaggSample): string {
  if (mixed.goodputPerS === 0) return sample.goodputPerS > 0 ? "from none" : "none";
  const gain = sample.goodputPerS / mixed.goodputPerS - 1;
  return `${gain < 0 ? "−" : "+"}${percentText(Math.abs(gain))}`;
}

const LIMITS: Readonly<Record<Limit, string>> = {
  network: "the network limits",
  prefill: "prefill workers limit",
  "decode compute": "decode workers' compute limits",
  "decode memory": "decode workers' memory limits",
  compute: "compute limits",
  memory: "KV memory limits",
  none: "nothing is near its limit",
};

/** What limits, with the number that says so. */
export function limitText(sample: DisaggSample): string {
  const { limit, link, slowdown, transferMsMean } = sample;
  const facts: Readonly<Record<Limit, string>> = {
    network:
      `${link?.name ?? "a link"} is ${percentText(link?.utilization ?? 0)} full, a hand-off takes ` +
      `${numberText(transferMsMean)} ms, ${numberText(slowdown)} × what it would alone`,
    prefill: `busy ${percentText(sample.prefillBusy)} of the time`,
    "decode compute": `TPOT ${numberText(sample.tpotMsP99)} ms at p99`,
    "decode memory": `used to ${percentText(sample.decodeKvPeak)}`,
    compute: `TTFT ${numberText(sample.ttftMsP99)} ms and TPOT ${numberText(sample.tpotMsP99)} ms at p99`,
    memory: `used to ${percentText(sample.decodeKvPeak)}`,
    none: `${percentText(sample.attainment)} of the requests meet the SLO`,
  };
  return `${LIMITS[limit]} (${facts[limit]})`;
}

const VERBS = ["loses", "changes little", "wins"];

/** Fewer requests within the SLO than this, whatever is done: the cluster is too small (assumption). */
const OVERLOADED = 0.5;

/** The answer first, then each network, then what limits. */
export function disaggFindings(result: DisaggStudyResult): string[] {
  const { mixed, best, notes } = result;
  const lines = [crossoverLine(result)];
  const most = Math.max(...[mixed, ...best].map(({ attainment }) => attainment));
  if (most < OVERLOADED) {
    lines.push(
      `No variant meets the SLO for more than ${percentText(most)} of the requests: the workers are overloaded, and the ` +
        "comparison says little about a cluster that is large enough.",
    );
  }
  lines.push(`Mixed workers: ${limitText(mixed)}.`);
  for (const sample of best) {
    const verb = VERBS[verdictOn(sample, mixed) + 1]!;
    lines.push(
      `Over ${sample.network!} splitting ${verb}: ${splitText(sample)} has ${gainText(sample, mixed)} goodput; ` +
        `${limitText(sample)}.`,
    );
  }
  return [...lines, ...notes.map((note) => `${note}.`)];
}

function crossoverLine({ crossover, mixed, best }: DisaggStudyResult): string {
  const all = [mixed, ...best];
  if (all.every(({ attainment }) => attainment === 1)) {
    return "Mixed and split workers meet the SLO for every request: the load is too light to tell them apart.";
  }
  switch (crossover.kind) {
    case "always":
      return "Splitting prefill from decode pays over every network tried.";
    case "never":
      return "Splitting prefill from decode pays over none of the networks tried.";
    case "unclear":
      return "Whether splitting pays does not follow the speed of the network here.";
    case "between":
      return (
        `Splitting prefill from decode pays from about ${speedText(crossover.winsAt)} a GPU on ` +
        `(it loses at ${speedText(crossover.losesAt)}).`
      );
  }
}
