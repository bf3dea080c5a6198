/** Who may serve a request by what it asks for itself: a pin, a list of workers, labels. Dynamo's rules, reference page 1.4. */

import type { RouterRequest, WorkerFacts } from "./router.ts";

/** Why there was no candidate. */
export const REFUSED_NONE = 0;
export const REFUSED_OVERLOAD = 1;
export const REFUSED_PIN = 2;

type Asked = Pick<RouterRequest, "pinned" | "allowed" | "requiredLabels">;

/** Whether a request asks for some workers and not for others. */
export function isRestricted({ pinned, allowed, requiredLabels }: Asked): boolean {
  return pinned >= 0 || allowed !== undefined || requiredLabels !== 0;
}

/** Whether a worker is one that a request asks for. */
export function isAskedFor(
  worker: number,
  { labels }: WorkerFacts,
  { pinned, allowed, requiredLabels: required }: Asked,
): boolean {
  if (pinned >= 0 && worker !== pinned) return false;
  if (allowed !== undefined && ((allowed[worker >>> 5]! >>> (worker & 31)) & 1) === 0) return false;
  return (labels & required) === required;
}

/** A list of workers as the bits that `RouterRequest.allowed` has. */
export function workerBits(list: readonly number[], workers: number): Uint32Array {
  const bits = new Uint32Array(Math.ceil(workers / 32));
  for (const worker of list) bits[worker >>> 5]! |= 1 << (worker & 31);
  return bits;
}
