/**
 * The offload contract: which runs of blocks are copied to the next tier down. The tier asks when blocks are new above
 * (write-through) or about to be lost there (on-evict).
 */

import type { PolicyMeta } from "../meta.ts";

export interface Offload {
  /** Whether blocks that the target has, or is being sent, are sent again. */
  readonly sendsPresent: boolean;
  /** A request asks for `blocks` blocks of a node of the prefix forest. */
  asked?(node: number, blocks: number): void;
  /** Whether a run of this node may go down. */
  passes(node: number): boolean;
}

export type OffloadPolicy = {
  readonly meta: PolicyMeta;
  readonly create: (capacityBlocks: number, knobs: Readonly<Record<string, number>>) => Offload;
};
