/** `headworks trace inspect`. */

import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { inspectTrace } from "../../trace/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { inspectionText } from "../inspection-text.ts";
import { loadTrace } from "../load-inputs.ts";
import type { Terminal } from "../terminal.ts";
import { importOptions } from "../trace-flags.ts";
import type { ImportFlags } from "../trace-flags.ts";

export type InspectFlags = ImportFlags & { readonly json?: boolean };

export function inspectCommand(
  file: string,
  flags: InspectFlags,
  terminal: Terminal,
): Result<number> {
  const options = importOptions(flags);
  if (!options.ok) return options;
  const trace = loadTrace(file, ".", options.value);
  if (!trace.ok) return trace;
  const statistics = inspectTrace(trace.value);
  terminal.out(
    flags.json === true
      ? `${JSON.stringify(statistics)}\n`
      : inspectionText(statistics, terminal.colour.out),
  );
  return ok(EXIT_DONE);
}
