import type { Problem } from "../core/index.ts";
import { checkArrivals, type ArrivalSpec } from "./arrival-spec.ts";
import { checkLengths, type LengthSpec } from "./lengths.ts";

/**
 * How to make a trace, as plain data: one or more independent flows, superposed. Every random use
 * has its own stream, named by the flow, so that changing one knob does not reshuffle the rest.
 */
export type SynthRecipe = {
  readonly name: string;
  /** What it resembles, by how much it misses, and where its numbers come from. */
  readonly summary: string;
  /** Tokens per block id, the partial tail included; 0: no ids. */
  readonly blockSize: number;
  /** Arrivals are rounded down to multiples of this, µs; 0: not. */
  readonly tickUs: number;
  /**
   * Time simulated and dropped before the trace, so that it begins among running conversations, s.
   */
  readonly burnInS: number;
  /** Length of the trace unless told otherwise, s. */
  readonly durationS: number;
  readonly flows: readonly Flow[];
};

export type Flow = RequestFlow | ConversationFlow | AgentFlow;

/** Tasks of agents: calls that follow each other after tools and users, and sub-agents. It is a recipe's only flow. */
export type AgentFlow = {
  readonly kind: "agents";
  readonly name: string;
  /** Arrivals of tasks. */
  readonly arrivals: ArrivalSpec;
  /** Calls of a task, those of sub-agents not counted. */
  readonly calls: LengthSpec;
  /** First prompt, the head of tools and system included. */
  readonly firstInput: LengthSpec;
  /** What a prompt grows by, the last answer included: after a tool's result, after a user's word. */
  readonly newAfterTool: LengthSpec;
  readonly newAfterUser: LengthSpec;
  /** Share of the calls that follow a user's word. */
  readonly userShare: number;
  /** Share of the calls whose prompt was edited near its head, and what it then has in common with the one before. */
  readonly rewindShare: number;
  readonly rewindKeeps: number;
  /** Share of the tasks with a large context window; prompts are compacted when they pass a length between these, by window. */
  readonly largeShare: number;
  readonly largeFrom: number;
  readonly largeUntil: number;
  readonly compactFrom: number;
  readonly compactUntil: number;
  readonly compactTo: LengthSpec;
  readonly output: LengthSpec;
  /** Milliseconds between an answer and the next call. */
  readonly toolWaitMs: LengthSpec;
  readonly userWaitMs: LengthSpec;
  /** Tool and system prompts that tasks share, their popularity (rank^−zipf) and lengths. */
  readonly heads: number;
  readonly headZipf: number;
  readonly headTokens: LengthSpec;
  /** Share of the calls that start a sub-agent; its calls and its first prompt. */
  readonly spawnShare: number;
  readonly childCalls: LengthSpec;
  readonly childFirstInput: LengthSpec;
  /** Nominal service time, s: constant, per output token, per prompt token. */
  readonly serviceS: readonly [number, number, number];
  /** Longest prompt. */
  readonly maxInput: number;
};

/** Requests that know nothing of each other, but for a shared prefix. */
export type RequestFlow = {
  readonly kind: "requests";
  readonly name: string;
  readonly arrivals: ArrivalSpec;
  readonly input: LengthSpec;
  readonly output: LengthSpec;
  readonly prefix?: PrefixGroups;
};

/** Shared prefixes (system prompts, templates), put before the input of a share of the requests. */
export type PrefixGroups = {
  readonly groups: number;
  /** Length of each group's prefix; drawn once per group. */
  readonly tokens: LengthSpec;
  /** Popularity falls as rank^−zipf; 0: all alike. */
  readonly zipf: number;
  /** Share of the requests that have a prefix. */
  readonly share: number;
};

