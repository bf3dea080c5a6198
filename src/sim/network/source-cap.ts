/**
 * Layer-wise overlap: while a forward pass still makes the bytes, a transfer moves no faster than they are made. The cap is lifted when the
 * source ends; what contention delayed is caught up then.
 */

import type { FlowTable } from "./flow-table.ts";

/** `sourceEndUs` of a flow whose bytes are all there. */
export const NO_SOURCE = -1;

/** Caps a flow by the rate at which its source makes bytes evenly until `sourceEndUs`, the last of `layers` parts at that instant. */
export function capBySource(flows: FlowTable, flow: number, nowUs: number, layers: number): void {
  const spanUs = flows.sourceEndUs[flow]! - nowUs;
  if (spanUs <= 0 || layers <= 1) {
    // Nothing to overlap: the bytes are there when the source ends.
    flows.setupUs[flow] = Math.max(flows.setupUs[flow]!, spanUs);
    flows.sourceEndUs[flow] = NO_SOURCE;
    return;
  }
  const made = (flows.left[flow]! * (layers - 1)) / layers / spanUs;
  flows.cap[flow] = Math.min(flows.cap[flow]!, Math.floor(made));
}

/** The source of a flow is done. */
export function liftSourceCap(flows: FlowTable, flow: number): void {
  if (flows.sourceEndUs[flow] === NO_SOURCE) return;
  flows.sourceEndUs[flow] = NO_SOURCE;
  flows.cap[flow] = flows.ownCap[flow]!;
}
