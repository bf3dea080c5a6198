/** What the schema cannot say: rules between keys, as the engines themselves enforce them. */

import { checkExperts } from "./expert-checks.ts";
import { checkEncoders } from "./encoders/encoder-checks.ts";
import { checkRoles } from "./disagg/role-checks.ts";
import { checkFaults } from "./faults/fault-checks.ts";
import type { Problem } from "../core/index.ts";
import { checkRanks } from "./rank-checks.ts";
import { atPool, poolScenarios } from "./pool-scenarios.ts";
import { checkQueue } from "./queue-checks.ts";
import { checkRules } from "./routing-rules.ts";
import type { Scenario } from "./scenario.ts";
import { checkSlo } from "./slo-classes.ts";
import { BLOCKS_DEFAULT, ranksOf } from "./worker-knobs.ts";

/** The first broken rule between keys, `undefined` when all hold. */
export function crossCheck(scenario: Scenario): Problem | undefined {
  return (
    checkPools(scenario) ??
    checkEncoders(scenario) ??
    checkSource(scenario) ??
    checkTimes(scenario.traffic) ??
    checkQueue(scenario.router.queue) ??
    checkRules(scenario) ??
    checkAdapterPlaces(scenario) ??
    checkSlo(scenario)
  );
}

/** Each pool has to hold by itself. */
function checkPools(scenario: Scenario): Problem | undefined {
  const names = new Set<string>();
  for (const [index, { name }] of scenario.cluster.pools.entries()) {
    if (names.has(name)) {
      return {
        what: `two pools have the name ${JSON.stringify(name)}`,
        where: `cluster.pools.${String(index)}.name`,
        expected: "a name of its own for each pool",
      };
    }
    names.add(name);
  }
  for (const [index, pool] of poolScenarios(scenario).entries()) {
    const problem =
      checkEngine(pool) ??
      checkHardware(pool) ??
      checkRanks(pool) ??
      checkExtras(pool) ??
      checkExperts(pool);
    if (problem !== undefined) return atPool(scenario, index, problem);
  }
  return checkRoles(scenario) ?? checkFaults(scenario);
}

function checkEngine({ engine, model, gpu }: Scenario): Problem | undefined {
  if (engine.scheduler === "vllm" && engine.max_num_batched_tokens < engine.max_num_seqs) {
    // Source: vLLM's SchedulerConfig refuses to start with this setting.
    return {
      what: `max_num_batched_tokens ${String(engine.max_num_batched_tokens)} is below max_num_seqs`,
      where: "engine.max_num_batched_tokens",
      expected: `at least max_num_seqs = ${String(engine.max_num_seqs)}`,
      remedy: "raise max_num_batched_tokens or lower max_num_seqs",
    };
  }
  const misfit = checkScheduler(engine) ?? checkSpeculation(engine);
  if (misfit !== undefined) return misfit;
  const length = engine.max_model_len;
  // Blocks that a GPU's memory decides are known, and checked, with the hardware.
  const sized = model !== null && gpu !== null;
  const blocks = engine.num_gpu_blocks ?? (sized ? Infinity : BLOCKS_DEFAULT);
  const tooLong = lengthCheck(engine, blocks);
  if (tooLong !== undefined) return tooLong;
  if (
    engine.scheduler === "vllm" &&
    !engine.enable_chunked_prefill &&
    length !== null &&
    engine.max_num_batched_tokens < length
  ) {
    // Source: vLLM's SchedulerConfig: a prompt that may not be split has to fit in one step.
    return {
      what: "without chunked prefill a prompt of max_model_len does not fit in one step",
      where: "engine.max_num_batched_tokens",
      expected: `at least max_model_len = ${String(length)}`,
      remedy: "raise max_num_batched_tokens, or set enable_chunked_prefill: true",
    };
  }
  return undefined;
}

