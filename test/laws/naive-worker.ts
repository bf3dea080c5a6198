/**
 * The worker of the naive engine: plain objects, one block at a time, one forward pass at a time, `vllm` scheduler. Others
 * take its place by scheduling differently.
 */

import type { Scenario } from "../../src/sim/index.ts";

/** `until`: end of the time for which a finished request asked to keep it; 0: none did, or the time is over. */
export type NaiveBlock = { key: string | null; users: number; until: number };
export type NaiveKnobs = Scenario["engine"] & {
  readonly num_gpu_blocks: number;
  readonly step_time: NonNullable<Scenario["engine"]["step_time"]>;
};

export type NaiveRequest = {
  readonly row: number;
  readonly arrival: number;
  readonly input: number;
  readonly output: number;
  /** Names of the prompt's full blocks; null: nobody else has this block. */
  readonly keys: readonly (string | null)[];
  /** Those of the full blocks of prompt and answer, as a later turn's prompt has them; empty: none repeats them. */
  readonly answerKeys: readonly string[];
  /** How long its blocks are wanted after its end, µs. */
  readonly keepUs: number;
  admitted: number;
  first: number;
  finish: number;
  /** Its newest token. */
  last: number;
  cached: number;
  preemptions: number;
  worker: number;
  rejected: boolean;
  /** Given up by its client. */
  cancelled: boolean;
  generated: number;
  /** Tokens whose KV is there. */
  computed: number;
  /** Those of them that were there when it began to decode. */
  prefilled: number;
  decoding: boolean;
  blocks: NaiveBlock[];
};

/** What a request has in a step: so many tokens of its prompt, or one to decode; the first, where its prompt came from elsewhere. */
export type NaivePart = { request: NaiveRequest; prompt: number; lands?: true };

/** Speculative decoding: drafts of a step, and how many tokens a request gets in one. */
export type NaiveDrafts = {
  readonly count: number;
  readonly tokensOf: (row: number, generated: number) => number;
};

export type NaiveTotals = {
  preemptions: number;
  /** Those of prompts in chunks, for want of anything else (SGLang). */
  gaveWay: number;
  evicted: number;
  steps: number;
  end: number;
  /** Between a request's tokens, µs. */
  gaps: number[];
};

export class NaiveWorker {
  readonly waiting: NaiveRequest[] = [];
  running: NaiveRequest[] = [];
  readonly cache = new Map<string, NaiveBlock>();
  /** Blocks without users, oldest first. */
  lru: NaiveBlock[] = [];
  /** Those of them that somebody wants kept: taken when there are no others. */
  kept: NaiveBlock[] = [];
  private passAt = 0;
  free: number;
  endsAt = Infinity;
  drafts: NaiveDrafts = { count: 0, tokensOf: () => 1 };
  readonly id: number;
  protected readonly engine: NaiveKnobs;
  protected readonly totals: NaiveTotals;
  protected inStep: NaivePart[] = [];
  /** Start of the present run of pure decode steps, its time so far (not rounded), and who is in it. */
  private anchor = 0;
  private elapsed = 0;
  protected group = "";

  constructor(id: number, engine: NaiveKnobs, totals: NaiveTotals) {
    this.id = id;
    this.engine = engine;
    this.totals = totals;
    this.free = engine.num_gpu_blocks;
  }

  get available(): number {
    return this.free + this.lru.length + this.kept.length;
  }

  protected takeBlock(): NaiveBlock {
    if (this.free > 0) this.free--;
    else {
      this.endKeeping();
      const oldest = this.lru.shift() ?? this.kept.shift()!;
      this.cache.delete(oldest.key!);
      this.totals.evicted++;
    }
    return { key: null, users: 1, until: 0 };
  }

