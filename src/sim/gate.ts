/**
 * The gateway's door: what of the traffic the admission policies let in, by a book of what is in flight. It is exact and free of delay,
 * as a gateway's own book is.
 */

import { ok, type Result } from "../core/index.ts";
import { admissionPolicies, createAdmission } from "../policies/index.ts";
import type { Admission, AdmissionRequest, AdmissionView } from "../policies/index.ts";
import type { Trace } from "../trace/index.ts";
import { POLICY_REASONS } from "./admission.ts";
import type { Pool } from "./pool.ts";
import { AT_INPUT, AT_ROW, SLOT_NUMBERS, type RequestTable } from "./request-table.ts";
import type { Scenario } from "./scenario.ts";
import type { SloClasses } from "./slo-classes.ts";

/** Prompt tokens of the step by which a worker's speed is measured, at most. */
const STEP_TOKENS = 8192;

type Door = { readonly code: number; readonly admission: Admission };

export class Gate implements AdmissionView {
  readonly workers: number;
  readonly usPerPromptToken: number;
  inFlight = 0;
  queued = 0;
  queuedTokens = 0;
  /** Of the last refusal, µs. */
  retryAfterUs = 0;
  private readonly doors: readonly Door[];
  private readonly table: RequestTable;
  private readonly trace: Trace | undefined;
  private readonly byTenant: number[] = [];
  private readonly byClass: number[] = [];
  /** Of each slot: 0 unknown here, 1 without a first token, 2 with it. */
  private states = new Uint8Array(256);
  private tokens = new Float64Array(256);
  private readonly slo: SloClasses;
  private readonly request: AdmissionRequest = {
    inputTokens: 0,
    priority: 0,
    tenant: 0,
    class: 0,
    ttftTargetUs: Infinity,
  };

  constructor(
    doors: readonly Door[],
    slo: SloClasses,
    pools: readonly Pool[],
    table: RequestTable,
    trace: Trace | undefined,
  ) {
    this.doors = doors;
    this.table = table;
    this.trace = trace;
    this.slo = slo;
    const prompting = pools.filter(({ role }) => role !== "decode");
    this.workers = prompting.reduce((sum, { workers }) => sum + workers.length, 0);
    const rate = prompting.reduce((sum, pool) => sum + pool.workers.length / usPerToken(pool), 0);
    this.usPerPromptToken = 1 / rate;
  }

  /** Code of the reason a request is refused for, −1: it may come in. */
  refusal(row: number, inputTokens: number, nowUs: number): number {
    const { request } = this;
    this.fill(row);
    request.inputTokens = inputTokens;
    for (const { code, admission } of this.doors) {
      if (admission.admits(this, request, nowUs)) continue;
      this.retryAfterUs = admission.retryAfterUs;
      return code;
    }
    return -1;
  }

  /** A request comes in. */
  entered(slot: number): void {
    const place = slot / SLOT_NUMBERS;
    if (place >= this.states.length) {
      const grown = new Uint8Array(2 * place);
      grown.set(this.states);
      this.states = grown;
      const wider = new Float64Array(2 * place);
      wider.set(this.tokens);
      this.tokens = wider;
    }
    this.tokens[place] = this.table.data[slot + AT_INPUT]!;
    this.states[place] = 1;
    this.count(slot, 1);
    this.queued++;
    this.queuedTokens += this.tokens[place]!;
  }

  firstToken(slot: number): void {
    const place = slot / SLOT_NUMBERS;
    if (this.states[place] !== 1) return;
    this.states[place] = 2;
    this.queued--;
    this.queuedTokens -= this.tokens[place]!;
  }

  ended(slot: number): void {
    const place = slot / SLOT_NUMBERS;
    if ((this.states[place] ?? 0) === 0) return;
    this.firstToken(slot);
    this.states[place] = 0;
    this.count(slot, -1);
  }

  inFlightOfTenant(tenant: number): number {
    return this.byTenant[tenant] ?? 0;
  }

  inFlightOfClass(name: number): number {
    return this.byClass[name] ?? 0;
  }

  private count(slot: number, change: number): void {
    const { request } = this;
    this.fill(this.table.data[slot + AT_ROW]!);
    this.inFlight += change;
    this.byTenant[request.tenant] = this.inFlightOfTenant(request.tenant) + change;
    this.byClass[request.class] = this.inFlightOfClass(request.class) + change;
  }

  private fill(row: number): void {
    const { request, trace } = this;
    request.priority = trace?.priority?.[row] ?? 0;
    request.tenant = trace?.labels?.tenant?.codes[row] ?? 0;
    request.class = trace?.labels?.class?.codes[row] ?? 0;
    request.ttftTargetUs = this.slo.all[this.slo.of(row)]!.targets.ttftUs;
  }
}

/** Time in which a worker of the pool computes a token of a long prompt, µs. */
function usPerToken({ engine }: Pool): number {
  const tokens = Math.min(STEP_TOKENS, engine.knobs.max_num_batched_tokens);
  const us = engine.model.stepUs({
    prefillRequests: 1,
    prefillTokens: tokens,
    prefillPastTokens: 0,
    prefillPairs: (tokens * tokens) / 2,
    decodeRequests: 0,
    decodeContextTokens: 0,
  });
  return Math.max(us, 1) / tokens;
}

/** The scenario's door; undefined: everybody comes in. Errors: an unknown policy or knob. */
export function gateOf(
  scenario: Scenario,
  pools: readonly Pool[],
  table: RequestTable,
  trace: Trace | undefined,
  slo: SloClasses,
): Result<Gate | undefined> {
  if (scenario.admission.length === 0) return ok(undefined);
  const doors: Door[] = [];
  for (const [index, { policy: name, knobs }] of scenario.admission.entries()) {
    const made = createAdmission(name, knobs, `admission.${String(index)}`);
    if (!made.ok) return made;
    const place = admissionPolicies.indexOf(made.value.policy);
    doors.push({ code: POLICY_REASONS + place, admission: made.value.admission });
  }
  return ok(new Gate(doors, slo, pools, table, trace));
}
