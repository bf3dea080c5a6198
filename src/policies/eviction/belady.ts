/**
 * Belady's oracle: the run whose next use is farthest away, the deeper one among equals. It reads the trace ahead, so it
 * is a bound and no policy to deploy.
 *
 * The claim that holds: with one store that sees every request, lookups of whole paths before their blocks are stored, and
 * every block of the same size, no policy finds more blocks stored. (Keeping a block between two uses is an interval; the
 * store holds at most `capacity` intervals at any time, and giving up the one that ends last is optimal. A run is never
 * used later than what hangs on it, so deeper-first ties keep the set closed under prefix, and blocks found are prefixes
 * found.) Where requests are spread over stores it is a heuristic that takes other stores' requests for its own.
 */

import type { EvictionPolicy } from "./eviction.ts";
import { ItemHeap } from "./item-heap.ts";

export const beladyEviction: EvictionPolicy = {
  meta: {
    name: "belady",
    title: "Belady's oracle (bound)",
    source: "Belady, A study of replacement algorithms (IBM Systems Journal 1966)",
    wins: "as the bound that other policies are measured against; needs the whole trace beforehand",
    loses:
      "cannot be deployed; requests whose time depends on earlier answers may come in another order",
    knobs: [],
  },
  needsFuture: true,
  create(view) {
    const farthest = new ItemHeap();
    const nearest = new ItemHeap();
    const place = (item: number): void => {
      const next = view.nextUse(view.node(item));
      farthest.set(item, -next, -view.depth(item));
      nearest.set(item, next, 0);
    };
    return {
      leavesOnly: false,
      offer: place,
      withdraw(item) {
        farthest.remove(item);
        nearest.remove(item);
      },
      victim() {
        // Uses that went by without taking the item from here.
        while (nearest.size > 0 && nearest.keyOf(nearest.top) <= view.now) place(nearest.top);
        return farthest.top;
      },
      admits: (node, victim) => view.nextUse(node) < -farthest.keyOf(victim),
    };
  },
};
