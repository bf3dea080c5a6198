import { F64Column, fail, ok, pow, stream, U32Column, type Result } from "../core/index.ts";
import { meanRatePerS } from "./arrival-spec.ts";
import { lengthSampler } from "./lengths.ts";
import { PrefixTree } from "./prefix-tree.ts";
import { addConversations, type DraftRows } from "./synth-conversations.ts";
import { drawAgents } from "./synth-agents.ts";
import {
  checkRecipe,
  type AgentFlow,
  type Flow,
  type RequestFlow,
  type SynthRecipe,
} from "./synth-recipe.ts";
import {
  FlowSource,
  isStreamable,
  rowSource,
  synthLimits,
  type SynthLimits,
  type SynthOptions,
} from "./synth-rows.ts";
import type { Trace, TraceHeader } from "./trace.ts";

const US_PER_S = 1e6;
/** A trace in memory ends here; the longest public trace has 27 M rows, and streams. */
const MAX_ROWS = 50_000_000;

/**
 * Generates a trace. Same recipe and options: the same trace, bit for bit, on every engine. Fails
 * when the recipe or an option is out of range, or the trace would exceed 50 M rows (5 M with block
 * ids).
 */
export function synthesize(recipe: SynthRecipe, options: SynthOptions): Result<Trace> {
  const problem = checkRecipe(recipe);
  if (problem !== undefined) return fail(problem);
  const limits = synthLimits(recipe, options);
  if (!limits.ok) return limits;
  const most = isStreamable(recipe) ? MAX_ROWS : MAX_ROWS / 10;
  const expected = expectedRows(recipe, options, limits.value);
  if (expected > most) {
    return fail({
      what: `${recipe.name} would have about ${Math.round(expected)} rows`,
      expected: `at most ${most} in memory`,
      remedy: "shorten it (rows or duration), or let the simulator stream it",
    });
  }
  const [flow] = recipe.flows;
  if (flow?.kind === "agents") return ok(agentTrace(flow, recipe, options, limits.value));
  return isStreamable(recipe)
    ? plainTrace(recipe, options)
    : ok(hashedTrace(recipe, options, limits.value));
}

function expectedRows(recipe: SynthRecipe, options: SynthOptions, limits: SynthLimits): number {
  return Math.min(limits.rows, (ratePerS(recipe, options) * limits.durationUs) / US_PER_S);
}

/** Mean rate of requests and first turns; the floor under the rate of rows. */
function ratePerS(recipe: SynthRecipe, options: SynthOptions): number {
  const rate = recipe.flows.reduce((sum, flow) => sum + meanRatePerS(flow.arrivals), 0);
  return rate * (options.rateScale ?? 1);
}

function headerOf(recipe: SynthRecipe, options: SynthOptions): TraceHeader {
  const { seed, rateScale } = options;
  const scaled = rateScale === undefined ? "" : `, rate × ${rateScale}`;
  return {
    v: 1,
    name: recipe.name,
    format: "synthetic",
    blockSize: recipe.blockSize,
    partialTail: recipe.blockSize > 0 ? "included" : "none",
    tickUs: recipe.tickUs,
    importLog: [],
    transforms: [`synthesised by recipe ${recipe.name}, seed ${seed}${scaled}`],
  };
}

function agentTrace(
  flow: AgentFlow,
  recipe: SynthRecipe,
  options: SynthOptions,
  limits: SynthLimits,
): Trace {
  const { seed, rateScale = 1 } = options;
  const { blockSize } = recipe;
  const { rows, durationUs: toUs } = limits;
  const drawn = drawAgents(flow, { seed, rateScale, toUs, rows, blockSize });
  const { session, sessionCount, parent, delayUs, ...columns } = drawn;
  return {
    header: { ...headerOf(recipe, options), partialTail: "omitted" },
    rows: drawn.arrivalUs.length,
    ...columns,
    sessions: { session, sessionCount, parent, delayUs },
  };
}

function plainTrace(recipe: SynthRecipe, options: SynthOptions): Result<Trace> {
  const source = rowSource(recipe, options);
  if (!source.ok) return source;
  const arrivalUs = new F64Column();
  const inputTokens = new U32Column();
  const outputTokens = new U32Column();
  const row = { arrivalUs: 0, inputTokens: 0, outputTokens: 0 };
  while (source.value.next(row)) {
    arrivalUs.push(row.arrivalUs);
    inputTokens.push(row.inputTokens);
    outputTokens.push(row.outputTokens);
  }
  return ok({
    header: headerOf(recipe, options),
    rows: arrivalUs.length,
    arrivalUs: arrivalUs.view().slice(),
    inputTokens: inputTokens.view().slice(),
    outputTokens: outputTokens.view().slice(),
  });
}

