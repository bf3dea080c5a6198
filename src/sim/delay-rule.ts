/** Think and tool times as the scenario wants them: scaled, then capped. */

import type { Scenario } from "./scenario.ts";

/** A recorded delay, µs → the delay of the replay, whole µs. */
export type DelayRule = (recordedUs: number) => number;

export function delayRule({ traffic }: Scenario): DelayRule {
  const scale = traffic.delay_scale;
  const most = traffic.delay_max_s === null ? Infinity : Math.round(traffic.delay_max_s * 1e6);
  if (scale === 1 && most === Infinity) return Math.round;
  return (recordedUs) => Math.min(most, Math.round(recordedUs * scale));
}
