/** What `engine.backend` decides when a scenario leaves it open. */

/**
 * What each engine runs with when it is told nothing. Sources: vLLM's CacheConfig and AISimulate's default batch; SGLang's
 * page_size 1, and its bound of running requests, 2048 to 4096 by the size of the pool; TensorRT-LLM's PyTorch backend,
 * tokens_per_block 32 and max_batch_size 2048; Transformers has neither blocks nor a limit (assumption: vLLM's).
 */
const BACKENDS = {
  vllm: { scheduler: "vllm", block_size: 16, max_num_seqs: 256 },
  sglang: { scheduler: "sglang", block_size: 1, max_num_seqs: 2048 },
  trtllm: { scheduler: "tensorrt_llm", block_size: 32, max_num_seqs: 2048 },
  hf: { scheduler: "static", block_size: 16, max_num_seqs: 256 },
} as const;

type Backend = keyof typeof BACKENDS;
type Scheduler = (typeof BACKENDS)[Backend]["scheduler"];

type Chosen = {
  readonly scheduler: Scheduler;
  readonly block_size: number;
  readonly max_num_seqs: number;
};
type Open = { readonly [key in keyof Chosen]?: Chosen[key] | undefined };

/** The keys with every one that is open as the backend has it. */
export function withBackendDefaults<T extends Open & { readonly backend: Backend }>(
  keys: T,
): T & Chosen {
  const defaults = BACKENDS[keys.backend];
  return {
    ...keys,
    scheduler: keys.scheduler ?? defaults.scheduler,
    block_size: keys.block_size ?? defaults.block_size,
    max_num_seqs: keys.max_num_seqs ?? defaults.max_num_seqs,
  };
}

/** A pool's keys over the scenario's; another backend than the scenario's brings its own defaults. */
export function withOverrides<T extends Chosen & { readonly backend: Backend }>(
  base: T,
  overrides: Partial<Omit<T, keyof Chosen>> & Open & { readonly backend?: Backend | undefined },
): T {
  const backend = overrides.backend ?? base.backend;
  const rest = backend === base.backend ? base : { ...base, ...BACKENDS[backend] };
  const { scheduler, block_size, max_num_seqs, ...others } = overrides;
  return {
    ...rest,
    ...others,
    scheduler: scheduler ?? rest.scheduler,
    block_size: block_size ?? rest.block_size,
    max_num_seqs: max_num_seqs ?? rest.max_num_seqs,
  };
}
