import { problemText } from "../../dist/core/index.js";
import { loadHardware } from "../../dist/cli/load-hardware.js";
import { resolveEngine, scenarioSchema } from "../../dist/sim/index.js";
import { generated, median, simulate, value } from "./support.mjs";

export const name = "kernels-vs-linear";
export const unit = "times the wall time";
export const atMost = 1.3;

const ROWS = 1_000_000;
const WORKERS = 64;
const PAIRS = 5;

const KERNELS = {
  model: "llama-3.1-8b",
  gpu: "h100-sxm",
  cluster: { workers: WORKERS },
};

/** A million requests with the kernels step times against linear ones of the same speed; pairs in turn. */
export async function run() {
  const hardware = value(await loadHardware(scenarioSchema.parse(KERNELS), []));
  const { model, knobs } = resolved(hardware);
  const linear = {
    cluster: { workers: WORKERS },
    engine: { num_gpu_blocks: knobs.num_gpu_blocks, step_time: linearLike(model) },
  };
  const withKernels = () =>
    simulate(KERNELS, { hardware, rows: generated(ROWS, WORKERS) }, { requests: true });
  const withLinear = () => simulate(linear, { rows: generated(ROWS, WORKERS) }, { requests: true });
  const [first, second] = [withKernels(), withLinear()];
  const ratios = Array.from({ length: PAIRS }, () => withKernels().wallS / withLinear().wallS);
  return {
    value: median(ratios),
    command: "npm run bench -- kernels-vs-linear",
    details: {
      ratios,
      kernels: facts(first),
      linear: facts(second),
    },
  };
}

/** That both do about the same work. */
function facts({ wallS, events, batch }) {
  return { wallS, events, steps: batch.steps, meanBatch: batch.meanSize };
}

function resolved(hardware) {
  const engine = resolveEngine(scenarioSchema.parse(KERNELS), { hardware });
  if (!engine.ok) throw new Error(problemText(engine.problem));
  return engine.value;
}

/** Coefficients that meet the model at steps of the size this load makes. */
function linearLike(model) {
  const at = (decodeRequests, context, prefillTokens) =>
    model.stepUs({
      prefillRequests: prefillTokens > 0 ? 1 : 0,
      prefillTokens,
      prefillPastTokens: 0,
      prefillPairs: (prefillTokens * prefillTokens) / 2,
      decodeRequests,
      decodeContextTokens: decodeRequests * context,
    });
  const perContext = (at(8, 2000, 0) - at(8, 1000, 0)) / 8000;
  const perToken = (at(8, 1000, 2000) - at(8, 1000, 1000)) / 1000;
  const perRequest = (at(16, 1000, 0) - at(8, 1000, 0)) / 8 - perContext * 1000;
  return {
    type: "linear",
    base_us: at(8, 1000, 0) - 8 * perRequest - 8000 * perContext,
    prefill_fixed_us: Math.max(0, at(8, 1000, 1000) - at(8, 1000, 0) - 1000 * perToken),
    token_us: perToken,
    decode_request_us: Math.max(0, perRequest - perToken),
    decode_context_us: perContext,
  };
}
