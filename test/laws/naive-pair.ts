/** The naive engine's workers where prompts are computed on some and answers on others. */

import { NaiveWorker } from "./naive-worker.ts";
import type { NaiveKnobs, NaiveRequest, NaiveTotals } from "./naive-worker.ts";

/** Computes prompts and holds them until it is told to let go. */
export class NaivePrefill extends NaiveWorker {
  private readonly computedOne: (prompt: NaiveRequest, now: number) => void;

  constructor(
    id: number,
    engine: NaiveKnobs,
    totals: NaiveTotals,
    computed: (prompt: NaiveRequest, now: number) => void,
  ) {
    super(id, engine, totals);
    this.computedOne = computed;
  }

  /** A prompt is not wanted any more: what of it is in whole blocks stays in the cache. */
  letGo(prompt: NaiveRequest): void {
    this.release(prompt);
  }

  protected override emit(prompt: NaiveRequest, now: number): void {
    this.running = this.running.filter((other) => other !== prompt);
    this.computedOne(prompt, now);
  }
}

/** What a decode worker tells of requests whose prompts come from elsewhere. */
export type NaiveListener = {
  /** It has taken memory for a request; `missing`: blocks that it has not cached. */
  reserved(request: NaiveRequest, missing: number, now: number): void;
  /** A request is over, and nothing of it is left here. */
  gone(request: NaiveRequest): void;
};

export class NaiveDecode extends NaiveWorker {
  /** Who asks for memory, who has it, whose prompt is there, who computes it here after all, who has given up. */
  asking: NaiveRequest[] = [];
  taken: NaiveRequest[] = [];
  arrived: NaiveRequest[] = [];
  returning: NaiveRequest[] = [];
  leaving: NaiveRequest[] = [];
  private readonly listener: NaiveListener;
  private readonly comesWithToken: boolean;

  constructor(
    id: number,
    engine: NaiveKnobs,
    totals: NaiveTotals,
    listener: NaiveListener,
    comesWithToken: boolean,
  ) {
    super(id, engine, totals);
    this.listener = listener;
    this.comesWithToken = comesWithToken;
  }

  /** The prompt of a request that has memory here is there. */
  arrives(request: NaiveRequest): void {
    this.taken = this.taken.filter((other) => other !== request);
    this.arrived.push(request);
  }

  protected override begins(now: number): void {
    for (const request of this.leaving.splice(0)) {
      this.drop(request);
      this.listener.gone(request);
    }
    for (const request of this.returning.splice(0)) {
      this.drop(request);
      this.waiting.push(request);
    }
    if (this.comesWithToken) this.takesIn(now);
  }

  protected override letsIn(now: number): void {
    if (!this.comesWithToken) this.takesIn(now);
    while (this.budget > 0 && this.asking.length > 0 && this.hasRoomFor(this.asking[0]!)) {
      const request = this.asking.shift()!;
      this.taken.push(request);
      this.listener.reserved(request, this.takeMemory(request), now);
    }
  }

  private takesIn(now: number): void {
    while (this.arrived.length > 0 && this.running.length < this.engine.max_num_seqs) {
      if (this.budget === 0 && !this.comesWithToken) return;
      this.joins(this.arrived.shift()!, now);
    }
  }

  protected override emit(request: NaiveRequest, now: number): void {
    super.emit(request, now);
    if (!Number.isNaN(request.finish)) this.listener.gone(request);
  }

  private joins(request: NaiveRequest, now: number): void {
    this.running.push(request);
    this.name(request);
    if (!this.comesWithToken) {
      this.inStep.push({ request, prompt: 0, lands: true });
      return;
    }
    // The batch has changed, even if somebody gives way to it in the same pass.
    this.group = "";
    request.first = now;
    request.last = now;
    request.generated = 1;
    request.decoding = true;
    request.prefilled = request.computed;
  }

  private hasRoomFor(request: NaiveRequest): boolean {
    const { engine } = this;
    if (this.running.length + this.taken.length + this.arrived.length >= engine.max_num_seqs) {
      return false;
    }
    // Whoever has lost its place, here or on its prompt's worker, comes first.
    if ((this.waiting[0]?.preemptions ?? 0) > 0) return false;
    const { hits } = this.lookUp(request);
    const active = hits.filter((block) => block.users > 0).length;
    const spare = this.available - Math.floor(engine.watermark * engine.num_gpu_blocks);
    return Math.ceil(request.input / engine.block_size) - active <= spare;
  }

  private takeMemory(request: NaiveRequest): number {
    const { hits } = this.lookUp(request);
    for (const block of hits) {
      block.users++;
      this.lru = this.lru.filter((other) => other !== block);
    }
    request.blocks = hits.slice();
    const wanted = Math.ceil(request.input / this.engine.block_size);
    while (request.blocks.length < wanted) request.blocks.push(this.takeBlock());
    request.computed = request.input;
    return wanted - hits.length;
  }

  /** Gives memory back into which nothing, or not all, has come. */
  private drop(request: NaiveRequest): void {
    for (const block of request.blocks.toReversed()) {
      if (--block.users > 0) continue;
      if (block.key === null) this.free++;
      else this.lru.push(block);
    }
    request.blocks = [];
    request.computed = 0;
  }
}
