import { findRecipe, rowSource } from "../../dist/trace/index.js";
import { simulate, value } from "./support.mjs";

export const name = "week";
export const unit = "MiB of peak memory";
export const atMost = 512;

const WORKERS = 64;
const SEED = 1;

/** The Azure-2024-like week, generated on the fly: it must finish, in memory bounded by what is in flight. */
export async function run() {
  const recipe = value(findRecipe("azure-week"));
  const rows = value(rowSource(recipe, { seed: SEED }));
  const document = {
    cluster: { workers: WORKERS },
    engine: { block_size: 16, num_gpu_blocks: 32768 },
  };
  const report = simulate(document, { rows });
  const { offered, completed, rejected } = report.requests;
  if (completed + rejected !== offered) throw new Error(`${completed} of ${offered} completed`);
  return {
    value: process.resourceUsage().maxRSS / 1024,
    command:
      "headworks run --set traffic.source.synth=azure-week --set cluster.workers=64 --no-requests",
    details: { requests: offered, wallS: report.wallS, requestsPerS: offered / report.wallS },
  };
}
