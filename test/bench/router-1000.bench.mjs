/** A KV-aware decision among a thousand workers with ten million blocks in the index. */
import { decisionUs, fullRouter } from "./routers-setup.mjs";

export const name = "router-1000";
export const unit = "µs per decision (choose, book, release)";
export const atMost = 60;

export async function run() {
  const details = {};
  for (const policy of ["dynamo_kv", "headworks"]) {
    const router = fullRouter(policy, 1000, 10_000_000);
    details[policy] = Number(decisionUs(router, 3_000).toPrecision(3));
    details.blocks = router.state.index.blocks;
  }
  const value = Math.max(details.dynamo_kv, details.headworks);
  return { value, command: "npm run bench -- router-1000", details };
}