  /** Every full block of computed tokens gets its name and can be found from now on. */
  protected name(request: NaiveRequest): void {
    if (!this.engine.enable_prefix_caching) return;
    for (let i = 0; (i + 1) * this.engine.block_size <= request.computed; i++) {
      const block = request.blocks[i]!;
      if (block.key !== null) continue;
      const key = request.keys[i] ?? `own ${request.row}/${i}`;
      const other = this.cache.get(key);
      if (other !== undefined) {
        this.meets(request, i, other);
        continue;
      }
      block.key = key;
      this.cache.set(key, block);
    }
  }

  /** A request has its whole answer: its blocks get the names by which the next turn asks for them. */
  private nameAnswer(request: NaiveRequest): void {
    const { answerKeys, blocks, keys } = request;
    const full = Math.floor(request.computed / this.engine.block_size);
    for (let i = keys.length; i < Math.min(full, answerKeys.length); i++) {
      const block = blocks[i]!;
      const key = answerKeys[i]!;
      if (block.key !== null) this.cache.delete(block.key);
      block.key = null;
      const other = this.cache.get(key);
      if (other === undefined) {
        block.key = key;
        this.cache.set(key, block);
        continue;
      }
      // Somebody who did not wait for the answer has computed the same text.
      this.free++;
      this.take(other);
      blocks[i] = other;
    }
  }

  /** Takes a block that is in the cache. */
  private take(block: NaiveBlock): void {
    block.users++;
    this.lru = this.lru.filter((other) => other !== block);
    this.kept = this.kept.filter((other) => other !== block);
  }

  /** A block of a request has come to be one that is in the cache already, as somebody's answer or prompt: it gives its own back. */
  private meets(request: NaiveRequest, block: number, other: NaiveBlock): void {
    this.free++;
    other.users++;
    this.lru = this.lru.filter((one) => one !== other);
    this.kept = this.kept.filter((one) => one !== other);
    request.blocks[block] = other;
  }

  /** Blocks whose time is over take their turn behind all others, the first to be over first. */
  private endKeeping(): void {
    const over = this.kept.filter((block) => block.until <= this.passAt);
    this.kept = this.kept.filter((block) => block.until > this.passAt);
    for (const block of over.toSorted((a, b) => a.until - b.until)) {
      block.until = 0;
      this.lru.push(block);
    }
  }

  protected release(request: NaiveRequest, doneAt = NaN): void {
    this.name(request);
    for (const block of request.blocks.toReversed()) {
      if (request.keepUs > 0 && doneAt + request.keepUs > block.until)
        block.until = doneAt + request.keepUs;
      if (--block.users > 0) continue;
      if (block.key === null) this.free++;
      else if (block.until > 0) this.kept.push(block);
      else this.lru.push(block);
    }
    request.blocks = [];
  }

  protected lookUp(request: NaiveRequest): { hits: NaiveBlock[]; cached: number } {
    const size = this.engine.block_size;
    const known = request.input + request.generated;
    const hits: NaiveBlock[] = [];
    if (!this.engine.enable_prefix_caching) return { hits, cached: 0 };
    while ((hits.length + 1) * size <= known) {
      const key = request.keys[hits.length] ?? `own ${request.row}/${hits.length}`;
      const block = this.cache.get(key);
      if (block === undefined) break;
      hits.push(block);
    }
    return { hits, cached: Math.min(hits.length, Math.floor((known - 1) / size)) * size };
  }

  /** Finds blocks for `request`, taking others' away if need be; false: it lost its own. */
  protected makeRoom(request: NaiveRequest, need: number): boolean {
    while (this.available < need) {
      const victim =
        this.engine.preemption_mode === "lifo" ? this.running.at(-1)! : this.running[0]!;
      this.takeOff(victim);
      this.waiting.unshift(victim);
      if (victim === request) return false;
    }
    return true;
  }

  /** A running request loses its blocks and what was planned for it. */
  protected takeOff(victim: NaiveRequest): void {
    this.running = this.running.filter((other) => other !== victim);
    this.inStep = this.inStep.filter((part) => part.request !== victim);
    this.release(victim);
    victim.computed = 0;
    victim.decoding = false;
    victim.preemptions++;
    this.totals.preemptions++;
  }

