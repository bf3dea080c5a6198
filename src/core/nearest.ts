/** Edit distance, to suggest the name that was probably meant. */

/** Number of single-character edits (insert, delete, replace, swap of neighbours) from a to b. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const replaced = (previous[j - 1] ?? 0) + (same ? 0 : 1);
      let best = Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      }
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** Letters and digits only: `maxNumSeqs`, `max-num-seqs` and `max_num_seqs` are the same word. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/**
 * The candidates closest to `name`, best first, at most `limit`; empty when none is close. A third of
 * the letters may differ (assumption: beyond that a suggestion misleads more often than it helps).
 */
export function nearestNames(name: string, candidates: readonly string[], limit = 1): string[] {
  const wanted = bare(name);
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const scored: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    const other = bare(candidate);
    // A name of thousands of letters is no misspelling, and the distance would cost its square.
    if (Math.abs(other.length - wanted.length) > allowed || wanted.length > 200) continue;
    const distance = editDistance(wanted, other);
    if (distance <= allowed) scored.push({ candidate, distance });
  }
  scored.sort((x, y) => x.distance - y.distance);
  return scored.slice(0, limit).map((one) => one.candidate);
}
