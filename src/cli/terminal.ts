/** The process' edge as a value, so that commands can be tested without a process. */

import { writeSync } from "node:fs";

export type Terminal = {
  /** The result: nothing else goes to stdout. */
  readonly out: (text: string) => void;
  /** Progress and words. */
  readonly note: (text: string) => void;
  /** Whether stdout, stderr show colours. */
  readonly colour: { readonly out: boolean; readonly note: boolean };
  /** Whether stderr is a screen whose last line can be drawn again. */
  readonly live: boolean;
  /** Characters in a line of stdout. */
  readonly columns: number;
};

/** Width where none is known (assumption: the usual terminal). */
const COLUMNS_DEFAULT = 100;

/** The terminal of this process; NO_COLOR and FORCE_COLOR are respected. */
export function processTerminal(): Terminal {
  const { NO_COLOR: never, FORCE_COLOR: always } = process.env;
  const coloured = (isTty: boolean): boolean => {
    if (never !== undefined && never !== "") return false;
    if (always !== undefined && always !== "" && always !== "0") return true;
    return isTty && process.env["TERM"] !== "dumb";
  };
  return {
    out: (text) => {
      writeAll(1, text);
    },
    note: (text) => {
      writeAll(2, text);
    },
    colour: { out: coloured(process.stdout.isTTY), note: coloured(process.stderr.isTTY) },
    live: process.stderr.isTTY && process.env["TERM"] !== "dumb" && process.env["CI"] === undefined,
    columns: process.stdout.isTTY ? process.stdout.columns : COLUMNS_DEFAULT,
  };
}

/** Synchronous, so that nothing is lost when the process ends; a closed pipe ends it quietly. */
function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") process.exit(0);
      if (code !== "EAGAIN") throw error;
      // A pipe that is full: wait a millisecond for its reader instead of spinning.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
