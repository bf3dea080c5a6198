/** The conversation trace behind Dynamo's KV router on 64 workers, eight times as fast as recorded: requests a second. */
import { conversationTrace, median, REPLAY, simulate, wallTimes } from "./support.mjs";

export const name = "kv-aware";
export const unit = "requests simulated per second";
export const atLeast = 50_000;

export async function run() {
  const trace = conversationTrace();
  const document = {
    ...REPLAY,
    cluster: { workers: 64 },
    engine: { ...REPLAY.engine, block_size: 16 },
    traffic: { arrivals: { mode: "timestamps", speedup: 8 } },
  };
  const details = { cachedShare: {} };
  const rate = (policy) => {
    const once = () => simulate({ ...document, router: { policy } }, { trace });
    details.cachedShare[policy] = Number(once().kv.hitRate.toPrecision(3));
    return trace.rows / median(wallTimes(5, once));
  };
  details.headworks = Math.round(rate("headworks"));
  details.roundRobin = Math.round(rate("round_robin"));
  const command = "npm run bench -- kv-aware";
  return { value: rate("dynamo_kv"), command, details };
}
