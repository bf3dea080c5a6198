/** The two schedulers against a port that only keeps a diary: what they ask, in which order, and when they stop asking. */

import { describe, expect, test } from "vitest";
import { schedulerPolicies } from "../../src/policies/index.ts";
import type { Scheduler, SchedulerKnobs, SchedulerPort } from "../../src/policies/index.ts";

type Waiting = {
  readonly known: number;
  readonly cached?: number;
  readonly output?: number;
  readonly since?: number;
};

/** The parts of the port that these two use. */
type Used = Pick<
  SchedulerPort,
  | "nowUs"
  | "preemptedInPass"
  | "partialPrefill"
  | "runningCount"
  | "waitingCount"
  | "waitingHead"
  | "runnableHead"
  | "waitingAfter"
  | "queuedSinceUs"
  | "knownTokens"
  | "outputLeft"
  | "blockSize"
  | "blocksTotal"
  | "blocksAvailable"
  | "scheduleDecodes"
  | "continuePrefill"
  | "matchPrefix"
  | "reserves"
  | "landPrompts"
  | "admit"
  | "admitPadded"
>;

/** A worker of our own: slots are places in `waiting`. */
class Diary implements Used {
  readonly entries: string[] = [];
  nowUs = 0;
  preemptedInPass = 0;
  partialPrefill = -1;
  runningCount = 0;
  readonly blockSize = 16;
  blocksTotal = 1000;
  blocksAvailable = 1000;
  /** Tokens that decodes take, and what preemption they cause. */
  decodes = 0;
  preempts = 0;
  private readonly queue: number[];
  private readonly waiting: readonly Waiting[];

  constructor(waiting: readonly Waiting[] = []) {
    this.waiting = waiting;
    this.queue = waiting.map((_, slot) => slot);
  }

  get waitingCount(): number {
    return this.queue.length;
  }
  get waitingHead(): number {
    return this.queue[0] ?? -1;
  }
  /** Nobody here waits for an adapter. */
  get runnableHead(): number {
    return this.waitingHead;
  }
  waitingAfter(slot: number): number {
    return this.queue[this.queue.indexOf(slot) + 1] ?? -1;
  }
  queuedSinceUs(slot: number): number {
    return this.waiting[slot]!.since ?? 0;
  }
  knownTokens(slot: number): number {
    return this.waiting[slot]!.known;
  }
  outputLeft(slot: number): number {
    return this.waiting[slot]!.output ?? 1;
  }
  scheduleDecodes(): number {
    this.entries.push("decodes");
    this.preemptedInPass = this.preempts;
    return this.decodes;
  }
  continuePrefill(slot: number, tokens: number): number {
    this.entries.push(`continue ${slot} ${tokens}`);
    return tokens;
  }
  matchPrefix(slot: number): number {
    return this.waiting[slot]!.cached ?? 0;
  }
  reserves(slot: number, tokens: number): boolean {
    const blocks = Math.ceil(tokens / this.blockSize);
    this.entries.push(`reserve ${slot} ${tokens}`);
    if (blocks > this.blocksAvailable) return false;
    this.blocksAvailable -= blocks;
    return true;
  }
  landPrompts(_budget: number): number {
    return 0;
  }
  admit(slot: number, tokens: number): number {
    expect(slot).toBe(this.queue.shift());
    this.runningCount++;
    this.entries.push(`admit ${slot} ${tokens}`);
    return tokens;
  }
  admitPadded(slot: number, paddedTokens: number): void {
    expect(slot).toBe(this.queue.shift());
    this.runningCount++;
    this.entries.push(`pad ${slot} ${paddedTokens}`);
  }
}

function create(name: string, knobs: Partial<SchedulerKnobs> = {}): Scheduler {
  const used: Partial<SchedulerKnobs> = {
    max_num_seqs: 8,
    max_num_batched_tokens: 100,
    enable_chunked_prefill: true,
    scheduler_reserve_full_isl: true,
    batchTimeoutUs: 0,
    ...knobs,
  };
  const policy = schedulerPolicies.find(({ meta }) => meta.name === name)!;
  // The rest of the knobs, as of the port, belongs to other schedulers.
  return policy.create(used as SchedulerKnobs);
}

/** One pass; returns when to try again, µs. */
function pass(scheduler: Scheduler, diary: Diary): number {
  return scheduler.pass(diary as Used as SchedulerPort);
}

function passed(scheduler: Scheduler, diary: Diary): string[] {
  pass(scheduler, diary);
  return diary.entries;
}

