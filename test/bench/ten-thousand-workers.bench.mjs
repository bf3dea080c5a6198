import { generated, generatedScenario, median, simulate } from "./support.mjs";

export const name = "ten-thousand-workers";
export const unit = "times the cost per request at 64 workers";
export const atMost = 2;

const ROWS = 1_000_000;
const US_PER_S = 1e6;

/** A million requests over 10,000 workers against the same over 64, same load on each. */
export async function run() {
  const wallS = (workers) =>
    simulate(generatedScenario(workers), { rows: generated(ROWS, workers) }).wallS;
  wallS(64);
  const few = median([wallS(64), wallS(64), wallS(64)]);
  const many = median([wallS(10_000), wallS(10_000), wallS(10_000)]);
  return {
    value: many / few,
    command: "npm run bench -- ten-thousand-workers",
    details: {
      usPerRequest64: (few / ROWS) * US_PER_S,
      usPerRequest10000: (many / ROWS) * US_PER_S,
    },
  };
}
