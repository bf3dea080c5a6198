/**
 * Random recordings of agents at work: what happened, call by call, before any trace format writes it down. The edges are what
 * the agents did, not what a reader would make of the times.
 */

import { stream } from "../../src/core/index.ts";

type RandomStream = ReturnType<typeof stream>;

export type RecordedEdge = {
  /** Place of the call that is waited for. */
  readonly on: number;
  readonly trigger: "completion" | "dispatch";
  readonly relation: "sequence" | "spawn" | "join";
  readonly delayUs: number;
};

export type RecordedCall = {
  readonly task: number;
  readonly agent: number;
  readonly startUs: number;
  readonly endUs: number;
  /** Time the agent itself thought before this call; it may have waited longer, for others. */
  readonly thinkUs: number;
  /** Every token of the prompt: equal numbers are equal texts. */
  readonly prompt: readonly number[];
  /** Tokens of the answer; no two calls of a recording have the same number, so that it names the call. */
  readonly output: number;
  readonly model: string;
  readonly edges: readonly RecordedEdge[];
};

export type RecordedAgent = {
  readonly task: number;
  /** −1: it begins the task. */
  readonly parent: number;
  /** Whether the parent waits for it. */
  readonly blocks: boolean;
  /** Calls of the parent that started it and that waited for it, −1: none. */
  readonly spawnedBy: number;
  readonly joinedBy: number;
};

export type Recording = {
  /** In order of their start; calls of one instant in the order in which they were made. */
  readonly calls: readonly RecordedCall[];
  readonly agents: readonly RecordedAgent[];
  /** Tokens that all prompts of a task's first agent begin with, by task. */
  readonly systemTokens: readonly number[];
};

export type RecordingKind = {
  readonly seed: number;
  readonly tasks: number;
  /** Levels of agents below a task's first one. */
  readonly depth: number;
  /** Whether a sub-agent may start while its parent's call runs. */
  readonly inFlight: boolean;
  /** Whether an agent may make a call before its last one has ended. */
  readonly overlaps: boolean;
  /** Whether a prompt may leave out the end of the one before. */
  readonly rewinds: boolean;
  /** Whether a turn may follow another than the last one. */
  readonly branches: boolean;
  /** Times are multiples of it, µs. */
  readonly gridUs: number;
};

const CALLS_MOST = 60;
const SYSTEMS = [0, 24, 70];

/** Draws a recording. */
export function randomRecording(kind: RecordingKind): Recording {
  const recorder = new Recorder(kind);
  for (let task = 0; task < kind.tasks; task++) recorder.task();
  return recorder.recording();
}

type OpenAgent = { -readonly [key in keyof RecordedAgent]: RecordedAgent[key] };
type OpenCall = Omit<RecordedCall, "edges"> & { readonly edges: RecordedEdge[] };

class Recorder {
  private readonly kind: RecordingKind;
  private readonly random: RandomStream;
  private readonly calls: OpenCall[] = [];
  private readonly agents: OpenAgent[] = [];
  private readonly systemTokens: number[] = [];
  private nextToken = 1_000_000;
  private beginsUs = 0;

  constructor(kind: RecordingKind) {
    this.kind = kind;
    this.random = stream(kind.seed, "recording");
  }

  task(): void {
    this.beginsUs += this.time(40);
    const task = this.systemTokens.length;
    const system = SYSTEMS[this.random.int(SYSTEMS.length)]!;
    this.systemTokens.push(system);
    // One text for each length: tasks with equal numbers of system tokens have equal system prompts.
    const prompt = Array.from({ length: system }, (_, i) => system * 1000 + i);
    this.agents.push({ task, parent: -1, blocks: false, spawnedBy: -1, joinedBy: -1 });
    this.run(this.agents.length - 1, this.beginsUs, prompt, [], 0);
  }

  recording(): Recording {
    const order = this.calls.map((_, i) => i);
    order.sort((a, b) => this.calls[a]!.startUs - this.calls[b]!.startUs || a - b);
    const place = new Int32Array(order.length);
    order.forEach((call, i) => (place[call] = i));
    const placed = (call: number): number => (call < 0 ? -1 : place[call]!);
    return {
      calls: order.map((i) => ({
        ...this.calls[i]!,
        edges: this.calls[i]!.edges.map((edge) => ({ ...edge, on: place[edge.on]! })),
      })),
      agents: this.agents.map((agent) => ({
        ...agent,
        spawnedBy: placed(agent.spawnedBy),
        joinedBy: placed(agent.joinedBy),
      })),
      systemTokens: this.systemTokens,
    };
  }

