/** Starts to move the keys and values of a request: those that have been computed, or those that a forward pass computes just now. */

import { knownTokens } from "../request-table.ts";
import { transferBytes } from "./handoff-parts.ts";
import type { HandoffParts } from "./handoff-parts.ts";
import type { HandoffStats } from "./handoff-stats.ts";
import {
  LEG_CONVERT_US,
  LEG_ENDS_US,
  LEG_MISSING,
  LEG_PREFILLED_US,
  LEG_SOURCE,
  LEG_TARGET,
  LEG_TRANSFER,
} from "./leg-table.ts";
import type { LegTable } from "./leg-table.ts";

const NONE = -1;

/** Nothing happens when the transfer is on its way already. True: the prompt is computed, and nothing of it has to move. */
export function beginTransfer(
  { rules, table, workers, links, layouts }: HandoffParts,
  legs: LegTable,
  stats: HandoffStats,
  slot: number,
  nowUs: number,
): boolean {
  const { data } = legs;
  const at = legs.at(slot);
  if (data[at + LEG_TRANSFER] !== NONE) return false;
  const isMade = !Number.isNaN(data[at + LEG_PREFILLED_US]!);
  const source = data[at + LEG_SOURCE]!;
  const target = data[at + LEG_TARGET]!;
  const known = knownTokens(table, slot);
  const { blockSize } = workers[target]!.batch;
  const all = Math.ceil(known / blockSize);
  const blocks = rules.isWhole ? all : data[at + LEG_MISSING]!;
  const bytes = transferBytes(rules, known, blocks * blockSize);
  // Where nothing has to move, the prompt has still to be computed.
  if (bytes === 0 && !isMade) return false;
  stats.transfer(bytes, blocks, all);
  if (bytes === 0) return true;
  const endUs = isMade ? NaN : data[at + LEG_ENDS_US]!;
  data[at + LEG_CONVERT_US] = layouts.timeUs(source, target, bytes);
  data[at + LEG_TRANSFER] = links.start(source, target, bytes, blocks, slot, nowUs, endUs);
  return false;
}