/** Conversations, each turn carrying the prompt and answer of the turns before. */
export type ConversationFlow = {
  readonly kind: "conversations";
  readonly name: string;
  /** Arrivals of first turns. */
  readonly arrivals: ArrivalSpec;
  /** Tokens at the head of every prompt of the flow. */
  readonly systemTokens: number;
  readonly roots: readonly RootKind[];
  /** Probability of another turn after turn 1, 2, …; the last one holds for all later turns. */
  readonly continueByDepth: readonly number[];
  /** Time between the starts of two turns, s: ln of its median, and sigma. */
  readonly gapMu: number;
  readonly gapSigma: number;
  /**
   * Share of the later turns that drop a part of their parent's prompt (edits, truncation), by the
   * parent's length: entry i holds from `tokens[i]` on; the first is 0.
   */
  readonly diverge: { readonly tokens: readonly number[]; readonly share: readonly number[] };
  /** Share of the parent's blocks that a diverging turn keeps. */
  readonly keptShare: ShareTable;
  /** Prompt of a diverging turn ÷ its parent's prompt. */
  readonly divergedRatio: ShareTable;
  /**
   * Share of the other turns that add new text after the parent's prompt and answer; the rest
   * repeat it.
   */
  readonly newTextShare: number;
  readonly newText: LengthSpec;
  readonly output: LengthSpec;
  /** Longest prompt; a turn that would exceed it ends its conversation. */
  readonly maxInput: number;
};

/** First turns of one kind, and how likely a second turn is. */
export type RootKind = {
  readonly weight: number;
  readonly input: LengthSpec;
  readonly continues: number;
};

/** Quantiles of a share or ratio: `values[i]` at `levels[i]`, from 0 to 1, linear in between. */
export type ShareTable = { readonly levels: readonly number[]; readonly values: readonly number[] };

/** The q-quantile of a share table. */
export function shareQuantile(table: ShareTable, q: number): number {
  const { levels, values } = table;
  let at = 0;
  while (at + 2 < levels.length && q > levels[at + 1]!) at++;
  const part = (q - levels[at]!) / (levels[at + 1]! - levels[at]!);
  return values[at]! + (values[at + 1]! - values[at]!) * part;
}

