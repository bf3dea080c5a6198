import type { ArrivalStatistics } from "./inspect-arrivals.ts";
import type { LengthStatistics } from "./inspect-lengths.ts";
import type { PrefixStatistics } from "./inspect-prefixes.ts";
import type { ImportNote, Trace } from "./trace.ts";

export type WarningCode =
  | "empty"
  | "ties"
  | "tick"
  | "rate"
  | "gaps"
  | "no-arrivals"
  | "zero-input"
  | "zero-output"
  | "input-atom"
  | "output-atom"
  | "long-input"
  | "left-censored";

/** Something about the trace that changes what its replay means, in one sentence. */
export type TraceWarning = { readonly code: WarningCode; readonly message: string };

export type QualityReport = {
  /** Rows dropped or repaired at import, as the trace's header has them. */
  readonly importLog: readonly ImportNote[];
  readonly transforms: readonly string[];
  readonly warnings: readonly TraceWarning[];
};

/** Plausible mean rates, per s: outside, the time unit is suspect (traces.md §5, pitfall 1). */
const RATE_RANGE = [0.01, 10_000] as const;
/** assumption: ties beyond this share come from a coarse clock. */
const TIE_SHARE = 0.05;
/**
 * assumption: an index of dispersion at 60 s that an ON/OFF stream passes, and a drift does not.
 */
const ON_OFF_GAP = 100;
/** assumption: a share of rows at one length above the median that looks like a cap. */
const CAP_SHARE = 0.01;
/** Longest prompt of the public traces is 894,371 tokens (traces.md §2.2, Weka). */
const LONG_INPUT = 1_000_000;
/** assumption: roots in the first quarter above the last three by this share show lost parents. */
const CENSORED_SHARE = 0.05;

type Measured = {
  readonly arrivals: ArrivalStatistics;
  readonly input: LengthStatistics;
  readonly output: LengthStatistics;
  readonly prefixes: PrefixStatistics | undefined;
};

/** The import log and warnings about what the measured trace can and cannot tell. */
export function inspectQuality(trace: Trace, measured: Measured): QualityReport {
  const warnings =
    trace.rows === 0
      ? [{ code: "empty" as const, message: "the trace has no rows" }]
      : [
          ...arrivalWarnings(trace, measured.arrivals),
          ...lengthWarnings(trace, measured),
          ...censoringWarnings(measured.prefixes),
        ];
  return { importLog: trace.header.importLog, transforms: trace.header.transforms, warnings };
}

function arrivalWarnings(trace: Trace, arrivals: ArrivalStatistics): TraceWarning[] {
  const warnings: TraceWarning[] = [];
  const { tieShare, meanPerS, tickUs, rowsWithoutArrival, longestGapS, gapMeanS } = arrivals;
  if (rowsWithoutArrival > 0) {
    warnings.push({
      code: "no-arrivals",
      message: `${rowsWithoutArrival} rows have no arrival of their own and wait for their parent`,
    });
  }
  if (tickUs > 0) {
    warnings.push({
      code: "tick",
      message:
        `arrivals are quantised to ticks of ${tickUs / 1000} ms: the variation of the gaps is an ` +
        "artefact; spread the ticks before replay unless a published result is reproduced",
    });
  } else if (tieShare !== null && tieShare > TIE_SHARE) {
    warnings.push({
      code: "ties",
      message: `${percent(tieShare)} of the rows arrive at the same instant as the row before`,
    });
  }
  if (meanPerS !== null && (meanPerS < RATE_RANGE[0] || meanPerS > RATE_RANGE[1])) {
    warnings.push({
      code: "rate",
      message: `a mean rate of ${meanPerS.toPrecision(3)}/s is implausible: check the time unit`,
    });
  }
  if (longestGapS !== null && gapMeanS !== null && longestGapS > ON_OFF_GAP * gapMeanS) {
    if (longestGapS > 20 && trace.rows > 100) {
      warnings.push({
        code: "gaps",
        message:
          `the longest gap is ${longestGapS.toFixed(0)} s, ` +
          `${(longestGapS / gapMeanS).toFixed(0)} times the mean: an ON/OFF or sampled stream, ` +
          "whose gaps do not describe burstiness",
      });
    }
  }
  return warnings;
}

function lengthWarnings(trace: Trace, measured: Measured): TraceWarning[] {
  const { input, output } = measured;
  const warnings: TraceWarning[] = [];
  if (input.zeros > 0) {
    warnings.push({ code: "zero-input", message: `${input.zeros} rows have no input tokens` });
  }
  if (output.zeros > 0) {
    warnings.push({
      code: "zero-output",
      message: `${output.zeros} rows have no output tokens: prefill only, or failures`,
    });
  }
  const inputCap = capOf(trace.inputTokens, input);
  if (inputCap !== undefined) warnings.push({ code: "input-atom", message: `input: ${inputCap}` });
  const outputCap = capOf(trace.outputTokens, output);
  if (outputCap !== undefined) {
    warnings.push({ code: "output-atom", message: `output: ${outputCap}` });
  }
  if ((input.max ?? 0) > LONG_INPUT) {
    warnings.push({
      code: "long-input",
      message: `the longest prompt has ${input.max} tokens, more than any public trace`,
    });
  }
  return warnings;
}

/** Rows piled up within 0.1 % of the maximum, or at one frequent value. */
function capOf(tokens: Uint32Array, lengths: LengthStatistics): string | undefined {
  const max = lengths.max ?? 0;
  if (lengths.min === max) return undefined;
  let atMax = 0;
  for (const length of tokens) if (length >= 0.999 * max) atMax++;
  const share = atMax / tokens.length;
  if (share >= CAP_SHARE && (lengths.p50 ?? 0) < 0.9 * max) {
    return `${percent(share)} of the rows lie at the maximum of ${max} tokens: likely truncated`;
  }
  const atom = lengths.atoms[0];
  if (atom === undefined || atom.share < 5 * CAP_SHARE) return undefined;
  return `${percent(atom.share)} of the rows have exactly ${atom.tokens} tokens`;
}

function censoringWarnings(prefixes: PrefixStatistics | undefined): TraceWarning[] {
  if (prefixes === undefined) return [];
  const [first = 0, ...rest] = prefixes.rootShareByQuarter;
  const later = rest.reduce((sum, share) => sum + share, 0) / rest.length;
  if (first - later < CENSORED_SHARE) return [];
  return [
    {
      code: "left-censored",
      message:
        `${percent(first)} of the rows of the first quarter start a new prefix against ` +
        `${percent(later)} later: their parents lie before the trace; allow a warm-up`,
    },
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
