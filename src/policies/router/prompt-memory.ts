/**
 * Which prompts a router has sent anywhere so far, by the nodes of their way through the prefix forest: what a cache without
 * end would hold. Beside what caches do hold it tells how much is computed again because they are too small.
 */

import type { PrefixNodes, PrefixPath } from "../prefix/holder-table.ts";

const SENT = 1;

export class PromptMemory {
  private readonly nodes: PrefixNodes;
  /** Of each node: whether a prompt through it was sent. */
  private sent = new Uint8Array(64);

  constructor(nodes: PrefixNodes) {
    this.nodes = nodes;
  }

  /** Leading blocks of a prompt that were sent before; from now on all of them were. */
  send({ path, start, length }: PrefixPath): number {
    const { nodeEnd } = this.nodes;
    let known = 0;
    let isKnown = true;
    for (let i = start; i < start + length; i++) {
      const node = path[i]!;
      if (node >= this.sent.length) this.grow(node);
      isKnown &&= this.sent[node] === SENT;
      if (isKnown) known = nodeEnd[node]!;
      else this.sent[node] = SENT;
    }
    return known;
  }

  /** The forest has cut a node in two: what was sent through it was sent through both. */
  split(node: number, head: number): void {
    if (node >= this.sent.length) return;
    if (head >= this.sent.length) this.grow(head);
    this.sent[head] = this.sent[node]!;
  }

  private grow(node: number): void {
    const grown = new Uint8Array(2 * node);
    grown.set(this.sent);
    this.sent = grown;
  }
}
