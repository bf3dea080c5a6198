/** Attention and MLA tables → parameters. */
import type {
  ContextAttentionParams,
  DecodeAttentionParams,
  Fitted,
  KernelDevice,
  MlaDecodeParams,
} from "../../hardware/index.ts";
import { contextAttentionUs, decodeAttentionUs, mlaDecodeUs } from "../../hardware/index.ts";
import { crossValidate } from "./cross-validate.ts";
import type { LinearSolver } from "./robust-fit.ts";
import type { Table } from "./table.ts";

const US_PER_MS = 1000;
/** Cells of the table that real steps visit: not the degenerate corners (kernel notes §5.3). */
const HEAD_DIM = 128;
const DECODE_CONTEXT_MIN = 256;
const DECODE_BATCH_MAX = 512;
const GROUP_MAX = 32;
const PROMPT_MIN = 64;

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

type Rows = { readonly rows: Int32Array; readonly measured: Float64Array };

function select(table: Table, keep: (row: number) => boolean): Rows {
  const measured = table.numbers("latency_ms").map((ms) => ms * US_PER_MS);
  const rows: number[] = [];
  for (let i = 0; i < table.rows; i++) if (measured[i]! > 0 && keep(i)) rows.push(i);
  return { rows: Int32Array.from(rows), measured };
}

const CONTEXT_FREE = [
  { name: "compute", initial: 0.6, min: 0.05, max: 2 },
  { name: "memory", initial: 0.6, min: 0.05, max: 5 },
  { name: "fixedUs", initial: 11, min: 0.5, max: 60 },
  { name: "diagonal", initial: 1, min: 0.01, max: 20 },
];

function contextParams(at: Float64Array): ContextAttentionParams {
  return { compute: at[0]!, memory: at[1]!, fixedUs: at[2]!, diagonal: at[3]! };
}

