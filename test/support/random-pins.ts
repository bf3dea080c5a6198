/** Random pins and lists of workers for the rows of a trace, as a cluster can give them. */

import { stream } from "../../src/core/index.ts";
import type { Scenario } from "../../src/sim/index.ts";
import type { RowPins } from "../../src/trace/index.ts";

/** Numbers of a scenario's workers, by what they do: those of decode pools come last, as in the simulator. */
export function workerNumbers({ cluster }: Scenario): { prefill: number[]; decode: number[] } {
  const count = (isDecode: boolean): number =>
    cluster.pools
      .filter(({ role }) => (role === "decode") === isDecode)
      .reduce((sum, { workers }) => sum + workers, 0);
  const isApart = cluster.pools.some(({ role }) => role === "prefill");
  const first = cluster.pools.length === 0 ? cluster.workers : count(false);
  const numbers = (from: number, length: number): number[] =>
    Array.from({ length }, (_, i) => from + i);
  if (!isApart) return { prefill: [], decode: numbers(0, first) };
  return { prefill: numbers(0, first), decode: numbers(first, count(true)) };
}

/** About half the rows ask for something; a list has every worker that its row pins. */
export function randomPins(seed: number, rows: number, scenario: Scenario): RowPins {
  const random = stream(seed, "pins");
  const { prefill, decode } = workerNumbers(scenario);
  const all = [...prefill, ...decode];
  const one = (of: readonly number[]): number =>
    of.length > 0 && random.next() < 0.2 ? of[random.int(of.length)]! : -1;
  const lists: number[][] = [[]];
  const pins = {
    any: new Int32Array(rows),
    prefill: new Int32Array(rows),
    decode: new Int32Array(rows),
  };
  const codes = new Uint16Array(rows);
  for (let row = 0; row < rows; row++) {
    pins.any[row] = one(all);
    pins.prefill[row] = one(prefill);
    pins.decode[row] = one(decode);
    const asked = [pins.any[row]!, pins.prefill[row]!, pins.decode[row]!].filter((id) => id >= 0);
    if (random.next() < 0.7) continue;
    const drawn = all.filter(() => random.next() < 0.5);
    const list = [...new Set([...asked, ...drawn, all[random.int(all.length)]!])];
    codes[row] = lists.push(list.sort((a, b) => a - b)) - 1;
  }
  return { ...pins, allowed: { lists, codes } };
}
