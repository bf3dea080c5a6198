/** `headworks trace convert`. */

import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { exportLosses, spreadTicks } from "../../trace/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { durationFlag, wholeFlag } from "../flags.ts";
import { loadTrace } from "../load-inputs.ts";
import { countText } from "../numbers.ts";
import type { Terminal } from "../terminal.ts";
import { importOptions } from "../trace-flags.ts";
import type { ImportFlags } from "../trace-flags.ts";
import { checkTarget, writeTrace } from "../write-trace.ts";
import type { WriteTraceFlags } from "../write-trace.ts";

export type ConvertFlags = ImportFlags &
  WriteTraceFlags & {
    readonly from?: string;
    readonly until?: string;
    readonly limit?: string;
    readonly spreadTicks?: boolean;
    readonly seed?: string;
  };

export function convertCommand(
  file: string,
  flags: ConvertFlags,
  terminal: Terminal,
): Result<number> {
  const format = checkTarget(flags);
  if (!format.ok) return format;
  const options = importOptions(flags);
  if (!options.ok) return options;
  const from = durationFlag(flags.from, "--from");
  if (!from.ok) return from;
  const until = durationFlag(flags.until, "--until");
  if (!until.ok) return until;
  const limit = wholeFlag(flags.limit, "--limit");
  if (!limit.ok) return limit;
  const seed = wholeFlag(flags.seed, "--seed");
  if (!seed.ok) return seed;
  const cut = from.value !== undefined || until.value !== undefined;
  const imported = loadTrace(file, ".", {
    ...options.value,
    ...(cut ? { window: { fromUs: from.value ?? 0, toUs: until.value ?? Infinity } } : {}),
    ...(limit.value === undefined ? {} : { limit: limit.value }),
  });
  if (!imported.ok) return imported;
  const trace =
    flags.spreadTicks === true ? spreadTicks(imported.value, seed.value ?? 1) : imported.value;
  const written = writeTrace(trace, flags.out, format.value);
  if (!written.ok) return written;
  for (const note of trace.header.importLog) {
    terminal.note(`note: ${note.reason}: ${countText(note.rows)} rows\n`);
  }
  for (const loss of exportLosses(trace, format.value)) {
    terminal.note(`note: ${format.value} cannot hold ${loss}\n`);
  }
  terminal.note(
    `wrote ${flags.out}: ${countText(trace.rows)} rows, ${countText(written.value)} bytes\n`,
  );
  return ok(EXIT_DONE);
}
