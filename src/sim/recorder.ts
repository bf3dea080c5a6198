/**
 * The recorder: what a run leaves behind. Sketches and counters always; columns per request, samples over time and slices
 * of the workers' time when asked for. Recording never changes a result.
 */

import {
  Digest,
  F64Column,
  GapHistogram,
  I32Column,
  QuantileSketch,
  U32Column,
} from "../core/index.ts";
import type { Trace } from "../trace/index.ts";
import type { MixedStep } from "./engine.ts";
import { REQUEST_COMPLETED, SLICE_DECODE, SLICE_MIXED } from "./report.ts";
import type { SliceColumns } from "./report.ts";
import {
  AT_ADMITTED_US,
  AT_ARRIVAL_US,
  AT_CACHED,
  AT_FIRST_TOKEN_US,
  AT_INPUT,
  AT_OUTPUT,
  AT_PREEMPTIONS,
  AT_ROW,
} from "./request-table.ts";
import type { RequestTable } from "./request-table.ts";
import { groupsOf } from "./request-groups.ts";
import type { GroupKinds } from "./request-groups.ts";
import type { Scenario } from "./scenario.ts";
import { SloClasses } from "./slo-classes.ts";
import type { SloTargets } from "./slo-classes.ts";
import { timesOf } from "./time-asides.ts";
import { PartSums } from "./time-parts.ts";

const US_PER_S = 1e6;

/** Latencies of measured requests, and the digest over all. */
export class Outcomes {
  readonly ttft = new QuantileSketch();
  readonly tpot = new QuantileSketch();
  readonly e2e = new QuantileSketch();
  readonly queue = new QuantileSketch();
  readonly gaps = new GapHistogram();
  readonly digest = new Digest();
  measured = 0;
  measuredCompleted = 0;
  measuredInput = 0;
  measuredOutput = 0;
  withinSlo = 0;
  /** Prompt and answer of the longest completed request, warm-up included. */
  longestTokens = 0;
  /** Parts of the measured requests' times. */
  readonly ttftParts = new PartSums("ttft");
  readonly e2eParts = new PartSums("e2e");
  readonly warmupUs: number;
  private readonly times = {
    arrivalUs: 0,
    admittedUs: 0,
    firstTokenUs: 0,
    finishUs: 0,
    onboardUs: 0,
    transferUs: 0,
    settleUs: 0,
    redoFirstUs: 0,
    redoUs: 0,
  };
  readonly slo: SloClasses;
  readonly groups: GroupKinds;
  /** What each class is promised, by the engine's clock. */
  private readonly targets: readonly SloTargets[];

  /** `clientPathUs`: what a client waits beside the engine, of the times that it is promised. */
  constructor(
    { traffic, slo }: Pick<Scenario, "traffic" | "slo">,
    trace: Trace | undefined,
    clientPathUs: number,
  ) {
    this.warmupUs = Math.round(traffic.warmup_s * US_PER_S);
    this.slo = new SloClasses(slo, trace);
    this.groups = groupsOf(this.slo, trace);
    this.targets = this.slo.all.map(({ targets: { ttftUs, tpotUs, e2eUs } }) => ({
      ttftUs: ttftUs - clientPathUs,
      tpotUs,
      e2eUs: e2eUs - clientPathUs,
    }));
  }

  /** A request arrives, of a row of the traffic. */
  offered(row: number, inputTokens: number, arrivalUs: number): void {
    this.slo.arrived(row, inputTokens);
    if (arrivalUs < this.warmupUs) return;
    this.measured++;
    const { classes, tenants } = this.groups;
    if (classes !== undefined) classes.of(row).measured++;
    if (tenants !== undefined) tenants.of(row).measured++;
  }

  /** A request ended without completing. */
  ended(row: number, status: number, arrivalUs: number, nowUs: number): void {
    this.digest.addF64(row);
    this.digest.addU32(status);
    this.digest.addF64(nowUs);
    if (arrivalUs < this.warmupUs) return;
    this.groups.classes?.of(row).ended(status);
    this.groups.tenants?.of(row).ended(status);
  }

