/**
 * Disaggregated serving: a request's prompt is computed on a prefill worker, its answer on a decode worker, and its keys and
 * values move in between.
 *
 * A request has two slots: its own, and one for its prompt. The prefill worker knows only the prompt: it computes it, makes a
 * token that nobody counts, and holds the blocks until they have been fetched, or for `timeout_s`. The decode worker sets
 * memory aside in order of asking; until then the prompt stays where it is, and with too little memory there the prefill
 * workers fill up too. What is known of each pair is in the leg table; the rest is who tells whom:
 *
 *   sync               prompt computed → (message) → target chosen, asked → memory → transfer → batch
 *   chosen             target chosen; prompt computed → (message) → asked → memory → transfer → batch
 *   push               target chosen, asked; prompt computed meanwhile; both done → transfer → batch
 *   destination_first  target chosen, asked → memory → (message) → prompt queued → computed → transfer → batch
 *
 * Source: `dynamo-simulation.md` §1.7, `dynamo-policies.md` §1.10.
 */

import { REJECT_DECLINED, REJECT_QUEUE_FULL } from "../admission.ts";
import { IT_WAITS } from "../desk-options.ts";
import type { DeskSink } from "../desk-options.ts";
import { takes } from "../intake.ts";
import {
  AT_ADMITTED_US,
  AT_FIRST_TOKEN_US,
  AT_GENERATED,
  AT_LOST,
  AT_OUTPUT,
  AT_ROW,
  AT_STATE,
  SLOT_LANDING,
  SLOT_REMOTE,
  SLOT_TAKEN,
  knownTokens,
} from "../request-table.ts";
import type { RequestTable } from "../request-table.ts";
import { SlotList } from "../slot-list.ts";
import { beginRedo, endHandoff, promptComputed, promptLost } from "../time-asides.ts";
import type { Worker } from "../worker.ts";
import type { Conditional } from "./conditional.ts";
import { beginTransfer } from "./begin-transfer.ts";
import { isAnswerLeft } from "./handoff-parts.ts";
import type { HandoffParts, HandoffRules } from "./handoff-parts.ts";
import { HandoffStats } from "./handoff-stats.ts";
import {
  HandoffTimers,
  MSG_ASK,
  MSG_LANDED,
  MSG_PREFILL,
  MSG_SOURCE_LOST,
  MSG_TIMEOUT,
} from "./handoff-timers.ts";
import {
  LEG_CONVERT_US,
  LEG_ENDS_US,
  LEG_LANDED_US,
  LEG_MISSING,
  LEG_PEER,
  LEG_PREFILLED_US,
  LEG_RESERVED_US,
  LEG_SOURCE,
  LEG_TARGET,
  LEG_TRANSFER,
  LegTable,
  isOnItsWay,
} from "./leg-table.ts";
import { releasePrompt } from "./release-prompt.ts";

const NONE = -1;
export class Handoffs implements DeskSink {
  readonly stats = new HandoffStats();
  readonly legs = new LegTable();
  /** Requests that are at no decode worker. */
  readonly remote: SlotList;
  private readonly parts: HandoffParts;
  readonly rules: HandoffRules;
  readonly conditional: Conditional | undefined;
  private readonly table: RequestTable;
  private readonly timers = new HandoffTimers();

  constructor(parts: HandoffParts) {
    this.parts = parts;
    this.rules = parts.rules;
    this.conditional = parts.conditional;
    this.table = parts.table;
    this.remote = new SlotList(parts.table);
  }

  /** Time of the next transfer, message or timeout, µs. */
  get nextUs(): number {
    return Math.min(this.parts.links.nextUs, this.timers.timeUs);
  }

  /** The decode worker of a request, −1: none yet. */
  targetOf(slot: number): number {
    return this.legs.data[this.legs.at(slot) + LEG_TARGET]!;
  }

  /** A request arrives. */
  begin(slot: number, nowUs: number): void {
    const { handover } = this.rules;
    this.legs.clear(slot);
    this.table.data[slot + AT_STATE] = SLOT_REMOTE;
    this.remote.pushBack(slot);
    if (this.staysAtTarget(slot, nowUs)) return;
    if (isAnswerLeft(this.rules, this.table, slot)) {
      if (handover !== "sync" && !this.choose(slot, nowUs)) return;
      const asks = handover === "push" || handover === "destination_first";
      if (asks && !this.ask(slot, nowUs)) return;
      if (handover === "destination_first") return;
    }
    this.startPrefill(slot, nowUs);
  }