function hashedTrace(recipe: SynthRecipe, options: SynthOptions, limits: SynthLimits): Trace {
  // Without a duration: the time in which first turns alone make the rows, which is always enough
  // but for chance; then twice that, until it is.
  const guessUs = (1.5 * (limits.rows + 100) * US_PER_S) / ratePerS(recipe, options);
  const isOpen = limits.durationUs === Infinity;
  let durationUs = isOpen ? guessUs : limits.durationUs;
  let order: number[];
  let draft: Draft;
  for (;;) {
    draft = new Draft(recipe, options, durationUs);
    order = draft.inOrder();
    const kept = order.filter((row) => isWithin(draft.rows.arrivalUs[row]!, durationUs)).length;
    if (!isOpen || kept >= limits.rows) break;
    durationUs *= 2;
  }
  const paths = draft.paths(order);
  const kept = order
    .filter((row) => isWithin(draft.rows.arrivalUs[row]!, durationUs))
    .slice(0, limits.rows);
  const tick = Math.max(1, recipe.tickUs);
  const { arrivalUs, inputTokens, outputTokens } = draft.rows;
  return {
    header: headerOf(recipe, options),
    rows: kept.length,
    arrivalUs: Float64Array.from(kept, (row) => Math.floor(arrivalUs[row]! / tick) * tick),
    inputTokens: Uint32Array.from(kept, (row) => inputTokens[row]!),
    outputTokens: Uint32Array.from(kept, (row) => outputTokens[row]!),
    hashes: draft.tree.hashRuns(kept.map((row) => paths[row]!)),
  };
}

function isWithin(arrivalUs: number, durationUs: number): boolean {
  return arrivalUs >= 0 && arrivalUs < durationUs;
}

/** All rows of a recipe with block ids, burn-in included, before they are put in order. */
class Draft {
  readonly rows: DraftRows = {
    arrivalUs: [],
    inputTokens: [],
    outputTokens: [],
    parent: [],
    keptTokens: [],
    trunk: [],
  };
  readonly tree = new PrefixTree();
  private readonly blockSize: number;

  constructor(recipe: SynthRecipe, options: SynthOptions, durationUs: number) {
    this.blockSize = recipe.blockSize;
    const fromUs = -recipe.burnInS * US_PER_S;
    for (const flow of recipe.flows) this.add(flow, options, fromUs, durationUs);
  }

  private add(flow: Flow, options: SynthOptions, fromUs: number, toUs: number): void {
    if (flow.kind === "agents") return;
    if (flow.kind === "requests") {
      this.addRequests(flow, options, fromUs, toUs);
      return;
    }
    const { seed, rateScale = 1 } = options;
    const trunk = this.addTrunk(flow.systemTokens);
    addConversations(this.rows, flow, { seed, rateScale, fromUs, toUs, trunk });
  }

  /** A shared prefix of whole blocks: what exceeds them is private to each row. */
  private addTrunk(tokens: number): number {
    return this.tree.addPath(-1, 0, Math.floor(tokens / this.blockSize));
  }

  private addRequests(
    flow: RequestFlow,
    options: SynthOptions,
    fromUs: number,
    toUs: number,
  ): void {
    const source = new FlowSource(flow, options);
    const { prefix } = flow;
    const random = stream(options.seed, `${flow.name}/prefix`);
    const trunks: number[] = [];
    const trunkTokens: number[] = [];
    const popularity: number[] = [];
    if (prefix !== undefined) {
      const lengths = lengthSampler(
        prefix.tokens,
        stream(options.seed, `${flow.name}/prefix-tokens`),
      );
      let total = 0;
      for (let group = 0; group < prefix.groups; group++) {
        trunkTokens.push(lengths.next());
        trunks.push(this.addTrunk(trunkTokens[group]!));
        popularity.push((total += pow(group + 1, -prefix.zipf)));
      }
    }
    const row = { arrivalUs: 0, inputTokens: 0, outputTokens: 0 };
    const { rows } = this;
    while (fromUs + source.arrivalUs < toUs) {
      source.take(row);
      const isShared = prefix !== undefined && random.next() < prefix.share;
      const group = isShared ? random.pick(popularity) : -1;
      const shared = isShared ? trunkTokens[group]! : 0;
      rows.arrivalUs.push(fromUs + row.arrivalUs);
      rows.inputTokens.push(shared + row.inputTokens);
      rows.outputTokens.push(row.outputTokens);
      rows.parent.push(-1);
      rows.keptTokens.push(shared);
      rows.trunk.push(isShared ? trunks[group]! : -1);
    }
  }

  /** Draft rows by time; equal times as drafted. */
  inOrder(): number[] {
    const { arrivalUs } = this.rows;
    return arrivalUs.map((_, row) => row).sort((a, b) => arrivalUs[a]! - arrivalUs[b]! || a - b);
  }

  /** Path of each draft row, grown in order of time. */
  paths(order: readonly number[]): Int32Array {
    const { inputTokens, parent, keptTokens, trunk } = this.rows;
    const paths = new Int32Array(order.length).fill(-1);
    for (const row of order) {
      const blocks = Math.ceil(inputTokens[row]! / this.blockSize);
      // A turn never comes before its parent: gaps are positive.
      const from = parent[row]! >= 0 ? paths[parent[row]!]! : trunk[row]!;
      const kept = Math.floor(keptTokens[row]! / this.blockSize);
      paths[row] = this.tree.addPath(from, kept, blocks);
    }
    return paths;
  }
}
