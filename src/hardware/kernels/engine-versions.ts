/** What older versions of an engine did otherwise, and an engine's timing as a version has it. */

import type { EngineTiming } from "./engine-timing.ts";

/** "0.14.1", "v1.0.0rc3" → numbers to compare; a pre-release counts as its release. */
function numbersOf(version: string): readonly number[] {
  return (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? "").split(".").map(Number);
}

/** Whether one version comes before another; false when it has no number. */
export function isBelow(version: string, bound: string): boolean {
  if (!/^v?\d/.test(version)) return false;
  const [a, b] = [numbersOf(version), numbersOf(bound)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [left, right] = [a[i] ?? 0, b[i] ?? 0];
    if (left !== right) return left < right;
  }
  return false;
}

/**
 * The timing of an engine's version: the profile's, changed back by every entry of `older` that the
 * version is below. A version that is no number ("" or "nightly") is taken as the profile's own.
 */
export function timingAt(timing: EngineTiming, version: string): EngineTiming {
  let at = timing;
  for (const { below, set } of timing.older ?? []) {
    if (isBelow(version, below)) at = { ...at, ...set };
  }
  return at;
}
