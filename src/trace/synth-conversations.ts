import { stream, type Stream } from "../core/index.ts";
import { arrivalProcess } from "./arrivals.ts";
import { lengthSampler, type LengthSampler } from "./lengths.ts";
import { shareQuantile, type ConversationFlow, type ShareTable } from "./synth-recipe.ts";

/** Rows of a trace under construction; blocks come later, once the rows are in order of time. */
export type DraftRows = {
  readonly arrivalUs: number[];
  readonly inputTokens: number[];
  readonly outputTokens: number[];
  /** Draft row whose prompt this one begins with, −1 for none. */
  readonly parent: number[];
  /** Tokens kept of the parent's prompt, or of the trunk's. */
  readonly keptTokens: number[];
  /** Shared prefix that a row without parent begins with, −1 for none. */
  readonly trunk: number[];
};

/** Longest conversation drawn; the longest of Mooncake's has 43 turns (traces.md §2.4). */
const MAX_TURNS = 1000;
const US_PER_S = 1e6;

/** Adds the turns of all conversations that start in [fromUs, toUs); later turns may lie beyond. */
export function addConversations(
  rows: DraftRows,
  flow: ConversationFlow,
  place: {
    readonly seed: number | string;
    readonly rateScale: number;
    readonly fromUs: number;
    readonly toUs: number;
    readonly trunk: number;
  },
): void {
  const { seed, rateScale, fromUs, toUs, trunk } = place;
  const roots = arrivalProcess(flow.arrivals, { seed, name: `${flow.name}/arrivals`, rateScale });
  const turns = new Turns(rows, flow, seed);
  for (let t = fromUs + roots.next(); t < toUs; t = fromUs + roots.next()) turns.root(t, trunk);
}

/** Draws whole conversations, so that a longer trace only adds to a shorter one. */
class Turns {
  private readonly rows: DraftRows;
  private readonly flow: ConversationFlow;
  private readonly kinds: Stream;
  private readonly inputs: readonly LengthSampler[];
  private readonly cumulative: readonly number[];
  private readonly turns: Stream;
  private readonly gaps: Stream;
  private readonly edits: Stream;
  private readonly newText: LengthSampler;
  private readonly outputs: LengthSampler;

  constructor(rows: DraftRows, flow: ConversationFlow, seed: number | string) {
    const named = (use: string): Stream => stream(seed, `${flow.name}/${use}`);
    this.rows = rows;
    this.flow = flow;
    this.kinds = named("kinds");
    this.inputs = flow.roots.map((kind, i) => lengthSampler(kind.input, named(`input/${i}`)));
    let total = 0;
    this.cumulative = flow.roots.map((kind) => (total += kind.weight));
    this.turns = named("turns");
    this.gaps = named("gaps");
    this.edits = named("edits");
    this.newText = lengthSampler(flow.newText, named("new-text"));
    this.outputs = lengthSampler(flow.output, named("output"));
  }

  /** A first turn at t and all that follow it. */
  root(t: number, trunk: number): void {
    const { flow } = this;
    const kind = this.kinds.pick(this.cumulative);
    const first = Math.min(flow.maxInput, Math.max(flow.systemTokens, this.inputs[kind]!.next()));
    let parent = this.push(t, first, this.outputs.next(), -1, flow.systemTokens, trunk);
    let again = flow.roots[kind]!.continues;
    for (let turn = 1; turn < MAX_TURNS && this.turns.next() < again; turn++) {
      const next = this.laterTurn(parent);
      if (next < 0) return;
      parent = next;
      const { continueByDepth } = flow;
      again = continueByDepth[Math.min(turn, continueByDepth.length) - 1]!;
    }
  }

  /** The turn after `parent`, −1 when its prompt would be too long. */
  private laterTurn(parent: number): number {
    const { rows, flow } = this;
    const before = rows.inputTokens[parent]!;
    const gapUs = this.gaps.lognormal(flow.gapMu, flow.gapSigma) * US_PER_S;
    const t = rows.arrivalUs[parent]! + Math.round(gapUs);
    const output = this.outputs.next();
    // Every turn draws the same numbers whichever way it goes: one knob does not shift another's.
    const isDiverging = this.edits.next() < stepShare(flow.diverge, before);
    const kept = this.draw(flow.keptShare);
    const ratio = this.draw(flow.divergedRatio);
    const isNewText = this.edits.next() < flow.newTextShare;
    const newText = this.newText.next();
    if (isDiverging) {
      const keptTokens = Math.max(flow.systemTokens, Math.floor(before * kept));
      const input = Math.max(keptTokens, flow.systemTokens, Math.round(before * ratio));
      if (input > flow.maxInput) return -1;
      return this.push(t, input, output, parent, keptTokens, -1);
    }
    const input = isNewText ? before + rows.outputTokens[parent]! + newText : before;
    if (input > flow.maxInput) return -1;
    return this.push(t, input, output, parent, before, -1);
  }

  private draw(table: ShareTable): number {
    return shareQuantile(table, this.edits.next());
  }

  private push(
    t: number,
    input: number,
    output: number,
    parent: number,
    keptTokens: number,
    trunk: number,
  ): number {
    const { rows } = this;
    rows.arrivalUs.push(t);
    rows.inputTokens.push(input);
    rows.outputTokens.push(output);
    rows.parent.push(parent);
    rows.keptTokens.push(keptTokens);
    rows.trunk.push(trunk);
    return rows.arrivalUs.length - 1;
  }
}

/** The share of the last step at or below `tokens`. */
function stepShare(steps: ConversationFlow["diverge"], tokens: number): number {
  let at = 0;
  while (at + 1 < steps.tokens.length && tokens >= steps.tokens[at + 1]!) at++;
  return steps.share[at]!;
}
