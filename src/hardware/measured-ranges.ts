/**
 * The domain that each kind of kernel was fitted on, by system: limits of the measured tables (AIConfigurator 0.11 at commit
 * 095f58a51, 2026-08-21; their smallest and largest values, read 2026-11-21). Beyond them the closed forms are extrapolated.
 */

import type { Attention, Ffn, ModelCard } from "./model-card.ts";

/** What a run can have more of than was measured. */
export type MeasuredQuantity =
  "stepTokens" | "expertTokens" | "promptTokens" | "decodeRequests" | "contextTokens";

/** Most of a quantity that kernels of a kind were measured with. */
export type MeasuredRange = {
  readonly kernels: string;
  readonly quantity: MeasuredQuantity;
  readonly most: number;
};

/** Rows of matrix products. */
const PRODUCT_ROWS = 32_768;
const PRODUCT_ROWS_OF: Readonly<Record<string, number>> = { a100_sxm: 8192 };
const EXPERT_TOKENS = 16_384;
/** New tokens of a prompt. */
const PROMPT_TOKENS = { gqa: 16_384, mla: 32_768 };
const DECODE_REQUESTS = 1024;
const CONTEXT_TOKENS = 131_072;

/** The limits that matter for a model on a system, one for each kind of kernel. */
export function measuredRanges(system: string, { groups }: ModelCard): readonly MeasuredRange[] {
  const rows = PRODUCT_ROWS_OF[system] ?? PRODUCT_ROWS;
  const found: MeasuredRange[] = [
    { kernels: "matrix products", quantity: "stepTokens", most: rows },
  ];
  if (groups.some(({ ffn }) => ffn.kind === "moe")) {
    found.push({ kernels: "experts", quantity: "expertTokens", most: EXPERT_TOKENS });
  }
  for (const kind of ["gqa", "mla"] as const) {
    if (!groups.some(({ attention }) => attention.kind === kind)) continue;
    const name = kind === "gqa" ? "attention" : "latent attention";
    found.push(
      { kernels: `prompt ${name}`, quantity: "promptTokens", most: PROMPT_TOKENS[kind] },
      { kernels: `decode ${name}`, quantity: "decodeRequests", most: DECODE_REQUESTS },
      { kernels: `decode ${name}`, quantity: "contextTokens", most: CONTEXT_TOKENS },
    );
  }
  return found;
}

type Limits = readonly [least: number, most: number];

const HEAD_DIMS: Limits = [64, 256];
const HEAD_DIMS_OF: Readonly<Record<string, Limits>> = { a100_sxm: [128, 128] };
const EXPERTS = {
  width: [2048, 7168],
  inter: [512, 14_336],
  topK: [2, 10],
  experts: [8, 512],
} as const satisfies Readonly<Record<string, Limits>>;

function isWithin(value: number, [least, most]: Limits): boolean {
  return value >= least && value <= most;
}

/** Shapes of one group of layers that lie outside those measured, in words. */
export function shapesBeyond(
  system: string,
  hidden: number,
  attention: Attention,
  ffn: Ffn,
): readonly string[] {
  const found: string[] = [];
  const dims = HEAD_DIMS_OF[system] ?? HEAD_DIMS;
  if (attention.kind === "gqa" && !isWithin(attention.headDim, dims)) {
    found.push(`attention heads of ${attention.headDim}`);
  }
  if (ffn.kind === "dense") return found;
  const { experts, topK, inter } = ffn;
  const isMeasured =
    isWithin(hidden, EXPERTS.width) &&
    isWithin(inter, EXPERTS.inter) &&
    isWithin(topK, EXPERTS.topK) &&
    isWithin(experts, EXPERTS.experts);
  if (!isMeasured) found.push(`experts of ${hidden} × ${inter}, ${topK} of ${experts}`);
  return found;
}
