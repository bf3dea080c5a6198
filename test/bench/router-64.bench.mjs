/** A KV-aware decision among 64 workers with a million blocks in the index. */
import { decisionUs, fullRouter } from "./routers-setup.mjs";

export const name = "router-64";
export const unit = "µs per decision (choose, book, release)";
export const atMost = 5;

export async function run() {
  const details = {};
  for (const policy of ["dynamo_kv", "headworks"]) {
    const router = fullRouter(policy, 64, 1_000_000);
    details[policy] = Number(decisionUs(router, 20_000).toPrecision(3));
    details.blocks = router.state.index.blocks;
  }
  const value = Math.max(details.dynamo_kv, details.headworks);
  return { value, command: "npm run bench -- router-64", details };
}