  /** Everything that is due at `nowUs`; returns how many events. */
  advance(nowUs: number): number {
    const { links } = this.parts;
    let count = 0;
    while (links.nextUs <= nowUs) {
      const slot = links.pop(nowUs);
      if (slot === NONE) break;
      this.legs.data[this.legs.at(slot) + LEG_TRANSFER] = NONE;
      if (this.stats.fails(this.rules.transferFailure, this.parts.random)) this.giveUp(slot, nowUs);
      else this.moved(slot, nowUs);
      count++;
    }
    while (this.timers.timeUs === nowUs) {
      const { kind } = this.timers;
      const slot = this.timers.take();
      if (kind === MSG_ASK) this.ask(slot, nowUs);
      else if (kind === MSG_PREFILL) this.startPrefill(slot, nowUs);
      else if (kind === MSG_LANDED) this.landed(slot, nowUs);
      else {
        if (kind === MSG_TIMEOUT) this.stats.timeouts++;
        this.giveUp(slot, nowUs);
      }
      count++;
    }
    return count;
  }

  /** The forward pass has begun that computes the rest of a prompt. */
  prefillEnds(prompt: number, nowUs: number, endUs: number): void {
    if (!this.rules.isLayerWise) return;
    const slot = this.legs.data[this.legs.at(prompt) + LEG_PEER]!;
    if (slot === NONE || !isAnswerLeft(this.rules, this.table, slot)) return;
    const at = this.legs.at(slot);
    this.legs.data[at + LEG_ENDS_US] = endUs;
    if (this.legs.data[at + LEG_MISSING]! >= 0) this.startTransfer(slot, nowUs);
  }

  /** A prefill worker has computed a prompt. */
  prefilled(worker: number, prompt: number, nowUs: number): void {
    const { data } = this.table;
    const slot = this.legs.data[this.legs.at(prompt) + LEG_PEER]!;
    const at = this.legs.at(slot);
    this.legs.data[at + LEG_PREFILLED_US] = nowUs;
    promptComputed(data, slot, prompt);
    this.parts.prefillDesk.firstToken(worker, prompt, nowUs);
    this.parts.prefillDesk.ended(worker, prompt, nowUs);
    if (!isAnswerLeft(this.rules, this.table, slot)) {
      this.completeAtSource(slot, nowUs);
      return;
    }
    this.timers.expire(slot, nowUs + this.rules.timeoutUs);
    if (this.legs.data[at + LEG_MISSING]! >= 0) this.startTransfer(slot, nowUs);
    else if (data[slot + AT_STATE] === SLOT_REMOTE) this.send(slot, MSG_ASK, nowUs);
  }

  /** A prompt that waited at the router has its prefill worker. */
  served(prompt: number, worker: Worker | null, code: number, nowUs: number): void {
    const slot = this.legs.data[this.legs.at(prompt) + LEG_PEER]!;
    if (worker === null) this.unserved(slot, prompt, code, nowUs);
    else {
      this.legs.data[this.legs.at(slot) + LEG_SOURCE] = worker.id;
      this.parts.clock.enqueue(worker, prompt, nowUs);
    }
  }

  /** A decode worker has memory for a request. */
  reserved(slot: number, missing: number, nowUs: number): void {
    const at = this.legs.at(slot);
    const { data } = this.legs;
    data[at + LEG_MISSING] = missing;
    data[at + LEG_RESERVED_US] = nowUs;
    const isMade = !Number.isNaN(data[at + LEG_PREFILLED_US]!);
    if (isMade || data[at + LEG_ENDS_US]! > nowUs) this.startTransfer(slot, nowUs);
    else if (data[at + LEG_PEER] === NONE) this.send(slot, MSG_PREFILL, nowUs);
  }

  /**
   * A request is given up. True: it was on its way and is gone, its slot free now or from its worker's next step on; false: its
   * decode worker has it, as any other.
   */
  cancel(slot: number, nowUs: number): boolean {
    const state = this.table.data[slot + AT_STATE]!;
    if (!isOnItsWay(state)) return false;
    this.stop(slot, nowUs, NaN);
    const target = this.targetOf(slot);
    if (state === SLOT_REMOTE) this.remote.remove(slot);
    else {
      const worker = this.parts.workers[target]!;
      worker.batch.landing!.withdraw(slot, false);
      this.parts.clock.wake(worker, nowUs);
    }
    if (target >= 0) this.parts.decodeDesk.ended(target, slot, nowUs);
    if (state === SLOT_REMOTE || state === SLOT_LANDING) this.table.give(slot);
    return true;
  }