  /** Gives a request's next `tokens` tokens their blocks and puts them into the step. */
  protected give(request: NaiveRequest, tokens: number): void {
    // Drafts are computed with the newest token, whatever becomes of them.
    const own = request.decoding ? 1 + this.drafts.count : tokens;
    const wanted = Math.ceil((request.computed + own) / this.engine.block_size);
    // All or nothing: nobody's cache is thrown away for a request that then gives way itself.
    const need = wanted - request.blocks.length;
    if (need > 0 && !this.makeRoom(request, need)) return;
    while (request.blocks.length < wanted) request.blocks.push(this.takeBlock());
    this.inStep.push({ request, prompt: request.decoding ? 0 : tokens });
    if (request.decoding) return;
    // Computed at once as far as the cache is concerned: later requests of the same step share it.
    request.computed += tokens;
    this.name(request);
  }

  protected get budget(): number {
    const decode = 1 + this.drafts.count;
    const used = this.inStep.reduce(
      (sum, { prompt, lands }) => sum + (lands === true ? 1 : prompt === 0 ? decode : prompt),
      0,
    );
    return this.engine.max_num_batched_tokens - used;
  }

  /** Before the scheduler's own turn. */
  protected begins(_now: number): void {}

  /** After the requests that run had theirs, if nobody was preempted. */
  protected letsIn(_now: number): void {}

  /** One scheduling pass; true when somebody was preempted. */
  protected schedule(now: number): boolean {
    const { engine } = this;
    const before = this.totals.preemptions;
    this.inStep = [];
    this.begins(now);
    // A prompt in pieces is the last that runs, but for those that came behind it with their first token, who go before it all
    // the same. Preemption replaces the list, so this walks it as it was.
    const pieces = this.running.filter(({ decoding }) => !decoding);
    for (const request of [...this.running.filter(({ decoding }) => decoding), ...pieces]) {
      if (!this.running.includes(request) || this.budget === 0) continue;
      const left = request.input + request.generated - request.computed;
      this.give(request, Math.min(left, this.budget));
    }
    if (this.totals.preemptions > before) return true;
    this.letsIn(now);
    while (this.budget > 0 && this.running.length < engine.max_num_seqs) {
      const request = this.waiting[0];
      if (request === undefined) break;
      const known = request.input + request.generated;
      const { hits, cached } = this.lookUp(request);
      const tokens = Math.min(known - cached, this.budget);
      if (tokens < known - cached && !engine.enable_chunked_prefill) break;
      const reserved = engine.scheduler_reserve_full_isl ? known : cached + tokens;
      const active = hits.filter((block) => block.users > 0).length;
      const spare = this.available - Math.floor(engine.watermark * engine.num_gpu_blocks);
      if (Math.ceil(reserved / engine.block_size) - active > spare) break;
      this.admit(request, hits, cached, now);
      this.give(request, tokens);
    }
    return false;
  }

  /** Takes the head of the queue over with its cached blocks. */
  protected admit(request: NaiveRequest, hits: NaiveBlock[], cached: number, now: number): void {
    this.waiting.shift();
    this.running.push(request);
    for (const block of hits) this.take(block);
    request.blocks = hits;
    request.computed = cached;
    if (Number.isNaN(request.admitted)) {
      request.admitted = now;
      request.cached = cached;
    }
  }

  start(now: number): void {
    this.looks(now);
    while (this.schedule(now) && this.inStep.length === 0);
    this.launch(now);
  }

  /** A pass begins. */
  protected looks(now: number): void {
    this.passAt = now;
    this.endKeeping();
  }

