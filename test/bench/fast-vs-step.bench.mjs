import { conversationTrace, median, REPLAY, simulate } from "./support.mjs";

export const name = "fast-vs-step";
export const unit = "times faster";
export const atLeast = 5;

const STRETCH = 10;
const STRETCHED_AT_LEAST = 15;

/** Fast-forward against --step-by-step on the conversation hour, and with outputs ten times as long. */
export async function run() {
  const trace = conversationTrace();
  const longer = { ...trace, outputTokens: trace.outputTokens.map((n) => n * STRETCH) };
  const stretched = {
    ...REPLAY,
    traffic: { arrivals: { mode: "timestamps", speedup: 1 / STRETCH } },
  };
  const plain = speedUp(REPLAY, trace);
  const long = speedUp(stretched, longer);
  if (long < STRETCHED_AT_LEAST) {
    throw new Error(`${long} times faster with outputs × ${STRETCH}, not ${STRETCHED_AT_LEAST}`);
  }
  return {
    value: plain,
    command: "npm run bench -- fast-vs-step",
    details: { outputsTimesTen: long, outputsTimesTenAtLeast: STRETCHED_AT_LEAST },
  };
}

function speedUp(document, trace) {
  const fast = () => simulate(document, { trace });
  const digest = fast().digest;
  const fastS = median([fast().wallS, fast().wallS, fast().wallS, fast().wallS, fast().wallS]);
  const steps = simulate(document, { trace }, { stepByStep: true });
  if (steps.digest !== digest) throw new Error(`digests differ: ${digest}, ${steps.digest}`);
  return steps.wallS / fastS;
}
