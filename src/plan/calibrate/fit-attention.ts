/** Attention and MLA tables → parameters. */
import type {
  ContextAttentionParams,
  DecodeAttentionParams,
  Fitted,
  KernelDevice,
  MlaDecodeParams,
} from "../../hardware/index.ts";
import { contextAttentionUs, decodeAttentionUs, mlaDecodeUs } from "../../hardware/index.ts";
import { fitKernel, rowsWhere } from "./fit-kernel.ts";
import type { LinearSolver } from "./robust-fit.ts";
import type { Table } from "./table.ts";

/** Cells of the table that real steps visit: not the degenerate corners (kernel notes §5.3). */
const HEAD_DIM = 128;
const DECODE_CONTEXT_MIN = 256;
const DECODE_BATCH_MAX = 512;
const GROUP_MAX = 32;
const PROMPT_MIN = 64;
const MLA_HEADS_MIN = 8;

/** DeepSeek's head: what the MLA tables were measured with. */
const MLA = { kvRank: 512, ropeDim: 64, nopeDim: 128, valueDim: 128 };

export const CONTEXT_COLUMNS =
  "kv_cache_dtype,head_dim,window,batch_size,isl,num_heads,num_kv_heads,latency_ms".split(",");

export const DECODE_COLUMNS =
  "kv_cache_dtype,head_dim,window,batch_size,kv_len,num_heads,num_kv_heads,latency_ms".split(",");

export const MLA_COLUMNS =
  "mla_dtype,kv_cache_dtype,num_heads,batch_size,isl,step,latency_ms".split(",");

/** Table names of cache formats. */
export const KV_NAMES: Readonly<Record<string, string>> = { bf16: "bfloat16", fp8: "fp8" };

const KV_BYTES: Readonly<Record<string, number>> = { bf16: 2, fp8: 1 };

/** The columns of a table with grouped heads, and the rows of full causal attention at its usual width. */
function groupedHeads(table: Table, kv: string) {
  const heads = table.numbers("num_heads");
  const kvHeads = table.numbers("num_kv_heads");
  const dim = table.numbers("head_dim");
  const window = table.numbers("window");
  const cache = table.text("kv_cache_dtype");
  return {
    batch: table.numbers("batch_size"),
    groupSize: (i: number): number => heads[i]! / kvHeads[i]!,
    isUsual: (i: number): boolean =>
      dim[i] === HEAD_DIM && window[i] === 0 && cache[i] === KV_NAMES[kv],
    shape: (i: number) => ({
      heads: heads[i]!,
      kvHeads: kvHeads[i]!,
      keyDim: HEAD_DIM,
      valueDim: HEAD_DIM,
      kvBytes: KV_BYTES[kv]!,
    }),
    groupOf: (i: number): number => heads[i]! * 1000 + kvHeads[i]!,
  };
}

/** The columns of a table of latent attention, and the rows of whole tensor-parallel shares of its heads. */
function latentHeads(table: Table, kv: string) {
  const heads = table.numbers("num_heads");
  const batch = table.numbers("batch_size");
  const cache = table.text("kv_cache_dtype");
  return {
    heads,
    batch,
    isl: table.numbers("isl"),
    step: table.numbers("step"),
    isUsual: (i: number): boolean => cache[i] === KV_NAMES[kv] && heads[i]! >= MLA_HEADS_MIN,
    groupOf: (i: number): number => heads[i]! * 1000 + batch[i]!,
  };
}

const CONTEXT_PARAMETERS = {
  compute: { initial: 0.6, min: 0.05, max: 2 },
  memory: { initial: 0.6, min: 0.05, max: 5 },
  fixedUs: { initial: 11, min: 0.5, max: 60 },
  diagonal: { initial: 1, min: 0.01, max: 20 },
};

