/** What the benchmarks share: the conversation trace, scenarios, and a run of the engine alone. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { problemText } from "../../dist/core/index.js";
import { createSimulation, scenarioSchema } from "../../dist/sim/index.js";
import { importTrace, parametricRecipe, rowSource } from "../../dist/trace/index.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DATA = process.env.HEADWORKS_DATA ?? join(ROOT, "..", "shared", "data");
const CONVERSATION = join(DATA, "traces", "mooncake-fast25", "conversation_trace.jsonl.gz");

/** The real Mooncake hour where the data is at hand, else the bundled trace of the same kind. */
export function conversationFile() {
  return existsSync(CONVERSATION) ? CONVERSATION : join(ROOT, "traces/conversation-small.jsonl.gz");
}

export function value(result) {
  if (!result.ok) throw new Error(problemText(result.problem));
  return result.value;
}

export function conversationTrace() {
  return value(importTrace(gunzipSync(readFileSync(conversationFile())), { name: "conversation" }));
}

/** The setting NVIDIA quotes for its simulator: 8 workers, blocks of 512 tokens, polynomial timing. */
export const REPLAY = {
  cluster: { workers: 8 },
  engine: {
    block_size: 512,
    num_gpu_blocks: 16384,
    max_num_seqs: 256,
    max_num_batched_tokens: 8192,
    step_time: { type: "polynomial", mixed: "sum" },
  },
};

/** Simulates to the end; `wallS` is the simulation alone. */
export function simulate(document, inputs, options = {}) {
  const scenario = scenarioSchema.parse(document);
  const simulation = value(createSimulation({ scenario, ...inputs }, options));
  const start = performance.now();
  while (simulation.advance(10_000_000));
  return simulation.finish((performance.now() - start) / 1000).report;
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Wall times of `runs` runs of `run` after one that warms up. */
export function wallTimes(runs, run) {
  run();
  return Array.from({ length: runs }, () => run().wallS);
}

// Requests a worker takes a second at about full use of the polynomial engine.
const PER_WORKER_PER_S = 4;

/**
 * Requests without block ids: lognormal lengths, mean input about 1,100 and output about 210 tokens.
 * `stretch` multiplies the outputs and divides the rate, so that utilisation stays.
 */
export function generated(rows, workers, stretch = 1) {
  const recipe = parametricRecipe({
    arrivals: { kind: "poisson", perS: (PER_WORKER_PER_S * workers) / stretch },
    input: { kind: "lognormal-mean", mean: 1100, p50: 750, max: 32_768 },
    output: {
      kind: "lognormal-mean",
      mean: 210 * stretch,
      p50: 150 * stretch,
      max: 4096 * stretch,
    },
    durationS: 1e9,
  });
  return value(rowSource(recipe, { seed: 1, rows }));
}

export function generatedScenario(workers) {
  return {
    cluster: { workers },
    engine: { block_size: 16, num_gpu_blocks: 32768 },
  };
}
