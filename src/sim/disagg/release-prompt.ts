/** What becomes of a prompt's own slot when its hand-off ends. */

import type { HandoffParts } from "./handoff-parts.ts";

/** `source`: number of its prefill worker, negative when it waits at the router. `doneUs`: NaN when it is given up. */
export function releasePrompt(
  { table, workers, clock, prefillDesk }: HandoffParts,
  prompt: number,
  source: number,
  isComputed: boolean,
  nowUs: number,
  doneUs: number,
): void {
  if (source < 0) {
    prefillDesk.leave(prompt);
    table.give(prompt);
    return;
  }
  const worker = workers[source]!;
  if (isComputed) {
    worker.batch.unpark(prompt, doneUs);
    clock.wake(worker, nowUs);
  } else {
    prefillDesk.ended(source, prompt, nowUs);
    clock.cancel(worker, prompt, nowUs);
  }
}
