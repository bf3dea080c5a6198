/**
 * The name nearest to a misspelt one by edit distance (insert, delete, replace, swap neighbours),
 * or undefined when none is within a third of its letters. Case does not count.
 */
export function nearestName(misspelt: string, names: readonly string[]): string | undefined {
  const asked = misspelt.toLowerCase().slice(0, MAX_LETTERS);
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(asked.length / 3)) + 1;
  for (const name of names) {
    const edits = editDistance(asked, name.toLowerCase().slice(0, MAX_LETTERS));
    if (edits < fewest) {
      fewest = edits;
      best = name;
    }
  }
  return best ?? names.find((name) => asked.length >= 4 && name.toLowerCase().includes(asked));
}

/** Names are short; a longer input is not one of them. */
const MAX_LETTERS = 100;

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let edits = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, beforeLast[j - 2]! + 1);
      }
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