  /** One agent's calls, its sub-agents' among them; when the last of its own has ended. */
  private run(
    agent: number,
    startUs: number,
    basis: readonly number[],
    first: readonly RecordedEdge[],
    depth: number,
  ): { readonly endUs: number; readonly last: number } {
    const { random, kind } = this;
    const own: number[] = [];
    let prompt = [...basis, ...this.text(1 + random.int(60))];
    let edges = [...first];
    let at = startUs;
    let thinkUs = 0;
    let latest = { endUs: -1, last: -1 };
    const most = 1 + random.int(6);
    for (;;) {
      const call = this.call({ agent, at, thinkUs, prompt, edges });
      own.push(call);
      const { endUs, output } = this.calls[call]!;
      if (endUs >= latest.endUs) latest = { endUs, last: call };
      const answer = this.text(output);
      const children = depth < kind.depth ? this.children(agent, call, prompt, depth) : [];
      if (own.length === most || this.calls.length >= CALLS_MOST) return latest;
      const blocking = children.filter(({ blocks }) => blocks);
      const inFlight = kind.overlaps && blocking.length === 0 && random.next() < 0.2;
      thinkUs = this.time(6);
      const before = kind.branches ? own[random.int(own.length)]! : call;
      at = Math.max(
        inFlight ? at + kind.gridUs + this.time(3) : endUs + thinkUs,
        ...blocking.map((child) => child.endUs + this.time(2)),
        // Later than its sub-agents' starts, or they would be the next call's.
        ...children.map((child) => child.startUs + kind.gridUs),
      );
      edges = [this.sequence(before, at)];
      for (const { endUs: end, last, agent: child } of blocking) {
        const delayUs = at - end;
        edges.push({ on: last, trigger: "completion", relation: "join", delayUs });
        this.agents[child]!.joinedBy = this.calls.length;
      }
      prompt = this.next(this.calls[before]!.prompt, before === call ? answer : []);
    }
  }

  /** A turn follows one before: after its end, or while that still runs after it was sent. */
  private sequence(on: number, at: number): RecordedEdge {
    const { startUs, endUs } = this.calls[on]!;
    return at < endUs
      ? { on, trigger: "dispatch", relation: "sequence", delayUs: at - startUs }
      : { on, trigger: "completion", relation: "sequence", delayUs: at - endUs };
  }

  private next(prompt: readonly number[], answer: readonly number[]): number[] {
    const { random, kind } = this;
    const kept =
      kind.rewinds && random.next() < 0.2
        ? prompt.slice(0, random.int(prompt.length + 1))
        : [...prompt, ...answer];
    return [...kept, ...this.text(1 + random.int(30))];
  }

  private call(open: {
    agent: number;
    at: number;
    thinkUs: number;
    prompt: readonly number[];
    edges: RecordedEdge[];
  }): number {
    const { agent, at, thinkUs, prompt, edges } = open;
    this.calls.push({
      task: this.agents[agent]!.task,
      agent,
      startUs: at,
      endUs: at + this.kind.gridUs + this.time(8),
      thinkUs,
      prompt,
      output: this.calls.length + 1,
      model: `model-${this.random.int(2)}`,
      edges,
    });
    return this.calls.length - 1;
  }

  private children(
    parent: number,
    call: number,
    prompt: readonly number[],
    depth: number,
  ): { agent: number; blocks: boolean; startUs: number; endUs: number; last: number }[] {
    const { random, kind } = this;
    const made = [];
    while (random.next() < 0.3 && this.calls.length < CALLS_MOST) {
      const { task } = this.agents[parent]!;
      const agent = this.agents.length;
      const blocks = random.next() < 0.6;
      this.agents.push({ task, parent, blocks, spawnedBy: call, joinedBy: -1 });
      const { startUs: sentUs, endUs } = this.calls[call]!;
      const isInFlight = kind.inFlight && random.next() < 0.5;
      const trigger = isInFlight ? "dispatch" : "completion";
      const steps = (endUs - sentUs) / kind.gridUs;
      const delayUs = isInFlight ? random.int(steps) * kind.gridUs : this.time(4);
      const startUs = (isInFlight ? sentUs : endUs) + delayUs;
      // A fork of its parent's prompt, or an agent with a prompt of its own.
      const basis = random.next() < 0.5 ? prompt.slice(0, random.int(prompt.length + 1)) : [];
      const edge = { on: call, trigger, relation: "spawn", delayUs } as const;
      const { endUs: end, last } = this.run(agent, startUs, basis, [edge], depth + 1);
      made.push({ agent, blocks, startUs, endUs: end, last });
    }
    return made;
  }

  private text(length: number): number[] {
    return Array.from({ length }, () => this.nextToken++);
  }

  /** Less than so many steps of the grid. */
  private time(steps: number): number {
    return this.random.int(steps) * this.kind.gridUs;
  }
}
