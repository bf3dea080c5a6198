/**
 * Attention of engines whose tables are not in the data folder but whose fits are: `fit_gen.csv` and
 * `fit_attn.csv` hold, for the tables of vLLM and SGLang, parameters of the very forms of
 * `decodeAttentionUs` and `contextAttentionUs` (kernel notes §5.3).
 */
import type {
  ContextAttentionParams,
  DecodeAttentionParams,
  Fits,
  Fitted,
} from "../../hardware/index.ts";
import { KV_NAMES } from "./fit-attention.ts";
import type { Table } from "./table.ts";

export const ENGINE_DECODE_COLUMNS =
  "system,backend,version,kv,n,em,t0us,c_us_wave,u0,pw,med,p90".split(",");
export const ENGINE_CONTEXT_COLUMNS =
  "kind,system,backend,version,attn,kv,n,ec,em,t0us,d,med,p90".split(",");

/** Versions whose fits are taken: those of the other tables (data's notes on sources). */
const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  vllm: ["0.24.0", "0.14.0"],
  sglang: ["0.5.14"],
};

/** Smoothness beyond which a maximum is sharp; the fits go up to 36 where it does not matter. */
const POWER_MAX = 8;
const DIGITS = 4;

type Row = (column: string) => string;

function rounded(cell: string): number {
  return Number(Number(cell).toPrecision(DIGITS));
}

/** Five parameters at most stand for thousands of rows: what was held out errs as the rest does. */
function fittedOf<T>(params: T, row: Row): Fitted<T> {
  const [median, p90] = [rounded(row("med")), rounded(row("p90"))];
  const rows = Number(row("n"));
  return { params, residuals: { rows, median, p90, heldOutMedian: median, heldOutP90: p90 } };
}

function cacheName(name: string): string | undefined {
  return Object.keys(KV_NAMES).find((key) => KV_NAMES[key] === name);
}

/** Fits of a system by engine and cache format: "vllm/fp8". */
function collect<T>(
  table: Table,
  system: string,
  take: (row: Row) => boolean,
  paramsOf: (row: Row) => T,
): Fits<T> {
  const fits: Record<string, Fitted<T>> = {};
  for (let i = 0; i < table.rows; i++) {
    const row: Row = (column) => table.text(column)[i] ?? "";
    const engine = row("backend");
    const cache = cacheName(row("kv"));
    if (row("system") !== system || cache === undefined || !take(row)) continue;
    if (VERSIONS[engine]?.includes(row("version")) !== true) continue;
    fits[`${engine}/${cache}`] = fittedOf(paramsOf(row), row);
  }
  return fits;
}

/** Decode attention of the engines' own kernels. */
export function engineDecodeAttention(table: Table, system: string): Fits<DecodeAttentionParams> {
  return collect(
    table,
    system,
    () => true,
    (row) => ({
      memory: rounded(row("em")),
      fixedUs: rounded(row("t0us")),
      waveUs: rounded(row("c_us_wave")),
      splitUs: rounded(row("u0")),
      rampUs: 0,
      power: Math.min(POWER_MAX, rounded(row("pw"))),
    }),
  );
}

/**
 * Prompt attention of the engines' own kernels. With an fp8 cache vLLM keeps the products in bf16, and
 * SGLang computes them in fp8.
 */
export function engineContextAttention(table: Table, system: string): Fits<ContextAttentionParams> {
  return collect(
    table,
    system,
    (row) => row("kind") === "ctx" && (row("backend") !== "sglang" || row("attn") === row("kv")),
    (row) => ({
      compute: rounded(row("ec")),
      memory: rounded(row("em")),
      fixedUs: rounded(row("t0us")),
      diagonal: rounded(row("d")),
    }),
  );
}