/** Prefill attention for one cache format, head dimension 128, full causal. */
export function fitContextAttention(
  table: Table,
  kv: string,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<ContextAttentionParams> {
  const batch = table.numbers("batch_size");
  const isl = table.numbers("isl");
  const heads = table.numbers("num_heads");
  const kvHeads = table.numbers("num_kv_heads");
  const dim = table.numbers("head_dim");
  const window = table.numbers("window");
  const cache = table.text("kv_cache_dtype");
  const { rows, measured } = select(
    table,
    (i) =>
      dim[i] === HEAD_DIM && window[i] === 0 && isl[i]! >= PROMPT_MIN && cache[i] === KV_NAMES[kv],
  );
  const { values, residuals } = crossValidate({
    parameters: CONTEXT_FREE,
    predict: (at, i) =>
      contextAttentionUs(
        contextParams(at),
        {
          heads: heads[i]!,
          kvHeads: kvHeads[i]!,
          keyDim: HEAD_DIM,
          valueDim: HEAD_DIM,
          kvBytes: KV_BYTES[kv]!,
        },
        device,
        {
          requests: batch[i]!,
          newTokens: batch[i]! * isl[i]!,
          pastTokens: 0,
          pairs: (batch[i]! * isl[i]! * isl[i]!) / 2,
        },
        1,
      ),
    measured,
    rows,
    groupOf: (i) => heads[i]! * 1000 + kvHeads[i]!,
    solve,
  });
  return { params: contextParams(values), residuals };
}

/** Decode attention for one cache format, head dimension 128, full context. */
export function fitDecodeAttention(
  table: Table,
  kv: string,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<DecodeAttentionParams> {
  const batch = table.numbers("batch_size");
  const context = table.numbers("kv_len");
  const heads = table.numbers("num_heads");
  const kvHeads = table.numbers("num_kv_heads");
  const dim = table.numbers("head_dim");
  const window = table.numbers("window");
  const cache = table.text("kv_cache_dtype");
  const { rows, measured } = select(
    table,
    (i) =>
      dim[i] === HEAD_DIM &&
      window[i] === 0 &&
      cache[i] === KV_NAMES[kv] &&
      context[i]! >= DECODE_CONTEXT_MIN &&
      batch[i]! <= DECODE_BATCH_MAX &&
      heads[i]! / kvHeads[i]! <= GROUP_MAX,
  );
  const params = (at: Float64Array): DecodeAttentionParams => ({
    memory: at[0]!,
    fixedUs: at[1]!,
    waveUs: at[2]!,
    splitUs: at[3]!,
    power: at[4]!,
  });
  const { values, residuals } = crossValidate({
    parameters: [
      { name: "memory", initial: 0.9, min: 0.2, max: 1.2 },
      { name: "fixedUs", initial: 9, min: 1, max: 40 },
      { name: "waveUs", initial: 2, min: 0.05, max: 20 },
      { name: "splitUs", initial: 0.7, min: 0.01, max: 10 },
      { name: "power", initial: 2, min: 1, max: 8 },
    ],
    predict: (at, i) =>
      decodeAttentionUs(
        params(at),
        {
          heads: heads[i]!,
          kvHeads: kvHeads[i]!,
          keyDim: HEAD_DIM,
          valueDim: HEAD_DIM,
          kvBytes: KV_BYTES[kv]!,
        },
        device,
        batch[i]!,
        context[i]!,
      ),
    measured,
    rows,
    groupOf: (i) => heads[i]! * 1000 + kvHeads[i]!,
    solve,
  });
  return { params: params(values), residuals };
}

/** Prefill of expanded latent attention (192-wide keys, 128-wide values). */
export function fitContextMla(
  table: Table,
  kv: string,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<ContextAttentionParams> {
  const batch = table.numbers("batch_size");
  const isl = table.numbers("isl");
  const step = table.numbers("step");
  const heads = table.numbers("num_heads");
  const cache = table.text("kv_cache_dtype");
  const { rows, measured } = select(
    table,
    (i) => cache[i] === KV_NAMES[kv] && isl[i]! >= PROMPT_MIN && heads[i]! >= 8,
  );
  const { values, residuals } = crossValidate({
    parameters: CONTEXT_FREE,
    predict: (at, i) => {
      const tokens = batch[i]! * isl[i]!;
      return contextAttentionUs(
        contextParams(at),
        {
          heads: heads[i]!,
          kvHeads: heads[i]!,
          keyDim: MLA.nopeDim + MLA.ropeDim,
          valueDim: MLA.valueDim,
          kvBytes: 2,
        },
        device,
        {
          requests: batch[i]!,
          newTokens: tokens,
          pastTokens: batch[i]! * step[i]!,
          pairs: tokens * (step[i]! + isl[i]! / 2),
        },
        1,
      );
    },
    measured,
    rows,
    groupOf: (i) => heads[i]! * 1000 + batch[i]!,
    solve,
  });
  return { params: contextParams(values), residuals };
}

/** Absorbed latent decode attention for one cache format. */
export function fitDecodeMla(
  table: Table,
  kv: string,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<MlaDecodeParams> {
  const batch = table.numbers("batch_size");
  const isl = table.numbers("isl");
  const step = table.numbers("step");
  const heads = table.numbers("num_heads");
  const cache = table.text("kv_cache_dtype");
  const context = isl.map((value, i) => value + step[i]!);
  const { rows, measured } = select(
    table,
    (i) =>
      cache[i] === KV_NAMES[kv] &&
      context[i]! >= DECODE_CONTEXT_MIN &&
      batch[i]! <= DECODE_BATCH_MAX &&
      heads[i]! >= 8,
  );
  const params = (at: Float64Array): MlaDecodeParams => ({
    compute: at[0]!,
    memory: at[1]!,
    fixedUs: at[2]!,
    waveUs: at[3]!,
    power: at[4]!,
    splitUs: at[5]!,
    fewHeads: at[6]!,
  });
  const { values, residuals } = crossValidate({
    parameters: [
      { name: "compute", initial: 0.5, min: 0.02, max: 3 },
      { name: "memory", initial: 0.8, min: 0.1, max: 1.5 },
      { name: "fixedUs", initial: 12, min: 1, max: 40 },
      { name: "waveUs", initial: 1, min: 0.01, max: 40 },
      { name: "power", initial: 2, min: 1, max: 8 },
      { name: "splitUs", initial: 0.7, min: 0.01, max: 10 },
      { name: "fewHeads", initial: 1.2, min: 0.5, max: 2 },
    ],
    predict: (at, i) =>
      mlaDecodeUs(
        params(at),
        { heads: heads[i]!, kvRank: MLA.kvRank, ropeDim: MLA.ropeDim, kvBytes: KV_BYTES[kv]! },
        device,
        batch[i]!,
        context[i]!,
      ),
    measured,
    rows,
    groupOf: (i) => heads[i]! * 1000 + batch[i]!,
    solve,
  });
  return { params: params(values), residuals };
}
