/** Rendezvous hashing (Thaler, Ravishankar, 1996): everybody who knows a key and the workers ranks these alike, without a word. */

/** Mixes a key and a worker (the finaliser of MurmurHash3 over a product with the golden ratio). */
export function rendezvousMix(key: number, worker: number): number {
  let h = Math.imul(key ^ Math.imul(worker + 1, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Workers 0 … count − 1 by their mix with a key, the highest first; equal ones by number. */
export function rendezvousRanking(key: number, count: number): readonly number[] {
  const mixes = Array.from({ length: count }, (_, worker) => rendezvousMix(key, worker));
  return [...mixes.keys()].sort((a, b) => mixes[b]! - mixes[a]! || a - b);
}
