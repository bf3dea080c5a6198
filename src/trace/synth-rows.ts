import { fail, ok, stream, type Result } from "../core/index.ts";
import { arrivalProcess, type ArrivalProcess } from "./arrivals.ts";
import { lengthSampler, type LengthSampler } from "./lengths.ts";
import { checkRecipe, type RequestFlow, type SynthRecipe } from "./synth-recipe.ts";

/** One generated request; written over by each `next`. */
export type SourceRow = { arrivalUs: number; inputTokens: number; outputTokens: number };

/**
 * Requests in order of arrival, one at a time, without a trace in memory: 44 million rows of a week
 * stream through one object.
 */
export type RowSource = {
  /** Fills `row` with the next request; false at the end. */
  next(row: SourceRow): boolean;
};

export type SynthOptions = {
  readonly seed: number | string;
  /** At most this many rows. */
  readonly rows?: number;
  /** Rows before this time, µs; the recipe's duration when neither this nor `rows` is given. */
  readonly durationUs?: number;
  /** Multiplies the rate of requests and of first turns; lengths and think times stay. */
  readonly rateScale?: number;
};

const US_PER_S = 1e6;

/** Rows and time at which a generation ends. */
export type SynthLimits = { readonly rows: number; readonly durationUs: number };

/** The limits that options set, or what is wrong with the options. */
export function synthLimits(recipe: SynthRecipe, options: SynthOptions): Result<SynthLimits> {
  const { rows, durationUs, rateScale = 1 } = options;
  if (rows !== undefined && !(Number.isInteger(rows) && rows >= 1 && rows <= 0xffffffff)) {
    return fail({ what: `rows is ${rows}`, expected: "a whole number from 1 to 4,294,967,295" });
  }
  if (durationUs !== undefined && !(durationUs > 0 && Number.isFinite(durationUs))) {
    return fail({ what: `the duration is ${durationUs} µs`, expected: "a positive time" });
  }
  if (!(rateScale > 0 && rateScale <= 1e6)) {
    return fail({ what: `the rate scale is ${rateScale}`, expected: "above 0, to 1,000,000" });
  }
  const untold = rows === undefined ? recipe.durationS * US_PER_S : Infinity;
  return ok({ rows: rows ?? Infinity, durationUs: durationUs ?? untold });
}

/** Whether `rowSource` can stream a recipe: no block ids and no conversations. */
export function isStreamable(recipe: SynthRecipe): boolean {
  return recipe.blockSize === 0 && recipe.flows.every((flow) => flow.kind === "requests");
}

/**
 * The requests of a recipe without block ids, on the fly; the rows are those of `synthesize` with
 * the same recipe and options.
 */
export function rowSource(recipe: SynthRecipe, options: SynthOptions): Result<RowSource> {
  const problem = checkRecipe(recipe);
  if (problem !== undefined) return fail(problem);
  const limits = synthLimits(recipe, options);
  if (!limits.ok) return limits;
  const flows = recipe.flows.filter((flow) => flow.kind === "requests");
  if (!isStreamable(recipe)) {
    return fail({
      what: `the recipe ${recipe.name} has block ids and cannot be generated on the fly`,
      remedy: "generate it as a trace (headworks trace synth) and replay that",
    });
  }
  return ok(new MergedSource(flows, recipe.tickUs, options, limits.value));
}

/** One flow's next request, drawn ahead. */
export class FlowSource {
  arrivalUs = 0;
  private readonly arrivals: ArrivalProcess;
  private readonly inputs: LengthSampler;
  private readonly outputs: LengthSampler;

  constructor(flow: RequestFlow, options: SynthOptions) {
    const { seed, rateScale = 1 } = options;
    const name = `${flow.name}/arrivals`;
    this.arrivals = arrivalProcess(flow.arrivals, { seed, name, rateScale });
    this.inputs = lengthSampler(flow.input, stream(seed, `${flow.name}/input`));
    this.outputs = lengthSampler(flow.output, stream(seed, `${flow.name}/output`));
    this.arrivalUs = this.arrivals.next();
  }

  /** Fills `row` with the request drawn ahead and draws the arrival of the one after. */
  take(row: SourceRow): void {
    row.arrivalUs = this.arrivalUs;
    row.inputTokens = this.inputs.next();
    row.outputTokens = this.outputs.next();
    this.arrivalUs = this.arrivals.next();
  }
}

/** Superposes flows; at equal times the first flow goes first. */
class MergedSource implements RowSource {
  private readonly flows: readonly FlowSource[];
  private readonly tickUs: number;
  private readonly durationUs: number;
  private rowsLeft: number;

  constructor(
    flows: readonly RequestFlow[],
    tickUs: number,
    options: SynthOptions,
    limits: SynthLimits,
  ) {
    this.flows = flows.map((flow) => new FlowSource(flow, options));
    this.tickUs = tickUs;
    this.durationUs = limits.durationUs;
    this.rowsLeft = limits.rows;
  }

  next(row: SourceRow): boolean {
    let first = this.flows[0]!;
    for (let i = 1; i < this.flows.length; i++) {
      const flow = this.flows[i]!;
      if (flow.arrivalUs < first.arrivalUs) first = flow;
    }
    if (this.rowsLeft <= 0 || first.arrivalUs >= this.durationUs) return false;
    this.rowsLeft--;
    first.take(row);
    if (this.tickUs > 0) row.arrivalUs = Math.floor(row.arrivalUs / this.tickUs) * this.tickUs;
    return true;
  }
}
