/** Decode batches run in CUDA graphs of few sizes and are padded up to the next. */

/**
 * Rows a batch of `rows` is padded to, or `rows` above `max`, the largest graph. `sizes` are those of
 * the graphs, ascending, where an engine's are known; else 1, 2, 4, then multiples of 8 up to 256, then
 * of 16: vLLM's cudagraph_capture_sizes. A `max` of 0 means no graphs.
 */
export function graphRows(rows: number, max: number, sizes?: readonly number[]): number {
  if (rows > max || rows <= 2) return rows;
  if (sizes !== undefined) return Math.min(sizes.find((size) => size >= rows) ?? max, max);
  if (rows <= 4) return Math.min(4, max);
  if (rows <= 256) return Math.min((rows + 7) & ~7, max);
  return Math.min((rows + 15) & ~15, max);
}
