import { generated, generatedScenario, median, simulate } from "./support.mjs";

export const name = "growth";
export const unit = "times the wall time";
export const atMost = 1.3;

const ROWS = 300_000;
const WORKERS = 64;

/** Outputs ten times as long at a tenth of the rate, same number of requests: cost must not follow tokens. */
export async function run() {
  const wallS = (stretch) =>
    simulate(generatedScenario(WORKERS), { rows: generated(ROWS, WORKERS, stretch) }).wallS;
  wallS(1);
  wallS(10);
  const ratios = Array.from({ length: 5 }, () => {
    const short = wallS(1);
    return wallS(10) / short;
  });
  return { value: median(ratios), command: "npm run bench -- growth", details: { ratios } };
}