describe("vllm", () => {
  test("decodes first, then the prompt under way, then the queue, while the budget lasts", () => {
    const diary = new Diary([{ known: 30 }, { known: 80 }, { known: 1 }]);
    Object.assign(diary, { decodes: 5, partialPrefill: 7, runningCount: 6 });
    // The prompt under way takes all that decodes leave.
    expect(passed(create("vllm"), diary)).toEqual(["decodes", "continue 7 95"]);
  });

  test("admits in order, the last one with what is left, and reserves whole prompts", () => {
    const diary = new Diary([{ known: 30 }, { known: 80, cached: 16 }, { known: 40 }]);
    diary.decodes = 5;
    expect(passed(create("vllm"), diary)).toEqual([
      "decodes",
      "reserve 0 30",
      "admit 0 30",
      "reserve 1 80",
      "admit 1 64",
      // 100 − 5 − 30 − 64 = 1 token is left.
      "reserve 2 40",
      "admit 2 1",
    ]);
  });

  test("reserves only the chunk when told so", () => {
    const diary = new Diary([{ known: 300, cached: 32 }]);
    const scheduler = create("vllm", { scheduler_reserve_full_isl: false });
    expect(passed(scheduler, diary)).toEqual(["decodes", "reserve 0 132", "admit 0 100"]);
  });

  test("the head blocks the queue when its blocks cannot be had", () => {
    const diary = new Diary([{ known: 33 }, { known: 1 }]);
    diary.blocksAvailable = 2;
    expect(passed(create("vllm"), diary)).toEqual(["decodes", "reserve 0 33"]);
  });

  test("nobody is admitted in a pass that preempted, or into a full batch", () => {
    const preempting = new Diary([{ known: 1 }]);
    preempting.preempts = 1;
    expect(passed(create("vllm"), preempting)).toEqual(["decodes"]);
    const full = new Diary([{ known: 1 }, { known: 1 }]);
    full.runningCount = 7;
    expect(passed(create("vllm"), full)).toEqual(["decodes", "reserve 0 1", "admit 0 1"]);
  });

  test("without chunks a prompt goes whole or waits", () => {
    const whole = create("vllm", { enable_chunked_prefill: false });
    const diary = new Diary([{ known: 60 }, { known: 41 }, { known: 1 }]);
    expect(passed(whole, diary)).toEqual(["decodes", "reserve 0 60", "admit 0 60"]);
    // Cached tokens need no room in the step.
    const cached = new Diary([{ known: 60 }, { known: 41, cached: 16 }]);
    expect(passed(whole, cached).at(-1)).toBe("admit 1 25");
  });

  test("asks to be called again only when something happens", () => {
    expect(pass(create("vllm"), new Diary([{ known: 5 }]))).toBe(Infinity);
    expect(pass(create("vllm"), new Diary())).toBe(Infinity);
  });
});

describe("static", () => {
  test("takes what waits, padded to the longest, and nothing more until the batch is done", () => {
    const diary = new Diary([{ known: 5 }, { known: 30 }, { known: 7 }]);
    expect(passed(create("static", { max_num_seqs: 3 }), diary)).toEqual([
      "pad 0 30",
      "pad 1 30",
      "pad 2 30",
    ]);
    const running = new Diary([{ known: 5 }]);
    running.runningCount = 1;
    expect(passed(create("static"), running)).toEqual(["decodes"]);
  });

  test("waits for a full batch until the head's time is up", () => {
    const scheduler = create("static", { max_num_seqs: 2, batchTimeoutUs: 500 });
    const diary = new Diary([{ known: 5, since: 1000 }]);
    diary.nowUs = 1499;
    expect(pass(scheduler, diary)).toBe(1500);
    expect(diary.entries).toEqual([]);
    diary.nowUs = 1500;
    expect(pass(scheduler, diary)).toBe(Infinity);
    expect(diary.entries).toEqual(["pad 0 5"]);
    const full = new Diary([
      { known: 5, since: 1000 },
      { known: 6, since: 1001 },
    ]);
    full.nowUs = 1001;
    expect(passed(scheduler, full)).toEqual(["pad 0 6", "pad 1 6"]);
  });

  test("only as many as the pool holds at the longest prompt and the longest answer", () => {
    // 20 + 40 tokens: 4 blocks a place. Then 33 + 40: 5 blocks a place, three places are one too many for 14.
    const rows = [{ known: 20, output: 40 }, { known: 3 }, { known: 33 }];
    const batch = (blocks: number): number => {
      const diary = new Diary(rows);
      diary.blocksTotal = blocks;
      return passed(create("static"), diary).length;
    };
    expect([batch(15), batch(14), batch(8), batch(7)]).toEqual([3, 2, 2, 1]);
  });
});
