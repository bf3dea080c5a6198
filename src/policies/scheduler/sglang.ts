/**
 * Continuous batching as SGLang does it: prompts first. A pass that can form a prefill batch (EXTEND) runs it alone, and
 * decoding requests sit that pass out; only when there is nothing to prefill does the batch decode.
 * `enable_mixed_chunk` puts both into one step.
 *
 * - Admission looks ahead: a request starts when its prompt and its output (4096 tokens counted at most) are less than what is
 *   free after a share of what running requests may still generate, the new-token ratio.
 * - A head that does not fit marks the batch as full. Nothing more is tried until the batch shrinks, which is seen one decode
 *   step after it did.
 * - When a decode step does not fit, requests are retracted, fewest generated tokens first, until it does; they queue again at
 *   the end. Their prefix stays cached, their generated tokens' KV is lost.
 *
 * Source: SGLang v0.5 scheduler.py (get_next_batch_to_run, get_new_batch_prefill, update_running_batch), schedule_policy.py
 * (PrefillAdder) and schedule_batch.py (retract_decode). Its page size is our block size; the engine's own is 1.
 * Not modelled: priorities. What the overlap scheduler sees late is the business of the worker (sim/inbox.ts).
 * Assumptions where the engine would stop with an error: a prompt in chunks waits for decodes when no page is free, and goes
 * back to the queue when even a single decoding request lacks one; a mixed step whose decodes do not fit is a decode step.
 */

import type {
  Scheduler,
  SchedulerKnobs,
  SchedulerPolicy,
  SchedulerPort,
  Slot,
} from "./scheduler.ts";
import { orderByPrefix } from "./sglang-queue.ts";
import { NewTokenRatio } from "./sglang-ratio.ts";

/** SGLANG_CLIP_MAX_NEW_TOKENS_ESTIMATION: output tokens that admission counts at most. */
const OUTPUT_CLIP = 4096;
const NO_PREFILL = -1;

/** What the scheduler remembers of a worker. */
class Memory {
  readonly ratio: NewTokenRatio;
  /** The head did not fit, and the batch has not shrunk since. */
  isFull = false;
  /** Decoding requests as SGLang counts them: those that are done are dropped from its batch with the next decode. */
  members = 0;
  /** Output that those of them who were cancelled had left, each clipped: something is kept free for them until then. */
  cancelledOutput = 0;
  /** Requests of the prefill that the last pass started, NO_PREFILL: none. */
  prefilling = NO_PREFILL;
  /** Requests that decoded when it started. */
  decoding = 0;
  /** The next pass may admit although nothing happens. */
  mayAdmit = false;

  constructor(conservativeness: number) {
    this.ratio = new NewTokenRatio(conservativeness);
  }
}

/** A prefill batch being put together, with the budgets of SGLang's PrefillAdder. */
class Prefill {
  count = 0;
  private readonly port: SchedulerPort;
  private readonly memory: Memory;
  private readonly knobs: SchedulerKnobs;
  /** Tokens that the step may still take, and those of them that prompts may. */
  private chunkLeft: number;
  private inputLeft: number;
  /** Tokens kept free for the output of running requests, and those that the step's decodes take. */
  private reserved: number;
  private readonly decodeTokens: number;

  constructor(port: SchedulerPort, memory: Memory, knobs: SchedulerKnobs) {
    this.port = port;
    this.memory = memory;
    this.knobs = knobs;
    const mixed = knobs.enable_mixed_chunk ? memory.members : 0;
    const chunk = knobs.enable_chunked_prefill ? knobs.chunked_prefill_size : Infinity;
    this.chunkLeft = chunk - mixed;
    this.inputLeft = knobs.max_prefill_tokens - mixed;
    this.decodeTokens = mixed > 0 ? port.decodeBlocks * port.blockSize : 0;
    const ratio = memory.ratio.at(port.decodeSteps);
    this.reserved = ratio * (port.decodeOutputLeft(OUTPUT_CLIP) + memory.cancelledOutput);
  }

  /** Nothing can join this step's decodes until one of them finishes. */
  get isBlocked(): boolean {
    return this.chunkLeft < this.port.blockSize || this.tokensFree < 0;
  }

