/** `headworks trace synth`. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { planSynthesis } from "../../sim/index.ts";
import { synthesize } from "../../trace/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { durationFlag, wholeFlag } from "../flags.ts";
import { countText } from "../numbers.ts";
import type { Terminal } from "../terminal.ts";
import { checkTarget, writeTrace } from "../write-trace.ts";
import type { WriteTraceFlags } from "../write-trace.ts";

const US_PER_S = 1e6;

export type SynthFlags = WriteTraceFlags & {
  readonly seed: string;
  readonly rows?: string;
  readonly duration?: string;
  readonly rateScale?: string;
  readonly parameter?: readonly string[];
};

export function synthCommand(name: string, flags: SynthFlags, terminal: Terminal): Result<number> {
  const format = checkTarget(flags);
  if (!format.ok) return format;
  const seed = wholeFlag(flags.seed, "--seed");
  if (!seed.ok) return seed;
  const parameters = parametersOf(flags);
  if (!parameters.ok) return parameters;
  const plan = planSynthesis(name, parameters.value, seed.value ?? 1, "trace");
  if (!plan.ok) return plan;
  const trace = synthesize(plan.value.recipe, plan.value.options);
  if (!trace.ok) return trace;
  const written = writeTrace(trace.value, flags.out, format.value);
  if (!written.ok) return written;
  const rows = countText(trace.value.rows);
  terminal.note(`wrote ${flags.out}: ${rows} rows, ${countText(written.value)} bytes\n`);
  return ok(EXIT_DONE);
}

function parametersOf(flags: SynthFlags): Result<Record<string, unknown>> {
  const rows = wholeFlag(flags.rows, "--rows");
  if (!rows.ok) return rows;
  const duration = durationFlag(flags.duration, "--duration");
  if (!duration.ok) return duration;
  const parameters: Record<string, unknown> = {};
  if (rows.value !== undefined) parameters["rows"] = rows.value;
  if (duration.value !== undefined) parameters["duration_s"] = duration.value / US_PER_S;
  if (flags.rateScale !== undefined) parameters["rate_scale"] = Number(flags.rateScale);
  for (const text of flags.parameter ?? []) {
    const match = /^(\w+)=(.+)$/.exec(text);
    if (match?.[1] === undefined) {
      return fail({
        what: `the parameter ${JSON.stringify(text)} cannot be read`,
        where: "--parameter",
        expected: "KEY=VALUE, for example rate_per_s=5",
      });
    }
    parameters[match[1]] = Number(match[2]);
  }
  return ok(parameters);
}