/** Prefill attention for one cache format, head dimension 128, full causal. */
export function fitContextAttention(
  table: Table,
  kv: string,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<ContextAttentionParams> {
  const { batch, isUsual, shape, groupOf } = groupedHeads(table, kv);
  const isl = table.numbers("isl");
  return fitKernel<ContextAttentionParams>(
    table,
    {
      parameters: CONTEXT_PARAMETERS,
      predictUs: (params, i) => {
        const load = {
          requests: batch[i]!,
          newTokens: batch[i]! * isl[i]!,
          pastTokens: 0,
          pairs: (batch[i]! * isl[i]! * isl[i]!) / 2,
        };
        return contextAttentionUs(params, shape(i), device, load, 1);
      },
      rows: rowsWhere(table, (i) => isUsual(i) && isl[i]! >= PROMPT_MIN),
      groupOf,
    },
    solve,
  );
}

/**
 * Decode attention for one cache format, head dimension 128, full context: of heads that share keys, or
 * of heads that each have their own (`grouped` false), which another kernel serves.
 */
export function fitDecodeAttention(
  table: Table,
  kv: string,
  grouped: boolean,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<DecodeAttentionParams> {
  const { batch, groupSize, isUsual, shape, groupOf } = groupedHeads(table, kv);
  const context = table.numbers("kv_len");
  return fitKernel<DecodeAttentionParams>(
    table,
    {
      parameters: {
        memory: { initial: 0.9, min: 0.2, max: 1.2 },
        fixedUs: { initial: 9, min: 1, max: 40 },
        waveUs: { initial: 2, min: 0.05, max: 20 },
        splitUs: { initial: 0.7, min: 0.01, max: 10 },
        rampUs: { initial: 5, min: 0.01, max: 60 },
        power: { initial: 2, min: 1, max: 8 },
      },
      predictUs: (params, i) => decodeAttentionUs(params, shape(i), device, batch[i]!, context[i]!),
      rows: rowsWhere(
        table,
        (i) =>
          isUsual(i) &&
          context[i]! >= DECODE_CONTEXT_MIN &&
          batch[i]! <= DECODE_BATCH_MAX &&
          groupSize(i) <= GROUP_MAX &&
          groupSize(i) > 1 === grouped,
      ),
      groupOf,
    },
    solve,
  );
}

/** Prefill of expanded latent attention (192-wide keys, 128-wide values). */
export function fitContextMla(
  table: Table,
  kv: string,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<ContextAttentionParams> {
  const { heads, batch, isl, step, isUsual, groupOf } = latentHeads(table, kv);
  return fitKernel<ContextAttentionParams>(
    table,
    {
      parameters: CONTEXT_PARAMETERS,
      predictUs: (params, i) => {
        const shape = {
          heads: heads[i]!,
          kvHeads: heads[i]!,
          keyDim: MLA.nopeDim + MLA.ropeDim,
          valueDim: MLA.valueDim,
          kvBytes: 2,
        };
        const tokens = batch[i]! * isl[i]!;
        const load = {
          requests: batch[i]!,
          newTokens: tokens,
          pastTokens: batch[i]! * step[i]!,
          pairs: tokens * (step[i]! + isl[i]! / 2),
        };
        return contextAttentionUs(params, shape, device, load, 1);
      },
      rows: rowsWhere(table, (i) => isUsual(i) && isl[i]! >= PROMPT_MIN),
      groupOf,
    },
    solve,
  );
}

/** Absorbed latent decode attention for one cache format. */
export function fitDecodeMla(
  table: Table,
  kv: string,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<MlaDecodeParams> {
  const { heads, batch, isl, step, isUsual, groupOf } = latentHeads(table, kv);
  const context = isl.map((value, i) => value + step[i]!);
  return fitKernel<MlaDecodeParams>(
    table,
    {
      parameters: {
        compute: { initial: 0.5, min: 0.02, max: 3 },
        memory: { initial: 0.8, min: 0.1, max: 1.5 },
        fixedUs: { initial: 12, min: 1, max: 40 },
        waveUs: { initial: 1, min: 0.01, max: 40 },
        power: { initial: 2, min: 1, max: 8 },
        splitUs: { initial: 0.7, min: 0.01, max: 10 },
        fewHeads: { initial: 1.2, min: 0.5, max: 2 },
      },
      predictUs: (params, i) => {
        const shape = {
          heads: heads[i]!,
          kvRank: MLA.kvRank,
          ropeDim: MLA.ropeDim,
          kvBytes: KV_BYTES[kv]!,
        };
        return mlaDecodeUs(params, shape, device, batch[i]!, context[i]!);
      },
      rows: rowsWhere(
        table,
        (i) => isUsual(i) && context[i]! >= DECODE_CONTEXT_MIN && batch[i]! <= DECODE_BATCH_MAX,
      ),
      groupOf,
    },
    solve,
  );
}