  /** Goes on with the prompt in chunks; returns whether it was computed to its end. */
  goOn(slot: Slot): boolean {
    const { port } = this;
    const left = port.promptLeft(slot);
    const wanted = Math.min(this.chunkLeft, this.tokensLeft);
    // A prompt once begun goes on whatever is reserved for others.
    const limit = Math.min(wanted >= port.blockSize ? wanted : this.chunkLeft, this.tokensFree);
    const tokens = left <= limit ? left : this.wholePages(limit);
    if (tokens === 0) return false;
    const output = Math.min(port.outputLeft(slot), OUTPUT_CLIP);
    port.continuePrefill(slot, tokens);
    this.charge(tokens, tokens === left ? output : 0);
    return tokens === left;
  }

  admitWaiting(): void {
    while (this.admitHead());
  }

  /** Admits the head of the queue; false: the batch is complete. */
  private admitHead(): boolean {
    const { port, memory } = this;
    const slot = port.runnableHead;
    if (slot < 0) return false;
    if (memory.members + this.count >= this.knobs.max_num_seqs) {
      memory.isFull = true;
      return false;
    }
    const cached = port.matchPrefix(slot);
    const left = port.knownTokens(slot) - cached;
    const output = Math.min(port.outputLeft(slot), OUTPUT_CLIP);
    // Cached blocks that nobody uses were free until now.
    const idle = cached - Math.min(cached, port.matchedActiveBlocks * port.blockSize);
    if (left + idle + output >= this.tokensLeft) {
      memory.isFull = true;
      return false;
    }
    if (this.paged(left) >= this.inputLeft && this.count > 0) return false;
    const tokens = this.paged(left) <= this.chunkLeft ? left : this.wholePages(this.chunkLeft);
    if (tokens === 0) return false;
    if (port.admit(slot, tokens) === 0) return true;
    this.charge(tokens, tokens === left ? output : 0);
    if (tokens < left) return false;
    if (this.tokensLeft <= 0) memory.isFull = true;
    return this.tokensLeft > 0 && this.inputLeft > 0 && this.chunkLeft > 0;
  }

  /** Tokens whose blocks could be had now. */
  private get tokensFree(): number {
    return this.port.blocksAvailable * this.port.blockSize - this.decodeTokens;
  }

  /** Of those, what is not reserved for output. */
  private get tokensLeft(): number {
    return this.tokensFree - this.reserved;
  }

  private charge(tokens: number, output: number): void {
    this.count++;
    this.chunkLeft -= this.paged(tokens);
    this.inputLeft -= this.paged(tokens);
    this.reserved += output;
  }

  private paged(tokens: number): number {
    return Math.ceil(tokens / this.port.blockSize) * this.port.blockSize;
  }

  private wholePages(tokens: number): number {
    return Math.max(0, Math.floor(tokens / this.port.blockSize)) * this.port.blockSize;
  }
}

class SglangScheduler implements Scheduler {
  readonly batchRelease = false;
  readonly prefixCaching = true;
  private readonly knobs: SchedulerKnobs;
  private readonly memories: Memory[] = [];

  constructor(knobs: SchedulerKnobs) {
    this.knobs = knobs;
  }

  pass(port: SchedulerPort): number {
    const memory = this.memoryOf(port.worker);
    memory.mayAdmit = false;
    if (memory.prefilling !== NO_PREFILL) this.mergePrefill(port, memory);
    if (this.prefill(port, memory)) return Infinity;
    if (port.decodingCount > 0) {
      this.decode(port, memory);
      return Infinity;
    }
    // A turn of the loop without a batch, which takes no time.
    memory.isFull = false;
    memory.members = 0;
    memory.cancelledOutput = 0;
    memory.ratio.reset(port.decodeSteps);
    this.prefill(port, memory);
    return Infinity;
  }

  stepsUntilChange(port: SchedulerPort): number {
    return this.memoryOf(port.worker).mayAdmit ? 1 : Infinity;
  }

  /**
   * Who decoded when the prefill started counts as a member until the next decode drops it, like one that is done; who came
   * with the prefill, or decoded in one step with it, is not taken over into the batch.
   */
  decodeCancelled(worker: number, outputLeft: number, isNew: boolean): void {
    const memory = this.memoryOf(worker);
    const isPrefilling = memory.prefilling !== NO_PREFILL;
    if (isPrefilling && isNew) return;
    if (isPrefilling) memory.decoding--;
    if (!isPrefilling || !this.knobs.enable_mixed_chunk)
      memory.cancelledOutput += Math.min(outputLeft, OUTPUT_CLIP);
  }

  forget(worker: number): void {
    delete this.memories[worker];
  }

  private memoryOf(worker: number): Memory {
    return (this.memories[worker] ??= new Memory(this.knobs.schedule_conservativeness));
  }

