/** `headworks compare`: two reports → what differs; exit 1 when a gate fails. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { compareReports, parseGate } from "../../plan/index.ts";
import type { Gate } from "../../plan/index.ts";
import { comparisonText } from "../comparison-text.ts";
import { EXIT_DONE, EXIT_GATE } from "../exit-codes.ts";
import { readText } from "../read-file.ts";
import type { Terminal } from "../terminal.ts";

export type CompareFlags = {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly failAbove?: readonly string[];
};

/** Compares report b against report a; the exit code. */
export function compareCommand(
  a: string,
  b: string,
  flags: CompareFlags,
  terminal: Terminal,
): Result<number> {
  const gates: Gate[] = [];
  for (const text of flags.failAbove ?? []) {
    const gate = parseGate(text);
    if (!gate.ok) return gate;
    gates.push(gate.value);
  }
  const left = readReport(a);
  if (!left.ok) return left;
  const right = readReport(b);
  if (!right.ok) return right;
  const comparison = compareReports({
    a: { name: a, document: left.value },
    b: { name: b, document: right.value },
    gates,
  });
  if (!comparison.ok) return comparison;
  terminal.out(
    flags.json === true
      ? `${JSON.stringify(comparison.value)}\n`
      : comparisonText(comparison.value, {
          colour: terminal.colour.out,
          all: flags.all === true,
          names: { a, b },
        }),
  );
  return ok(comparison.value.passed ? EXIT_DONE : EXIT_GATE);
}

function readReport(path: string): Result<unknown> {
  const text = readText(path, "a report written by `headworks run --json`");
  if (!text.ok) return text;
  try {
    return ok(JSON.parse(text.value) as unknown);
  } catch (error) {
    return fail({
      what: `the file is no JSON (${(error as Error).message})`,
      where: path,
      expected: "a report written by `headworks run --json`",
      remedy: "write it again; stdout holds the report alone",
    });
  }
}