/** What is wrong with a recipe, if anything, with the field's path. */
export function checkRecipe(recipe: SynthRecipe): Problem | undefined {
  const numbers: readonly (readonly [string, number, number])[] = [
    ["blockSize", recipe.blockSize, 0],
    ["tickUs", recipe.tickUs, 0],
    ["burnInS", recipe.burnInS, 0],
    ["durationS", recipe.durationS, Number.MIN_VALUE],
  ];
  const odd = numbers.find(([, value, least]) => !(value >= least && Number.isFinite(value)));
  if (odd !== undefined) {
    return { what: `${odd[0]} is ${odd[1]}`, where: odd[0], expected: "a number ≥ 0" };
  }
  if (!Number.isInteger(recipe.blockSize)) {
    return { what: `blockSize is ${recipe.blockSize}`, where: "blockSize", expected: "whole" };
  }
  if (recipe.flows.length === 0) {
    return { what: "the recipe has no flows", where: "flows", expected: "one or more" };
  }
  for (const [i, flow] of recipe.flows.entries()) {
    const problem = checkFlow(flow, recipe, `flows[${i}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkFlow(flow: Flow, recipe: SynthRecipe, where: string): Problem | undefined {
  const arrivals = checkArrivals(flow.arrivals, `${where}.arrivals`);
  if (arrivals !== undefined) return arrivals;
  const output = checkLengths(flow.output, `${where}.output`);
  if (output !== undefined) return output;
  if (flow.kind === "agents") return checkAgents(flow, recipe, where);
  return flow.kind === "requests"
    ? checkRequests(flow, recipe, where)
    : checkConversations(flow, recipe, where);
}

function checkRequests(flow: RequestFlow, recipe: SynthRecipe, where: string): Problem | undefined {
  const input = checkLengths(flow.input, `${where}.input`);
  if (input !== undefined || flow.prefix === undefined) return input;
  const { groups, share, zipf, tokens } = flow.prefix;
  if (recipe.blockSize === 0) return needsBlocks(where, "a shared prefix");
  if (!(Number.isInteger(groups) && groups >= 1 && groups <= 1e6)) {
    const what = `groups is ${groups}`;
    return {
      what,
      where: `${where}.prefix.groups`,
      expected: "a whole number from 1 to 1,000,000",
    };
  }
  if (!(share >= 0 && share <= 1) || !(zipf >= 0 && zipf <= 10)) {
    const what = `share is ${share}, zipf is ${zipf}`;
    return { what, where: `${where}.prefix`, expected: "share from 0 to 1, zipf from 0 to 10" };
  }
  return checkLengths(tokens, `${where}.prefix.tokens`);
}

function checkConversations(
  flow: ConversationFlow,
  recipe: SynthRecipe,
  where: string,
): Problem | undefined {
  if (recipe.blockSize === 0) return needsBlocks(where, "a conversation");
  const { continueByDepth, diverge, keptShare, divergedRatio, newTextShare, maxInput } = flow;
  const shares = [
    ...continueByDepth,
    ...diverge.share,
    newTextShare,
    ...keptShare.values,
    ...flow.roots.map((root) => root.continues),
  ];
  const odd = shares.find((share) => !(share >= 0 && share <= 1));
  if (odd !== undefined) return { what: `a share is ${odd}`, where, expected: "0 to 1" };
  if (diverge.tokens[0] !== 0 || diverge.tokens.length !== diverge.share.length) {
    const what = "the steps of diverge do not match";
    return { what, where, expected: "tokens from 0 on, as many shares" };
  }
  if (continueByDepth.length === 0 || continueByDepth.at(-1)! > MAX_CONTINUE) {
    const what = "continueByDepth lets a conversation go on for ever";
    return { what, where, expected: `one or more probabilities, the last ≤ ${MAX_CONTINUE}` };
  }
  if (!isShareTable(keptShare) || !isShareTable(divergedRatio)) {
    const what = "keptShare or divergedRatio is no quantile table";
    return { what, where, expected: "levels ascending from 0 to 1, as many values ≥ 0" };
  }
  if (!(flow.gapMu >= -10 && flow.gapMu <= 20) || !(flow.gapSigma >= 0 && flow.gapSigma <= 10)) {
    const what = `gapMu is ${flow.gapMu}, gapSigma is ${flow.gapSigma}`;
    return { what, where, expected: "gapMu from −10 to 20, gapSigma from 0 to 10" };
  }
  const roots = flow.roots.map((root) => ({ weight: root.weight, of: root.input }));
  const system: LengthSpec = { kind: "constant", tokens: flow.systemTokens };
  const longest: LengthSpec = { kind: "constant", tokens: maxInput };
  for (const spec of [{ kind: "mixture", parts: roots } as const, flow.newText, system, longest]) {
    const problem = checkLengths(spec, where);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkAgents(flow: AgentFlow, recipe: SynthRecipe, where: string): Problem | undefined {
  if (recipe.blockSize === 0) return needsBlocks(where, "an agent");
  if (recipe.flows.length > 1) {
    return { what: "agents share a recipe with other flows", where, expected: "one flow" };
  }
  const { userShare, rewindShare, rewindKeeps, largeShare, spawnShare } = flow;
  const odd = [userShare, rewindShare, rewindKeeps, largeShare, spawnShare].find(
    (share) => !(share >= 0 && share <= 1),
  );
  if (odd !== undefined) return { what: `a share is ${odd}`, where, expected: "0 to 1" };
  if (!(Number.isInteger(flow.heads) && flow.heads >= 1 && flow.heads <= 1e6)) {
    const what = `heads is ${flow.heads}`;
    return { what, where: `${where}.heads`, expected: "a whole number from 1 to 1,000,000" };
  }
  const lengths = [
    flow.calls,
    flow.firstInput,
    flow.newAfterTool,
    flow.newAfterUser,
    flow.compactTo,
    flow.toolWaitMs,
    flow.userWaitMs,
    flow.headTokens,
    flow.childCalls,
    flow.childFirstInput,
  ];
  for (const spec of lengths) {
    const problem = checkLengths(spec, where);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Keeps the mean number of turns below 100. */
const MAX_CONTINUE = 0.99;

function isShareTable({ levels, values }: ShareTable): boolean {
  const isAscending = levels.every((level, i) => i === 0 || level > levels[i - 1]!);
  const isFramed = levels.length >= 2 && levels[0] === 0 && levels.at(-1) === 1;
  return isAscending && isFramed && levels.length === values.length && values.every((v) => v >= 0);
}

function needsBlocks(where: string, what: string): Problem {
  return { what: `${what} needs block ids`, where, remedy: "give the recipe a blockSize, say 512" };
}