  /** The requests of the last prefill join the batch, unless they are done or have prompt left. */
  private mergePrefill(port: SchedulerPort, memory: Memory): void {
    const joined = port.decodingCount - memory.decoding;
    // Its batch, not full, takes the place of an empty one; with mixed chunks the running batch is part of it.
    const takesOver = memory.members === 0 || this.knobs.enable_mixed_chunk;
    if (takesOver || joined < memory.prefilling) memory.isFull = false;
    memory.members = takesOver ? port.decodingCount : memory.members + joined;
    memory.prefilling = NO_PREFILL;
  }

  /** Starts a prefill if one can be formed. */
  private prefill(port: SchedulerPort, memory: Memory): boolean {
    const { knobs } = this;
    const partial = port.partialPrefill;
    if (partial < 0 && (memory.isFull || port.waitingCount === 0)) return false;
    if (partial < 0 && memory.members >= knobs.max_num_seqs) {
      memory.isFull = true;
      return false;
    }
    memory.decoding = port.decodingCount;
    const batch = new Prefill(port, memory, knobs);
    if (batch.isBlocked) return false;
    const isWhole = partial < 0 || batch.goOn(partial);
    if (partial >= 0 && batch.count === 0) return false;
    if (knobs.schedule_policy === "lpm") orderByPrefix(port);
    if (isWhole) batch.admitWaiting();
    if (batch.count === 0) return false;
    memory.prefilling = batch.count;
    // The batch becomes part of the step, without those that are done.
    if (knobs.enable_mixed_chunk) memory.cancelledOutput = 0;
    if (knobs.enable_mixed_chunk && memory.decoding > 0) {
      port.scheduleDecodes();
      memory.ratio.skipStep();
    }
    return true;
  }

  /** A decode step of the whole batch, or of what memory leaves of it. */
  private decode(port: SchedulerPort, memory: Memory): void {
    const hasRetracted = this.retract(port, memory);
    const hasShrunk = port.decodingCount < memory.members;
    // What this pass refused it refused with the old batch in mind.
    const hasWork = port.waitingCount > 0 || port.partialPrefill >= 0;
    memory.mayAdmit = hasWork && (hasRetracted || hasShrunk);
    if (hasShrunk) memory.isFull = false;
    memory.members = port.decodingCount;
    memory.cancelledOutput = 0;
    port.scheduleDecodes();
  }

  private retract(port: SchedulerPort, memory: Memory): boolean {
    if (port.decodeBlocks <= port.blocksAvailable) return false;
    while (port.decodingCount > 1 && port.decodeBlocks > port.blocksAvailable) {
      port.retract(port.leastGenerated());
    }
    const partial = port.partialPrefill;
    if (partial >= 0 && port.decodeBlocks > port.blocksAvailable) port.retract(partial);
    const { generated, limit } = port.decodeOutputTotals();
    memory.ratio.retracted(port.decodeSteps, port.decodingCount, generated, limit);
    return true;
  }
}

export const sglangScheduler: SchedulerPolicy = {
  meta: {
    name: "sglang",
    title: "Prefill first, with look-ahead admission and retraction (SGLang)",
    source:
      "SGLang v0.5 scheduler, schedule_policy and schedule_batch; " +
      "schedule_policy: fcfs (default) or lpm, most cached tokens first (up to 128 waiting)",
    wins:
      "time to first token: prompts never wait for decodes; shared prefixes, with lpm above all; " +
      "output limits that are seldom reached, of which only a share is kept free",
    loses:
      "gaps between tokens: decodes stop while prompts are computed (enable_mixed_chunk softens it); " +
      "a retracted request loses its generated tokens' KV and queues again at the end",
    knobs: [
      {
        name: "chunked_prefill_size",
        description: "most prompt tokens in a step; a multiple of block_size",
        unit: "tokens",
        min: 1,
        max: 1 << 30,
        default: 8192,
      },
      {
        name: "max_prefill_tokens",
        description: "prompt tokens after which a step takes no further request",
        unit: "tokens",
        min: 1,
        max: 1 << 30,
        default: 16384,
      },
      {
        name: "schedule_conservativeness",
        description: "scales the share of remaining output that is kept free (0.7 at first)",
        unit: "×",
        min: 0,
        max: 10,
        default: 1,
      },
      {
        name: "enable_mixed_chunk",
        description: "prompts and decodes in one step: true or false",
        unit: "0 or 1",
        min: 0,
        max: 1,
        default: 0,
      },
    ],
  },
  create: (knobs) => new SglangScheduler(knobs),
};
