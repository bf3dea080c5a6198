/** `headworks accuracy`: simulates measured runs and says how near the predictions come. */

import { writeFileSync } from "node:fs";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { loadMeasured, measuredFolder } from "../accuracy-data.ts";
import { accuracyHtml } from "../accuracy-html.ts";
import { PartsShelf } from "../accuracy-parts.ts";
import type { Tick } from "../accuracy-run.ts";
import { compareAll } from "../accuracy-run.ts";
import { accuracyText } from "../accuracy-text.ts";
import { EXIT_DONE, EXIT_GATE } from "../exit-codes.ts";
import { wholeFlag } from "../flags.ts";
import { loadDeck } from "../load-cards.ts";
import { countText } from "../numbers.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";

export type AccuracyFlags = {
  readonly data?: string;
  readonly group?: string;
  readonly limit?: string;
  readonly json?: boolean;
  readonly html?: string;
  readonly gate?: boolean;
  readonly cards?: readonly string[];
  readonly quiet?: boolean;
};

/** Time between two signs of life, ms (assumption). */
const SIGN_MS = 200;

/** Says how many runs are done, and lets Ctrl-C through. */
function ticker(terminal: Terminal, quiet: boolean): Tick {
  let last = performance.now();
  return async (done, total) => {
    const now = performance.now();
    if (now - last < SIGN_MS) return;
    last = now;
    if (!quiet && terminal.live) {
      terminal.note(`\r\u001b[K${countText(done)} of ${countText(total)} runs`);
    }
    await new Promise(setImmediate);
  };
}

/** Writes the page. Errors: a place that cannot be written. */
function writePage(path: string, page: string): Result<true> {
  try {
    writeFileSync(path, page);
    return ok(true);
  } catch (error) {
    const what = `the page cannot be written (${(error as Error).message})`;
    return fail({ what, where: path, remedy: "name another file with --html" });
  }
}

/**
 * Compares; prints the table or, with --json, the whole document. The exit code: 1 when --gate is
 * given
 * and a target with data is missed. Errors: no data, a damaged file, a group that there is none of.
 */
export async function accuracyCommand(
  flags: AccuracyFlags,
  terminal: Terminal,
  command: string,
): Promise<Result<number>> {
  const limit = wholeFlag(flags.limit, "--limit");
  if (!limit.ok) return limit;
  const deck = await loadDeck(flags.cards);
  if (!deck.ok) return deck;
  const data = loadMeasured(measuredFolder(flags.data));
  if (!data.ok) return data;
  const choice = {
    ...(flags.group === undefined ? {} : { group: flags.group }),
    ...(limit.value === undefined ? {} : { limit: limit.value }),
  };
  const quiet = flags.quiet === true;
  const shelf = new PartsShelf(deck.value);
  const report = await compareAll(data.value, choice, shelf, ticker(terminal, quiet));
  if (!quiet && terminal.live) terminal.note("\r\u001b[K");
  if (!report.ok) return report;
  if (flags.html !== undefined) {
    const written = writePage(flags.html, accuracyHtml(report.value, command));
    if (!written.ok) return written;
  }
  terminal.out(
    flags.json === true
      ? `${JSON.stringify(report.value)}\n`
      : accuracyText(report.value, styleFor(terminal.colour.out)),
  );
  const missed = report.value.targets.some(({ met }) => met === false);
  return ok(flags.gate === true && missed ? EXIT_GATE : EXIT_DONE);
}