/** Keys that SGLang and TensorRT-LLM could not work with. */
function checkScheduler(engine: Scenario["engine"]): Problem | undefined {
  const { scheduler, block_size: block } = engine;
  if (scheduler !== "sglang" && scheduler !== "tensorrt_llm") return undefined;
  if (engine.watermark > 0) {
    return {
      what: `the ${scheduler} scheduler has no watermark`,
      where: "engine.watermark",
      expected: "0",
      remedy:
        scheduler === "sglang"
          ? "raise schedule_conservativeness instead"
          : "capacity_scheduler_policy: guaranteed_no_evict keeps more than a watermark free",
    };
  }
  if (scheduler === "sglang") {
    if (!engine.enable_chunked_prefill || engine.chunked_prefill_size % block === 0) {
      return undefined;
    }
    // Source: SGLang's ServerArgs asserts it.
    return {
      what: `chunked_prefill_size ${String(engine.chunked_prefill_size)} is no multiple of block_size`,
      where: "engine.chunked_prefill_size",
      expected: `a multiple of block_size = ${String(block)}`,
      remedy: "change one of the two",
    };
  }
  const least = Math.max(engine.max_num_seqs, block);
  if (engine.max_num_batched_tokens >= least) return undefined;
  return {
    what: `max_num_batched_tokens ${String(engine.max_num_batched_tokens)} is too small for a step`,
    where: "engine.max_num_batched_tokens",
    expected: `at least ${String(least)}: a token for each of max_num_seqs, and a block of a prompt`,
    remedy: "raise max_num_batched_tokens, or lower max_num_seqs",
  };
}

/** Adapters without an engine that serves them, and images without a model that sees them. */
function checkExtras({ engine, traffic, model, gpu }: Scenario): Problem | undefined {
  if (engine.lora !== null && engine.scheduler === "static") {
    return {
      what: "static batches know no adapters",
      where: "engine.lora",
      expected: "the scheduler vllm, sglang or tensorrt_llm",
    };
  }
  if (traffic.adapters !== null && engine.lora === null) {
    return {
      what: "requests ask for adapters, and the engine serves none",
      where: "traffic.adapters",
      expected: "engine.lora beside it",
      remedy: "add engine.lora: {max_loras: 8, max_lora_rank: 16}",
    };
  }
  if (traffic.images === null || (model !== null && gpu !== null)) return undefined;
  return {
    what: "requests bring images, and no model is named that could see them",
    where: "traffic.images",
    expected: "model: NAME of a model with a vision encoder, and gpu: NAME",
  };
}

/** Drafts that do not go together with their rates, the scheduler or the size of a step. */
function checkSpeculation(engine: Scenario["engine"]): Problem | undefined {
  const { speculation, scheduler } = engine;
  if (speculation === null) return undefined;
  if (scheduler === "static") {
    return {
      what: "static batches decode one token a step: the slowest request would hold back every draft",
      where: "engine.speculation",
      expected: "the scheduler vllm, sglang or tensorrt_llm",
    };
  }
  const { num_speculative_tokens: count, acceptance_rates: rates } = speculation;
  if (typeof rates !== "number" && rates.length !== count) {
    return {
      what: `${String(rates.length)} acceptance rates for ${String(count)} drafted tokens`,
      where: "engine.speculation.acceptance_rates",
      expected: "one rate for each of num_speculative_tokens, or one number for all",
      remedy: `set num_speculative_tokens: ${String(rates.length)}`,
    };
  }
  const least = engine.max_num_seqs * (count + 1);
  if (scheduler === "sglang" || engine.max_num_batched_tokens >= least) return undefined;
  return {
    what: `a full batch verifies ${String(least)} tokens, more than a step holds`,
    where: "engine.max_num_batched_tokens",
    expected: `at least max_num_seqs × (num_speculative_tokens + 1) = ${String(least)}`,
    remedy: "raise max_num_batched_tokens, or lower max_num_seqs",
  };
}

