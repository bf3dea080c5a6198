/**
 * A set of small integers with floor and ceiling queries, as a tree of 32-way bitmaps: each level
 * has one bit per non-empty word of the level below, so that a query costs log32 of the universe.
 */
export class IdSet {
  private readonly levels: Uint32Array[] = [];
  private readonly universe: number;

  /** @param universe ids are 0 ≤ id < universe. */
  constructor(universe: number) {
    this.universe = universe;
    let bits = Math.max(1, universe);
    do {
      bits = Math.ceil(bits / 32);
      this.levels.push(new Uint32Array(bits));
    } while (bits > 1);
  }

  has(id: number): boolean {
    return ((this.levels[0]![id >>> 5]! >>> (id & 31)) & 1) === 1;
  }

  add(id: number): void {
    let at = id;
    for (const words of this.levels) {
      const word = words[at >>> 5]!;
      words[at >>> 5] = word | (1 << (at & 31));
      if (word !== 0) return;
      at >>>= 5;
    }
  }

  delete(id: number): void {
    let at = id;
    for (const words of this.levels) {
      const word = words[at >>> 5]! & ~(1 << (at & 31));
      words[at >>> 5] = word;
      if (word !== 0) return;
      at >>>= 5;
    }
  }

  /** The largest member ≤ id, −1 when there is none. */
  floor(id: number): number {
    let at = id;
    for (let level = 0; level < this.levels.length; level++) {
      if (at < 0) return -1;
      const word = this.levels[level]![at >>> 5]! & (0xffffffff >>> (31 - (at & 31)));
      if (word !== 0) return this.descendLast(level, (at & ~31) + 31 - Math.clz32(word));
      at = (at >>> 5) - 1;
    }
    return -1;
  }

  /** The smallest member ≥ id, −1 when there is none. */
  ceiling(id: number): number {
    let at = id;
    if (at >= this.universe) return -1;
    for (let level = 0; level < this.levels.length; level++) {
      const words = this.levels[level]!;
      if (at >>> 5 >= words.length) return -1;
      const word = words[at >>> 5]! & (0xffffffff << (at & 31));
      if (word !== 0) return this.descendFirst(level, (at & ~31) + lowestBit(word));
      at = (at >>> 5) + 1;
    }
    return -1;
  }

  private descendLast(level: number, found: number): number {
    let at = found;
    for (let below = level - 1; below >= 0; below--) {
      at = at * 32 + 31 - Math.clz32(this.levels[below]![at]!);
    }
    return at;
  }

  private descendFirst(level: number, found: number): number {
    let at = found;
    for (let below = level - 1; below >= 0; below--) {
      at = at * 32 + lowestBit(this.levels[below]![at]!);
    }
    return at;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