  /** Times the step that has been put together. */
  protected launch(now: number): void {
    if (this.inStep.length === 0) return;
    this.totals.steps++;
    const us = this.stepUs();
    const isPure = this.inStep.every((part) => part.prompt === 0 && part.lands !== true);
    const group = isPure ? this.inStep.map(({ request }) => request.row).join() : "";
    if (!isPure || group !== this.group || this.drafts.count > 0) {
      this.anchor = now;
      this.elapsed = 0;
    }
    this.group = group;
    this.elapsed += isPure ? Math.max(1, us) : Math.max(1, Math.round(us));
    this.endsAt = this.anchor + Math.round(this.elapsed);
  }

  private stepUs(): number {
    const model = this.engine.step_time;
    const prompts = this.inStep.filter((part) => part.prompt > 0);
    const decodes = this.inStep.filter((part) => part.prompt === 0);
    if (model.type === "fixed") {
      const prefillUs = prompts.length > 0 ? model.prefill_ms * 1000 : 0;
      const decodeUs = decodes.length > 0 ? model.decode_ms * 1000 : 0;
      return model.mixed === "fused" ? Math.max(prefillUs, decodeUs) : prefillUs + decodeUs;
    }
    if (model.type !== "linear") throw new Error("the naive engine knows fixed and linear only");
    let us = model.base_us + (prompts.length > 0 ? model.prefill_fixed_us : 0);
    for (const { request, prompt } of prompts) {
      const past = request.computed - prompt;
      us += model.token_us * prompt + model.pair_us * prompt * (past + prompt / 2);
    }
    for (const { request } of decodes) {
      us += model.token_us + model.decode_request_us;
      us += model.decode_context_us * (request.input + request.generated);
    }
    return us;
  }

  /** A client gives up: what waits is gone, what runs leaves with the step in progress. */
  cancel(request: NaiveRequest, now: number): void {
    request.cancelled = true;
    request.finish = now;
    const place = this.waiting.indexOf(request);
    if (place >= 0) this.waiting.splice(place, 1);
    else if (this.endsAt === Infinity) this.expel(request, now);
  }

  private expel(request: NaiveRequest, now: number): void {
    const part = this.inStep.find((one) => one.request === request);
    if (part !== undefined && this.endsAt !== Infinity && request.decoding) {
      request.generated += this.gain(request);
      this.totals.gaps.push(now - request.last);
    }
    this.inStep = this.inStep.filter((one) => one !== part);
    this.running = this.running.filter((other) => other !== request);
    this.release(request);
  }

  end(now: number): void {
    for (const request of this.running.filter((one) => one.cancelled)) this.expel(request, now);
    this.endsAt = Infinity;
    const parts = this.inStep;
    for (const { request } of parts.filter((part) => part.prompt === 0 && part.lands !== true)) {
      this.emit(request, now, this.gain(request));
    }
    for (const { request } of parts.filter((part) => part.lands === true)) {
      request.decoding = true;
      request.prefilled = request.computed;
      this.emit(request, now);
    }
    for (const { request } of parts.filter((part) => part.prompt > 0)) {
      if (request.computed < request.input + request.generated) continue;
      request.decoding = true;
      request.prefilled = request.computed;
      this.emit(request, now);
    }
  }

  /** The tokens of a decode step: those beyond the last are of no use, and rejected drafts keep no blocks. */
  private gain(request: NaiveRequest): number {
    const { row, output, generated, blocks } = request;
    const tokens = Math.min(output - generated, this.drafts.tokensOf(row, generated));
    request.computed += tokens;
    this.free += blocks.splice(Math.ceil(request.computed / this.engine.block_size)).length;
    return tokens;
  }

  protected emit(request: NaiveRequest, now: number, tokens = 1): void {
    if (request.generated > 0) this.totals.gaps.push(now - request.last);
    request.last = now;
    if (request.output > 0) request.generated += tokens;
    if (request.output > 0 && Number.isNaN(request.first)) request.first = now;
    if (request.generated < request.output) return;
    request.finish = now;
    this.running = this.running.filter((other) => other !== request);
    if (this.engine.enable_prefix_caching) this.nameAnswer(request);
    this.release(request, now);
  }
}
