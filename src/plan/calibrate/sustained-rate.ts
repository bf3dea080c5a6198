/**
 * What 8-bit products reach at the power cap, from the tables of the power campaign. Looked for after
 * prompt-heavy fp8 runs (TensorRT-LLM at maximum load) came out too quick; nothing is fitted to runs.
 */
import { quantileOf } from "./cross-validate.ts";
import type { Table } from "./table.ts";

export const POWER_COLUMNS = "dtype,m,n,k,latency_ms".split(",");

/** Products from here on fill the GPU and last, so that no launch, no half-empty wave weighs (assumption). */
const LARGE = 4096;
const WIDE = 16_384;
const MS_PER_S = 1000;
/** Per-tensor rows where a campaign has them, else block-scaled ones: both draw the cap's power. */
const FORMATS = ["fp8", "fp8_block"];

/**
 * FLOP/s by which 8-bit products grow with their columns, median over large row counts and depths:
 * without the rows' quantisation, which is the same however many columns follow. Undefined when the
 * table has none.
 */
export function sustainedFp8FlopPerS(table: Table): number | undefined {
  const formats = table.text("dtype");
  const [m, n, k] = [table.numbers("m"), table.numbers("n"), table.numbers("k")];
  const seconds = table.numbers("latency_ms").map((ms) => ms / MS_PER_S);
  for (const format of FORMATS) {
    const wide = new Map<string, number>();
    const rows = formats.flatMap((name, row) => (name === format ? [row] : []));
    for (const row of rows) if (n[row] === WIDE) wide.set(`${m[row]}/${k[row]}`, seconds[row]!);
    const rates = rows.flatMap((row) => {
      const end = wide.get(`${m[row]}/${k[row]}`);
      if (n[row] !== LARGE || !(m[row]! >= LARGE && k[row]! >= LARGE) || end === undefined)
        return [];
      return [(2 * m[row]! * k[row]! * (WIDE - LARGE)) / (end - seconds[row]!)];
    });
    if (rates.length > 0) return quantileOf(Float64Array.from(rates).sort(), 0.5);
  }
  return undefined;
}
