/** Prompts as lists of small numbers, and what a worker caches as a plain set of prefixes: the oracle of the prefix indexes. */

import type { BlockHash, BlockHashes } from "../../src/policies/index.ts";

export type Prompt = readonly number[];

const ids = new Map<string, number>();

/** One number for each prefix there ever was. */
function idOf(prefix: Prompt): number {
  const key = prefix.join(",");
  const known = ids.get(key) ?? ids.size + 1;
  ids.set(key, known);
  return known;
}

/** The sequence hash of a prompt's last block. */
export function hashOf(prefix: Prompt): BlockHash {
  const id = idOf(prefix);
  // Few low halves, so that the high ones matter and the table has to probe.
  return { low: id % 7, high: Math.imul(id, 0x9e3779b1) >>> 0 };
}

/** Sequence hashes of the blocks `from` … of a prompt. */
export function hashesOf(prompt: Prompt, from = 0): BlockHashes {
  const all = prompt.map((_, i) => hashOf(prompt.slice(0, i + 1))).slice(from);
  return {
    low: Uint32Array.from(all, ({ low }) => low),
    high: Uint32Array.from(all, ({ high }) => high),
    length: all.length,
  };
}

/** Prefixes that a worker has. */
export class NaiveCache {
  readonly prefixes = new Set<string>();

  store(prompt: Prompt): void {
    for (let i = 1; i <= prompt.length; i++) this.prefixes.add(prompt.slice(0, i).join(","));
  }

  /** Drops a prefix and all that goes on from it; returns them, deepest first. */
  drop(prefix: Prompt): Prompt[] {
    const key = prefix.join(",");
    const gone = [...this.prefixes].filter((one) => one === key || one.startsWith(`${key},`));
    for (const one of gone) this.prefixes.delete(one);
    return gone.map((one) => one.split(",").map(Number)).sort((a, b) => b.length - a.length);
  }

  reach(prompt: Prompt): number {
    let blocks = 0;
    while (blocks < prompt.length && this.prefixes.has(prompt.slice(0, blocks + 1).join(","))) {
      blocks++;
    }
    return blocks;
  }
}
