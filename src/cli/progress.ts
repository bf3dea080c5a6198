/** Progress with an ETA: one redrawn line on a screen, a line every few seconds elsewhere. */

import { countText, secondsText } from "./numbers.ts";
import type { Terminal } from "./terminal.ts";

export type ProgressState = {
  /** 0 … 1. */
  readonly fraction: number;
  readonly events: number;
  /** Simulated time so far, s. */
  readonly simS: number;
  /** Wall time so far, s. */
  readonly wallS: number;
};

export type Progress = {
  readonly update: (state: ProgressState) => void;
  /** Wipes the redrawn line. */
  readonly end: () => void;
};

/** Seconds before the first sign, between redraws, and between lines of words (assumptions). */
const FIRST_S = 0.4;
const REDRAW_S = 0.1;
const WORDS_S = 5;
const BAR_CELLS = 24;

/** A progress display for `terminal`; a silent one when `quiet`. */
export function createProgress(terminal: Terminal, quiet: boolean): Progress {
  if (quiet) return { update: () => undefined, end: () => undefined };
  let next = terminal.live ? FIRST_S : WORDS_S;
  let drawn = false;
  return {
    update: (state) => {
      if (state.wallS < next) return;
      next = state.wallS + (terminal.live ? REDRAW_S : WORDS_S);
      drawn = true;
      terminal.note(terminal.live ? `\r\u001b[K${lineOf(state)}` : `${lineOf(state)}\n`);
    },
    end: () => {
      if (drawn && terminal.live) terminal.note("\r\u001b[K");
    },
  };
}

function lineOf(state: ProgressState): string {
  const fraction = Math.min(1, Math.max(0, state.fraction));
  const full = Math.round(fraction * BAR_CELLS);
  const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)} %`;
  const left = fraction > 0 ? (state.wallS / fraction) * (1 - fraction) : Number.NaN;
  const eta = Number.isFinite(left)
    ? `about ${secondsText(Number(left.toPrecision(2)))} left`
    : "estimating";
  const done = `${secondsText(state.simS)} simulated, ${countText(state.events)} events`;
  return `${bar} ${percent}  ${done}, ${eta}`;
}
