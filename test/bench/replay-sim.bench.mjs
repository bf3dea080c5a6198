import { conversationTrace, median, REPLAY, simulate, wallTimes } from "./support.mjs";

export const name = "replay-sim";
export const unit = "requests/s";
export const atLeast = 100_000;

/** Simulation alone, the Mooncake conversation hour on 8 workers; median of 9 runs after a warm-up. */
export async function run() {
  const trace = conversationTrace();
  const first = simulate(REPLAY, { trace });
  const wallS = median(wallTimes(9, () => simulate(REPLAY, { trace })));
  return {
    value: trace.rows / wallS,
    command: "npm run bench -- replay-sim",
    details: { rows: trace.rows, firstRunInProcess: Math.round(trace.rows / first.wallS) },
  };
}