  /** A prefill worker has died with a prompt of its own; noticed at `noticeUs`. The prompt's slot is the caller's. */
  sourceLost(prompt: number, nowUs: number, noticeUs: number): void {
    const slot = this.legs.data[this.legs.at(prompt) + LEG_PEER]!;
    const at = this.legs.at(slot);
    const { data } = this.legs;
    if (Number.isNaN(data[at + LEG_PREFILLED_US]!)) {
      this.parts.prefillDesk.ended(data[at + LEG_SOURCE]!, prompt, nowUs, false);
      promptLost(this.table.data, slot, prompt);
    } else this.table.data[slot + AT_LOST] = knownTokens(this.table, slot);
    data[at + LEG_PEER] = NONE;
    this.stop(slot, nowUs);
    data[at + LEG_PREFILLED_US] = NaN;
    beginRedo(this.table.data, slot, nowUs);
    this.timers.send(slot, MSG_SOURCE_LOST, noticeUs);
  }

  /** A worker has this share of its links' bandwidth left. */
  get links(): HandoffParts["links"] {
    return this.parts.links;
  }

  /** Chooses the decode worker where none is chosen yet; false: there is none, and the request is over. */
  private choose(slot: number, nowUs: number): boolean {
    const at = this.legs.at(slot);
    if (this.legs.data[at + LEG_TARGET] !== NONE) return true;
    const { data } = this.table;
    const { decodeDesk, sink } = this.parts;
    // Where decode workers compute prompts too, a prompt that comes computed is none to them.
    const newTokens = this.conditional === undefined ? NaN : 0;
    const known = knownTokens(this.table, slot);
    const target = decodeDesk.route(slot, data[slot + AT_ROW]!, known, nowUs, newTokens);
    if (target === null) {
      sink.handoffOver(NONE, slot, decodeDesk.refusal, nowUs);
      return false;
    }
    this.legs.data[at + LEG_TARGET] = target.id;
    return true;
  }

  /** Whether the decode worker computes the prompt from the start; it has it then. */
  private staysAtTarget(slot: number, nowUs: number): boolean {
    const worker = this.conditional?.route(slot, knownTokens(this.table, slot), nowUs) ?? null;
    if (worker === null) return false;
    this.legs.data[this.legs.at(slot) + LEG_TARGET] = worker.id;
    this.remote.remove(slot);
    this.parts.clock.enqueue(worker, slot, nowUs);
    return true;
  }

  /** Asks the decode worker for memory; false: there is none, or it is dead. */
  private ask(slot: number, nowUs: number): boolean {
    if (!this.choose(slot, nowUs)) return false;
    const target = this.parts.workers[this.targetOf(slot)]!;
    this.remote.remove(slot);
    if (this.parts.clock.refuses(target, slot, nowUs)) return false;
    target.batch.landing!.ask(slot);
    this.parts.clock.wake(target, nowUs);
    return true;
  }

  private startPrefill(slot: number, nowUs: number): void {
    const { intake, pools } = this.parts;
    const request = intake.prompt(pools, slot, this.table);
    if (request === undefined) {
      this.computeAtTarget(slot, nowUs);
      return;
    }
    const prompt = this.table.take(request);
    this.table.data[prompt + AT_ADMITTED_US] = this.table.data[slot + AT_ADMITTED_US]!;
    this.table.data[prompt + AT_LOST] = this.table.data[slot + AT_LOST]!;
    const { prefillDesk } = this.parts;
    const worker = prefillDesk.route(prompt, request.row, request.input, nowUs);
    const { refusal } = prefillDesk;
    if (worker === null && refusal !== IT_WAITS) {
      this.unserved(slot, prompt, refusal, nowUs);
      return;
    }
    // Clearing may move the table: only then is it looked at.
    const promptAt = this.legs.clear(prompt);
    this.legs.data[promptAt + LEG_PEER] = slot;
    const at = this.legs.at(slot);
    this.legs.data[at + LEG_PEER] = prompt;
    this.legs.data[at + LEG_SOURCE] = worker?.id ?? NONE;
    if (worker !== null) this.parts.clock.enqueue(worker, prompt, nowUs);
  }

  /** A prompt gets no prefill worker. */
  private unserved(slot: number, prompt: number, code: number, nowUs: number): void {
    this.table.give(prompt);
    this.legs.data[this.legs.at(slot) + LEG_PEER] = NONE;
    if (code === REJECT_QUEUE_FULL || code === REJECT_DECLINED) {
      this.parts.sink.handoffOver(this.targetOf(slot), slot, code, nowUs);
    } else this.computeAtTarget(slot, nowUs);
  }

  private startTransfer(slot: number, nowUs: number): void {
    const isEmpty = beginTransfer(this.parts, this.legs, this.stats, slot, nowUs);
    if (isEmpty) this.send(slot, MSG_LANDED, nowUs);
  }

