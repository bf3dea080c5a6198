import { editDistance } from "../core/index.ts";

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
