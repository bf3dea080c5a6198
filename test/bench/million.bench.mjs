import { generated, generatedScenario, median, simulate } from "./support.mjs";

export const name = "million";
export const unit = "requests/s";
export const atLeast = 300_000;

const ROWS = 1_000_000;
const WORKERS = 64;
const BYTES_PER_REQUEST = 200;

/** A million generated requests on 64 workers, results kept for each; median of 3 after a warm-up. */
export async function run() {
  const once = () =>
    simulate(generatedScenario(WORKERS), { rows: generated(ROWS, WORKERS) }, { requests: true });
  const before = peakBytes();
  const first = once();
  const bytesPerRequest = (peakBytes() - before) / ROWS;
  const wallS = median([once().wallS, once().wallS, once().wallS]);
  if (bytesPerRequest > BYTES_PER_REQUEST) {
    throw new Error(`${bytesPerRequest} bytes of peak memory a request, not ${BYTES_PER_REQUEST}`);
  }
  return {
    value: ROWS / wallS,
    command: "npm run bench -- million",
    details: {
      bytesPerRequest: Math.round(bytesPerRequest),
      bytesPerRequestAtMost: BYTES_PER_REQUEST,
      meanBatch: first.batch.meanSize,
      digest: first.digest,
    },
  };
}

/** Peak resident memory of this process so far, bytes. */
function peakBytes() {
  globalThis.gc?.();
  return process.resourceUsage().maxRSS * 1024;
}