  /** A transfer has ended; the decode worker may have to rewrite what came. */
  private moved(slot: number, nowUs: number): void {
    const convertUs = this.legs.data[this.legs.at(slot) + LEG_CONVERT_US]!;
    if (convertUs > 0) {
      this.stats.conversionUs.add(convertUs);
      this.timers.send(slot, MSG_LANDED, nowUs + convertUs);
    } else this.landed(slot, nowUs);
  }

  /** All keys and values of a request are at its decode worker. */
  private landed(slot: number, nowUs: number): void {
    const at = this.legs.at(slot);
    const { data } = this.legs;
    data[at + LEG_LANDED_US] = nowUs;
    const target = this.parts.workers[data[at + LEG_TARGET]!]!;
    this.stats.landed(data[at + LEG_PREFILLED_US]!, data[at + LEG_RESERVED_US]!, nowUs);
    target.batch.landing!.complete(slot);
    this.parts.clock.wake(target, nowUs);
    this.stop(slot, nowUs);
  }

  /** The hand-off of a request has come to nothing. */
  private giveUp(slot: number, nowUs: number): void {
    if (this.rules.fallsBack) {
      this.stop(slot, nowUs);
      this.computeAtTarget(slot, nowUs);
      return;
    }
    const target = this.targetOf(slot);
    const worker = target === NONE ? this.legs.data[this.legs.at(slot) + LEG_SOURCE]! : target;
    this.parts.sink.handoffOver(worker, slot, NONE, nowUs);
  }

  /** The decode worker computes the prompt itself. */
  private computeAtTarget(slot: number, nowUs: number): void {
    const { data } = this.table;
    this.stats.fallbacks++;
    if (!this.choose(slot, nowUs)) return;
    const target = this.parts.workers[this.targetOf(slot)]!;
    if (!takes(this.parts.poolOf[target.id]!.engine.knobs, slot, this.table)) {
      this.parts.sink.handoffOver(target.id, slot, NONE, nowUs);
      return;
    }
    const state = data[slot + AT_STATE]!;
    const isComputed = !Number.isNaN(this.legs.data[this.legs.at(slot) + LEG_PREFILLED_US]!);
    data[slot + AT_LOST] = isComputed ? knownTokens(this.table, slot) : data[slot + AT_LOST]!;
    if (isComputed) beginRedo(data, slot, nowUs);
    if (state === SLOT_REMOTE) this.remote.remove(slot);
    else target.batch.landing!.withdraw(slot, true);
    if (state !== SLOT_TAKEN) this.parts.clock.enqueue(target, slot, nowUs);
    // Who asked for memory behind it may get some now.
    if (state !== SLOT_REMOTE) this.parts.clock.wake(target, nowUs);
  }

  /** Ends what goes on for a request: its prompt's slot, transfer, message and timeout. `doneUs`: NaN when it is given up. */
  stop(slot: number, nowUs: number, doneUs = nowUs): void {
    const at = this.legs.at(slot);
    const { data } = this.legs;
    const prompt = data[at + LEG_PEER]!;
    data[at + LEG_ENDS_US] = NaN;
    endHandoff(this.table.data, slot, data[at + LEG_PREFILLED_US]!, nowUs);
    this.timers.cancel(slot);
    if (data[at + LEG_TRANSFER]! >= 0) this.parts.links.cancel(data[at + LEG_TRANSFER]!, nowUs);
    data[at + LEG_TRANSFER] = NONE;
    data[at + LEG_PEER] = NONE;
    if (prompt === NONE) return;
    const isComputed = !Number.isNaN(data[at + LEG_PREFILLED_US]!);
    releasePrompt(this.parts, prompt, data[at + LEG_SOURCE]!, isComputed, nowUs, doneUs);
  }

  /** Nothing is left to decode. */
  private completeAtSource(slot: number, nowUs: number): void {
    const { data } = this.table;
    const source = this.legs.data[this.legs.at(slot) + LEG_SOURCE]!;
    this.stop(slot, nowUs);
    this.remote.remove(slot);
    if (data[slot + AT_OUTPUT]! > 0) {
      if (Number.isNaN(data[slot + AT_FIRST_TOKEN_US]!)) data[slot + AT_FIRST_TOKEN_US] = nowUs;
      data[slot + AT_GENERATED]!++;
      this.parts.workers[source]!.batch.countOutput();
    }
    this.parts.sink.completedAtSource(source, slot, nowUs);
    this.table.give(slot);
  }

  /** A message reaches the other leg's worker after the time that messages take. */
  private send(slot: number, message: number, nowUs: number): void {
    this.timers.send(slot, message, nowUs + this.rules.controlUs);
  }
}
