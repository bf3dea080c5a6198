/**
 * Where the experts of a worker lie when there are copies of some, or when they are placed by their load. A slot holds one
 * expert or one copy; every rank has as many slots as the others.
 *
 * Without balancing the copies are of the first experts, and slots go to ranks in turn (SGLang's trivial expert location:
 * slot modulo experts). Requests share out over the copies of an expert, so ranks without copies carry more than before: more
 * slots alone make the last rank later, not earlier.
 *
 * With balancing (EPLB; DeepSeek-V3 report, §3.4; deepseek-ai/EPLB, global policy; vLLM's and TensorRT-LLM's follow it) the
 * expert with the most load for a copy gets one more until no slot is left; then, the heaviest first, each goes to the
 * lightest rank with room. Assumptions: popularity is as it was counted, and moving weights costs no time (all three
 * engines move them a layer at a time beside the steps).
 */
import { exp, pow } from "../../core/index.ts";

/** What a step's time depends on; loads in units of an expert's mean. */
export type ExpertPlacement = {
  /** Slots of all ranks. */
  readonly slots: number;
  /** Choices of a token fall on one slot of the last rank with chance topK ÷ `drawn`. */
  readonly drawn: number;
  /** Variance of the popularity of its slots, over the mean squared. */
  readonly variance: number;
  /** Ranks that may be the last. */
  readonly ranks: number;
  /** Their load over the mean of all ranks, and its standard deviation over itself. */
  readonly load: number;
  readonly skew: number;
};

/** Copies beyond the experts, over how many ranks, and how experts differ (variance over mean squared). */
export type SlotPlan = {
  readonly experts: number;
  readonly redundant: number;
  readonly ranks: number;
  readonly variance: number;
};

/** Ranks this near to the heaviest count as heavy. */
const AS_HEAVY = 1 - 1e-9;

/** Copies of the first experts, slots to ranks in turn. */
export function trivialPlacement(plan: SlotPlan): ExpertPlacement {
  const { experts, redundant, ranks, variance } = plan;
  const slots = experts + redundant;
  const local = slots / ranks;
  const loads = new Float64Array(ranks);
  const squares = new Float64Array(ranks);
  for (let slot = 0; slot < slots; slot++) {
    const copies = Math.ceil((slots - (slot % experts)) / experts);
    const rank = Math.floor(slot / local);
    loads[rank]! += 1 / copies;
    squares[rank]! += variance / (copies * copies);
  }
  const heaviest = Math.max(...loads);
  let heavy = 0;
  let square = 0;
  for (let rank = 0; rank < ranks; rank++) {
    if (loads[rank]! < heaviest * AS_HEAVY) continue;
    heavy++;
    square = Math.max(square, squares[rank]!);
  }
  return {
    slots,
    drawn: (experts * local) / heaviest,
    variance,
    ranks: heavy,
    load: (heaviest * ranks) / experts,
    skew: Math.sqrt(square) / heaviest,
  };
}

/** Copies of the busiest experts, ranks filled evenly. */
export function balancedPlacement(plan: SlotPlan): ExpertPlacement {
  const { experts, redundant, ranks, variance } = plan;
  const slots = experts + redundant;
  const loads = slotLoads(gammaMeans(experts, variance), slots);
  const mean = experts / slots;
  let square = 0;
  for (const load of loads) square += (load - mean) * (load - mean);
  const heaviest = heaviestRank(loads, ranks);
  return {
    slots,
    drawn: slots,
    variance: Math.max(VARIANCE_LEAST, square / slots / (mean * mean)),
    ranks,
    load: Math.max(1, (heaviest * ranks) / experts),
    skew: 0,
  };
}

/** Where the law of reached slots, (1 + v·x)^(−1/v), is as good as e^(−x). */
const VARIANCE_LEAST = 1e-6;

/** Points at which the gamma law's density is summed, and the largest popularity looked at, in standard deviations. */
const GRID = 8192;
const REACH = 12;

/** Means of the `parts` equal parts of a gamma law of mean 1, the lightest first. */
function gammaMeans(parts: number, variance: number): Float64Array {
  const shape = 1 / variance;
  const width = (1 + REACH * Math.sqrt(variance)) / GRID;
  const mass = new Float64Array(GRID);
  let [whole, moment] = [0, 0];
  for (let i = 0; i < GRID; i++) {
    const at = (i + 0.5) * width;
    // The density at its mean is 1 before it is scaled, so that no shape overflows.
    const density = pow(at, shape - 1) * exp(shape * (1 - at));
    mass[i] = density;
    whole += density;
    moment += density * at;
  }
  const means = new Float64Array(parts);
  const share = whole / parts;
  let part = 0;
  let room = share;
  for (let i = 0; i < GRID; i++) {
    const at = ((i + 0.5) * width * parts) / moment;
    let left = mass[i]!;
    while (left > room && part < parts - 1) {
      means[part++]! += room * at;
      left -= room;
      room = share;
    }
    means[part]! += left * at;
    room -= left;
  }
  return means;
}

/** Loads of all slots, the heaviest first: the expert with the most load for a copy gets the next one. */
function slotLoads(popularity: Float64Array, slots: number): Float64Array {
  const copies = new Uint32Array(popularity.length).fill(1);
  for (let slot = popularity.length; slot < slots; slot++) {
    let most = 0;
    for (let expert = 1; expert < popularity.length; expert++) {
      const load = popularity[expert]! / copies[expert]!;
      if (load > popularity[most]! / copies[most]!) most = expert;
    }
    copies[most]!++;
  }
  const loads = new Float64Array(slots);
  let slot = 0;
  for (let expert = 0; expert < popularity.length; expert++) {
    for (let copy = 0; copy < copies[expert]!; copy++) {
      loads[slot++] = popularity[expert]! / copies[expert]!;
    }
  }
  return loads.sort((a, b) => b - a);
}

/** Load of the heaviest rank when each slot, the heaviest first, goes to the lightest rank with room. */
function heaviestRank(loads: Float64Array, ranks: number): number {
  const room = loads.length / ranks;
  const sums = new Float64Array(ranks);
  const held = new Uint32Array(ranks);
  for (const load of loads) {
    let lightest = -1;
    for (let rank = 0; rank < ranks; rank++) {
      if (held[rank]! >= room) continue;
      if (lightest < 0 || sums[rank]! < sums[lightest]!) lightest = rank;
    }
    sums[lightest]! += load;
    held[lightest]!++;
  }
  return Math.max(...sums);
}
