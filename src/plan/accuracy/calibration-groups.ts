/**
 * Groups of runs that an assumption in an engine's profile was taken after (its `source` says so). They
 * are marked, and the targets are judged without them: what was looked at to choose a number does not
 * test it.
 */

const GROUPS: readonly RegExp[] = [
  // hostRequestUs of sglang.json.
  /^llama-3\.1-8b h200\S* sglang/,
];

/** Whether a group of runs was looked at to choose a number. */
export function isCalibrationGroup(group: string): boolean {
  return GROUPS.some((pattern) => pattern.test(group));
}