/** A longest request that a rank's pool of `blocks` cannot hold: vLLM refuses to start with it. */
export function lengthCheck(engine: Scenario["engine"], blocks: number): Problem | undefined {
  const length = engine.max_model_len;
  const capacity = blocks * engine.block_size;
  if (length === null || length <= capacity) return undefined;
  return {
    what: `max_model_len ${String(length)} does not fit in the KV cache`,
    where: "engine.max_model_len",
    expected: `at most num_gpu_blocks × block_size = ${String(capacity)} tokens`,
    remedy: "lower max_model_len or raise num_gpu_blocks",
  };
}

function checkHardware(scenario: Scenario): Problem | undefined {
  const { model, gpu, engine, cluster } = scenario;
  if (engine.step_time?.type === "kernels" && (model === null || gpu === null)) {
    return {
      what: "step times by kernels need a model and a GPU",
      where: "engine.step_time.type",
      expected: `${model === null ? "model" : "gpu"}: NAME beside it`,
      remedy: "name both, or choose another type of step time",
    };
  }
  const product = ranksOf(scenario);
  const given = cluster.gpus_per_worker;
  if (model === null || gpu === null || given === null || given === product) return undefined;
  return {
    what: `gpus_per_worker ${String(given)} is not what the parallelism of a worker takes`,
    where: "cluster.gpus_per_worker",
    expected: `${String(product)}, the product of its tensor, pipeline and data ranks`,
    remedy: `remove it, or set cluster.parallelism (for example tensor: ${String(given)})`,
  };
}

function checkSource(scenario: Scenario): Problem | undefined {
  const source = scenario.traffic.source;
  const where = "traffic.source";
  if (source.trace !== undefined && source.synth !== undefined) {
    return {
      what: "traffic has two sources: trace and synth",
      where,
      expected: "one of trace and synth",
      remedy: "remove one of them",
    };
  }
  if (source.synth === undefined && source.parameters !== undefined) {
    return {
      what: "parameters belong to a synthetic source, and none is named",
      where: `${where}.parameters`,
      expected: "traffic.source.synth beside parameters",
      remedy: "add synth: RECIPE, or remove parameters",
    };
  }
  if (source.synth !== undefined && source.format !== undefined) {
    return {
      what: "format belongs to a trace file, and the source is synthetic",
      where: `${where}.format`,
      remedy: "remove format",
    };
  }
  return undefined;
}

function checkTimes(traffic: Scenario["traffic"]): Problem | undefined {
  const { start_s: start, end_s: end, warmup_s: warmup, horizon_s: horizon } = traffic;
  if (end !== null && end <= start) {
    return {
      what: `the replayed window is empty: it starts at ${String(start)} s and ends at ${String(end)} s`,
      where: "traffic.end_s",
      expected: `more than start_s = ${String(start)}`,
      remedy: "raise end_s or lower start_s",
    };
  }
  if (horizon !== null && warmup >= horizon) {
    return {
      what: `the warm-up of ${String(warmup)} s leaves nothing to measure`,
      where: "traffic.warmup_s",
      expected: `less than horizon_s = ${String(horizon)}`,
      remedy: "shorten the warm-up or raise horizon_s",
    };
  }
  const arrivals = traffic.arrivals;
  if (arrivals.mode === "timestamps" && end !== null) {
    const replayed = (end - start) / arrivals.speedup;
    if (warmup >= replayed) {
      return {
        what: `the warm-up of ${String(warmup)} s covers the whole window`,
        where: "traffic.warmup_s",
        expected: `less than the ${String(replayed)} s that the window takes`,
        remedy: "shorten the warm-up or widen the window",
      };
    }
  }
  return undefined;
}

/** Workers of their own need adapters to serve. */
function checkAdapterPlaces({ router, traffic }: Scenario): Problem | undefined {
  if (router.adapter_replicas === null || traffic.adapters !== null) return undefined;
  return {
    what: "no requests ask for adapters that could have their own workers",
    where: "router.adapter_replicas",
    expected: "a scenario with traffic.adapters, or null",
    remedy: "set traffic.adapters: {count: 8} and engine.lora, or leave this out",
  };
}