  completed(table: RequestTable, slot: number, nowUs: number, workerId: number): void {
    const arrivalUs = table.data[slot + AT_ARRIVAL_US]!;
    const firstTokenUs = table.data[slot + AT_FIRST_TOKEN_US]!;
    const admittedUs = table.data[slot + AT_ADMITTED_US]!;
    const { digest } = this;
    const row = table.data[slot + AT_ROW]!;
    digest.addF64(row);
    digest.addU32(REQUEST_COMPLETED);
    digest.addF64(admittedUs);
    digest.addF64(firstTokenUs);
    digest.addF64(nowUs);
    digest.addU32(workerId);
    digest.addU32(table.data[slot + AT_CACHED]!);
    digest.addU32(table.data[slot + AT_PREEMPTIONS]!);
    const output = table.data[slot + AT_OUTPUT]!;
    const tokens = table.data[slot + AT_INPUT]! + output;
    if (tokens > this.longestTokens) this.longestTokens = tokens;
    if (arrivalUs < this.warmupUs) return;
    this.measuredCompleted++;
    this.measuredInput += table.data[slot + AT_INPUT]!;
    this.measuredOutput += output;
    const e2eUs = nowUs - arrivalUs;
    this.e2e.add(e2eUs);
    this.queue.add(admittedUs - arrivalUs);
    const times = timesOf(table.data, slot, nowUs, this.times);
    this.e2eParts.add(times);
    if (output > 0) this.ttftParts.add(times);
    const targets = this.targets[this.slo.of(row)]!;
    let isGood = e2eUs <= targets.e2eUs;
    let ttftUs = NaN;
    let tpotUs = NaN;
    if (output > 0) {
      ttftUs = firstTokenUs - arrivalUs;
      this.ttft.add(ttftUs);
      if (ttftUs > targets.ttftUs) isGood = false;
    }
    if (output > 1) {
      tpotUs = (nowUs - firstTokenUs) / (output - 1);
      this.tpot.add(tpotUs);
      if (tpotUs > targets.tpotUs) isGood = false;
    }
    if (isGood) this.withinSlo++;
    this.groups.classes?.of(row).completes(ttftUs, tpotUs, e2eUs, isGood);
    this.groups.tenants?.of(row).completes(ttftUs, tpotUs, e2eUs, isGood);
  }
}

/** Slices of the workers' time, up to a limit. */
export class SliceLog {
  private readonly limit: number;
  private truncated = false;
  private readonly worker = new I32Column();
  private readonly startUs = new F64Column();
  private readonly endUs = new F64Column();
  private readonly kind = new U32Column();
  private readonly steps = new F64Column();
  private readonly prefillTokens = new F64Column();
  private readonly prefillRequests = new U32Column();
  private readonly decodeRequests = new U32Column();
  /** The last slice of each worker. */
  private readonly lastOf: number[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  addMixed(step: MixedStep, startUs: number, endUs: number): void {
    if (!this.open(step.id, startUs, endUs)) return;
    this.kind.push(SLICE_MIXED);
    this.steps.push(1);
    this.prefillTokens.push(step.prefillTokens);
    this.prefillRequests.push(step.prefillRequests);
    this.decodeRequests.push(step.decodeRequests);
  }

  addDecode(worker: number, requests: number, startUs: number, endUs: number, steps: number): void {
    if (!this.open(worker, startUs, endUs)) return;
    this.kind.push(SLICE_DECODE);
    this.steps.push(steps);
    this.prefillTokens.push(0);
    this.prefillRequests.push(0);
    this.decodeRequests.push(requests);
  }

  /** Makes the worker's last slice longer, if it is there and ends at `startUs`; returns whether it does. */
  extend(worker: number, startUs: number, endUs: number, steps: number): boolean {
    const row = this.lastOf[worker];
    if (row === undefined || this.endUs.at(row) !== startUs) return false;
    if (this.kind.at(row) !== SLICE_DECODE) return false;
    this.endUs.set(row, endUs);
    this.steps.set(row, this.steps.at(row) + steps);
    return true;
  }

  /** False when the limit is reached. */
  private open(worker: number, startUs: number, endUs: number): boolean {
    if (this.worker.length >= this.limit) {
      this.truncated = true;
      return false;
    }
    this.lastOf[worker] = this.worker.length;
    this.worker.push(worker);
    this.startUs.push(startUs);
    this.endUs.push(endUs);
    return true;
  }

  columns(): SliceColumns {
    return {
      rows: this.worker.length,
      worker: this.worker.view(),
      startUs: this.startUs.view(),
      endUs: this.endUs.view(),
      kind: Uint8Array.from(this.kind.view()),
      steps: this.steps.view(),
      prefillTokens: this.prefillTokens.view(),
      prefillRequests: this.prefillRequests.view(),
      decodeRequests: this.decodeRequests.view(),
      truncated: this.truncated,
    };
  }
}
