/** Memory of the live prefix index: ten million distinct blocks by their hashes, on a thousand workers. */
import { BlockIndex } from "../../dist/policies/index.js";

export const name = "index-memory";
export const unit = "bytes per block";
export const atMost = 64;

const WORKERS = 1000;
const BLOCKS = 10_000_000;
/** Blocks of an event, and events of a conversation. */
const RUN = 40;
const TURNS = 5;

export async function run() {
  const index = new BlockIndex();
  const low = new Uint32Array(RUN);
  const high = new Uint32Array(RUN);
  let block = 0;
  let slowest = 0;
  const start = performance.now();
  while (block < BLOCKS) {
    const worker = block % WORKERS;
    let parent;
    for (let turn = 0; turn < TURNS; turn++) {
      for (let i = 0; i < RUN; i++, block++) {
        low[i] = Math.imul(block, 0x9e3779b1) >>> 0;
        high[i] = block;
      }
      const before = performance.now();
      index.stored(worker, 0, parent, { low, high, length: RUN });
      slowest = Math.max(slowest, performance.now() - before);
      parent = { low: low[RUN - 1], high: high[RUN - 1] };
    }
  }
  const wallS = (performance.now() - start) / 1000;
  const details = {
    distinctBlocks: index.tree.blocks,
    storedBlocksPerS: Math.round(BLOCKS / wallS),
    slowestEventMs: Number(slowest.toPrecision(3)),
  };
  return { value: index.bytes / BLOCKS, command: "npm run bench -- index-memory", details };
}
