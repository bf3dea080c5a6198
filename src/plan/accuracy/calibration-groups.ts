/**
 * Groups of runs that an assumption in an engine's profile was taken after (its `source` says so). They
 * are marked, and the targets are judged without them: what was looked at to choose a number does not
 * test it.
 *
 * None at present: runs of Llama-3.1-8B on SGLang were, as long as the host's time for a request came from
 * them.
 */

const GROUPS: readonly RegExp[] = [];

/** Whether a group of runs was looked at to choose a number. */
export function isCalibrationGroup(group: string): boolean {
  return GROUPS.some((pattern) => pattern.test(group));
}
