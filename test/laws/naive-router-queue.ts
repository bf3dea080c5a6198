/**
 * A router's queue written down plainly: a list of those who wait, sorted and summed anew each time. Workers have what is booked on
 * them and the first blocks of the one prompt that all prompts begin with.
 */

import type { QueueClass, QueueRules, RouterRequest } from "../../src/policies/index.ts";

export type NaiveWorker = {
  isUp: boolean;
  /** Leading tokens of any prompt that it has. */
  readonly cachedTokens: number;
  readonly stepTokens: number;
  /** Prompt tokens of its requests without a first token, by number. */
  readonly booked: Map<number, number>;
};

type Waiting = {
  readonly id: number;
  readonly request: RouterRequest;
  readonly lane: Lane;
  readonly newTokens: number;
  readonly key: readonly number[];
};

type Lane = {
  readonly rule: QueueClass;
  readonly key: number;
  readonly quantum: number;
  saved: number;
};

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

export class NaiveRouterQueue {
  waiting: Waiting[] = [];
  private readonly workers: readonly NaiveWorker[];
  private readonly rules: QueueRules;
  /** In order of the first who came. */
  private readonly lanes: Lane[] = [];
  private served: Lane | undefined;

  constructor(workers: readonly NaiveWorker[], rules: QueueRules) {
    this.workers = workers;
    this.rules = rules;
  }

  eligible({ pinned }: RouterRequest): NaiveWorker[] {
    return this.workers.filter((worker, i) => worker.isUp && (pinned < 0 || i === pinned));
  }

  newTokens(request: RouterRequest): number {
    const whole = Math.floor(request.inputTokens / 16) * 16;
    const left = this.eligible(request).map(
      ({ cachedTokens }) => request.inputTokens - Math.min(whole, cachedTokens),
    );
    return Math.min(request.inputTokens, ...left);
  }

  arrive(request: RouterRequest, id: number, nowUs: number): string {
    const newTokens = this.newTokens(request);
    const lane = this.laneOf(request, newTokens);
    const { rule } = lane;
    const inLane = this.waiting.filter((other) => other.lane === lane);
    if (this.eligible(request).length === 0) return "passes";
    if (inLane.length === 0 && !this.mustWait(request, rule)) return "passes";
    if (rule.declines) return "declines";
    const healthy = this.workers.filter(({ isUp }) => isUp).length;
    const tokens = sum(inLane.map((other) => other.request.inputTokens));
    const cached = tokens - sum(inLane.map((other) => other.newTokens));
    if (inLane.length >= healthy * rule.requestsPerWorker) return "full";
    if (tokens >= healthy * rule.tokensPerWorker) return "full";
    if (cached >= healthy * rule.cachedTokensPerWorker) return "full";
    const head = Math.max(0, request.priority);
    const score = {
      fcfs: head - nowUs / 1e6,
      lcfs: head + nowUs / 1e6,
      wspt: (1 + head) / Math.max(1, newTokens),
    }[rule.order];
    const key = [-request.strictPriority, -score, id];
    this.waiting.push({ id, request, lane, newTokens, key });
    return "joins";
  }

  /** The request that goes now; undefined: nobody may. */
  next(): number | undefined {
    const heads = this.lanes.flatMap((lane) => {
      const [first] = this.waiting.filter((of) => of.lane === lane).sort(byKey);
      return first === undefined || this.mustWait(first.request, lane.rule) ? [] : [first];
    });
    if (heads.length === 0) return undefined;
    const canPay = ({ lane, newTokens }: Waiting): boolean => lane.saved >= Math.max(1, newTokens);
    const again = heads.find((head) => head.lane === this.served && canPay(head));
    if (again !== undefined) return this.serve(again);
    // The round goes on behind the lane served last, which may be empty by now.
    const from = this.served === undefined ? 0 : this.lanes.indexOf(this.served) + 1;
    const turn = (of: Waiting): number => {
      const place = this.lanes.indexOf(of.lane);
      return place < from ? place + this.lanes.length : place;
    };
    const ring = heads.sort((a, b) => turn(a) - turn(b));
    for (;;) {
      for (const head of ring) {
        if (!canPay(head)) head.lane.saved += head.lane.quantum;
        if (canPay(head)) return this.serve(head);
      }
    }
  }

  leave(id: number): void {
    const { lane } = this.waiting.find((of) => of.id === id)!;
    this.waiting = this.waiting.filter((of) => of.id !== id);
    if (this.waiting.every((of) => of.lane !== lane)) lane.saved = 0;
  }

  private serve({ id, lane, newTokens }: Waiting): number {
    lane.saved -= Math.max(1, newTokens);
    this.served = lane;
    return id;
  }

  private mustWait(request: RouterRequest, rule: QueueClass): boolean {
    const eligible = this.eligible(request);
    const busy = eligible.filter(({ booked, stepTokens }) => {
      const tokens = sum(booked.values());
      return tokens > rule.busyTokens || tokens > rule.busyShare * stepTokens;
    });
    return eligible.length > 0 && busy.length >= rule.busyWorkerRatio * eligible.length;
  }

  private laneOf(request: RouterRequest, newTokens: number): Lane {
    const { classes, fairBy, weightOf } = this.rules;
    const fits = classes.filter(({ newTokensMin }) => newTokens >= newTokensMin);
    const own = fits.filter(({ family }) => family >= 0 && family === request.family);
    const rest = fits.filter(({ family }) => family === -1);
    const [rule] = (own.length > 0 ? own : rest).sort((a, b) => b.newTokensMin - a.newTokensMin);
    const key = { none: 0, tenant: request.tenant, priority: request.priority }[fairBy];
    const known = this.lanes.find((lane) => lane.rule === rule && lane.key === key);
    if (known !== undefined) return known;
    const plain = fairBy === "priority" ? 1 + Math.max(0, request.priority) : 1;
    const weight = fairBy === "none" ? 1 : (weightOf(key) ?? plain);
    const lane = { rule: rule!, key, quantum: weight * rule!.quantumTokens, saved: 0 };
    this.lanes.push(lane);
    return lane;
  }
}

function byKey(a: Waiting, b: Waiting): number {
  const at = a.key.findIndex((key, i) => key !== b.key[i]);
  return a.key[at]! - b.key[at]!;
}
