/** TensorRT-LLM's scheduler on the naive worker: chunks of whole blocks, and a capacity policy at the door. */

import type { NaiveBlock, NaiveRequest } from "./naive-worker.ts";
import { NaiveWorker } from "./naive-worker.ts";

export class NaiveTensorrtLlm extends NaiveWorker {
  protected override schedule(now: number): boolean {
    const before = this.totals.preemptions;
    this.inStep = [];
    for (const request of this.running) {
      if (!this.running.includes(request)) continue;
      const tokens = this.chunk(request.input + request.generated - request.computed);
      if (tokens > 0) this.give(request, tokens);
    }
    if (this.totals.preemptions > before) return true;
    const isPartial = (request: NaiveRequest): boolean =>
      request.computed < request.input + request.generated && !request.decoding;
    while (!this.running.some(isPartial) && this.running.length < this.engine.max_num_seqs) {
      const request = this.waiting[0];
      if (request === undefined) break;
      const known = request.input + request.generated;
      const { hits, cached } = this.lookUp(request);
      const tokens = this.chunk(known - cached);
      if (tokens === 0) break;
      if (tokens < known - cached && !this.engine.enable_chunked_prefill) break;
      if (!this.fits(request, hits)) break;
      this.admit(request, hits, cached, now);
      this.give(request, tokens);
    }
    return false;
  }

  protected override makeRoom(request: NaiveRequest, need: number): boolean {
    if (this.available < need && this.isGuaranteed) throw new Error("a guarantee was broken");
    return super.makeRoom(request, need);
  }

  private get isGuaranteed(): boolean {
    return this.engine.capacity_scheduler_policy === "guaranteed_no_evict";
  }

  private chunk(left: number): number {
    const size = this.engine.block_size;
    return left <= this.budget ? left : Math.floor(this.budget / size) * size;
  }

  private fits(request: NaiveRequest, hits: NaiveBlock[]): boolean {
    const size = this.engine.block_size;
    const active = hits.filter((block) => block.users > 0).length;
    if (!this.isGuaranteed) {
      return Math.ceil((request.input + request.generated) / size) - active <= this.available;
    }
    const full = ({ input, output }: NaiveRequest): number =>
      Math.ceil((input + output + this.drafts.count) / size);
    let left = this.available;
    for (const one of this.running) left -= full(one) - one.blocks.length;
    return full(request) - active <= left;
  }
}
