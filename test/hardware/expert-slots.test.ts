/** Copies of experts and where they lie: against draws of popularity placed slot by slot, in memory and in step times. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import {
  balancedPlacement,
  findModel,
  imbalance,
  modelFacts,
  popularityVariance,
  type SlotPlan,
  trivialPlacement,
} from "../../src/hardware/index.ts";
import { parseScenario } from "../../src/sim/index.ts";
import { valueOf } from "./cards-support.ts";
import { deck, kernelsOf } from "./kernels-support.ts";

type Slot = { readonly expert: number; load: number };

/** Popularity of experts: a sum of k squared normals is a gamma law; k = 2 ÷ variance, made whole. */
function drawn(plan: SlotPlan, random: { next(): number }): number[] {
  const terms = Math.round(2 / plan.variance);
  return Array.from({ length: plan.experts }, () => {
    let sum = 0;
    for (let i = 0; i < terms; i++) {
      let normal = -6;
      for (let j = 0; j < 12; j++) normal += random.next();
      sum += normal * normal;
    }
    return sum / terms;
  });
}

const sumOf = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0);

/** Mean over draws of the fullest rank's load over the mean load of ranks. */
function fullest(plan: SlotPlan, place: (weights: readonly number[]) => readonly number[]): number {
  const random = stream(11, "popularity");
  const draws = 150;
  let sum = 0;
  for (let draw = 0; draw < draws; draw++) {
    const weights = drawn(plan, random);
    sum += (Math.max(...place(weights)) * plan.ranks) / sumOf(weights) / draws;
  }
  return sum;
}

function inTurn({ experts, redundant, ranks }: SlotPlan, weights: readonly number[]): number[] {
  const slots = Array.from({ length: experts + redundant }, (_, slot) => slot % experts);
  const local = slots.length / ranks;
  const loads = Array.from({ length: ranks }, () => 0);
  for (const [slot, expert] of slots.entries()) {
    const copies = slots.filter((other) => other === expert).length;
    loads[Math.floor(slot / local)]! += weights[expert]! / copies;
  }
  return loads;
}

function byLoad({ redundant, ranks }: SlotPlan, weights: readonly number[]): number[] {
  const slots: Slot[] = weights.map((load, expert) => ({ expert, load }));
  for (let i = 0; i < redundant; i++) {
    const busiest = slots.reduce((best, one) => (one.load > best.load ? one : best));
    const same = slots.filter(({ expert }) => expert === busiest.expert);
    const load = weights[busiest.expert]! / (same.length + 1);
    for (const one of same) one.load = load;
    slots.push({ expert: busiest.expert, load });
  }
  slots.sort((a, b) => b.load - a.load);
  const bins = Array.from({ length: ranks }, () => [] as number[]);
  for (const { load } of slots) {
    const open = bins.filter((bin) => bin.length < slots.length / ranks);
    open.reduce((best, bin) => (sumOf(bin) < sumOf(best) ? bin : best)).push(load);
  }
  return bins.map(sumOf);
}

/** Whole experts to a rank, with a variance that whole squared normals give. */
const PLANS: readonly SlotPlan[] = [
  { experts: 256, redundant: 32, ranks: 48, variance: 2 / 3 },
  { experts: 256, redundant: 32, ranks: 8, variance: 2 / 3 },
  { experts: 128, redundant: 16, ranks: 16, variance: 1 / 3 },
  { experts: 64, redundant: 0, ranks: 16, variance: 0.2 },
  { experts: 8, redundant: 8, ranks: 4, variance: 0.1 },
];

it.each(PLANS)("the last rank as draws of popularity say: %o", (plan) => {
  const trivial = trivialPlacement(plan);
  const known = fullest(plan, (weights) => inTurn(plan, weights));
  expect(Math.abs(imbalance(plan.ranks, 1e12, trivial) / known - 1)).toBeLessThan(0.08);
  const balanced = balancedPlacement(plan);
  const even = fullest(plan, (weights) => byLoad(plan, weights));
  expect(Math.abs(balanced.load / even - 1)).toBeLessThan(0.03);
  expect(even).toBeLessThan(known);
});

it("one of each, ranks in turn, is what a layer without a placement has", () => {
  for (const ranks of [2, 8, 64]) {
    const plan = { experts: 256, redundant: 0, ranks, variance: popularityVariance(256) };
    const placement = trivialPlacement(plan);
    expect(placement).toMatchObject({ slots: 256, drawn: 256, ranks, load: 1 });
    expect(imbalance(ranks, 100, placement)).toBeCloseTo(imbalance(ranks, 100), 12);
  }
});

it("more copies of the busiest leave no rank much busier", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2, 4, 8, 16),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 6 }),
      (ranks, each, more) => {
        const plan = { experts: ranks * each, redundant: ranks * more, ranks, variance: 0.5 };
        const { load, slots, drawn: choices, variance } = balancedPlacement(plan);
        expect(slots).toBe(ranks * (each + more));
        expect(choices).toBe(slots);
        expect(load).toBeGreaterThanOrEqual(1);
        expect(variance).toBeGreaterThan(0);
        const none = balancedPlacement({ ...plan, redundant: 0 });
        // Filling ranks one slot after the other is near the best, not the best.
        expect(load).toBeLessThanOrEqual(none.load * 1.02);
      },
    ),
  );
});

it("288 slots over 48 ranks: weights of six experts a rank, where 256 do not divide", () => {
  const card = valueOf(findModel(deck, "deepseek-r1")).card;
  const wide = { tp: 1, dp: 48, ep: 48 };
  const refused = modelFacts(card, wide);
  expect(refused.ok ? "" : refused.problem.what).toBe(
    "deepseek-r1: 256 experts do not divide over ep 48; nearest: ep 32, or 32 redundant experts",
  );
  const bytes = (layout: object): number =>
    valueOf(modelFacts(card, { tp: 1, dp: 64, ep: 64, ...layout })).weightBytesPerGpu;
  // One more expert a rank in each of 58 layers: 3 × 7168 × 2048 weights of one byte, a scale for 128 by 128 of them.
  const more = bytes({ redundantExperts: 64 }) - bytes({});
  expect(more).toBeCloseTo(58 * 3 * 7168 * 2048 * (1 + 4 / 128 / 128), -1);
  expect(valueOf(modelFacts(card, { ...wide, redundantExperts: 32 })).gpus).toBe(48);
});

it("copies out of place cost time at full batches, balanced ones save it", () => {
  const layout = { tp: 1, dp: 32, ep: 32, kvDtype: "fp8" } as const;
  const step = (more: object): number =>
    kernelsOf("gb200", "deepseek-r1", { ...layout, ...more }).stepUs({
      prefillRequests: 0,
      prefillTokens: 0,
      prefillPastTokens: 0,
      prefillPairs: 0,
      decodeRequests: 32 * 512,
      decodeContextTokens: 32 * 512 * 2000,
    });
  const plain = step({});
  expect(step({ redundantExperts: 32 })).toBeGreaterThan(plain);
  expect(step({ eplb: true })).toBeLessThan(plain);
  expect(step({ redundantExperts: 32, eplb: true })).toBeLessThan(plain);
});

it("names what an engine would not start with", () => {
  const expert = { parallelism: { data: 8, expert: 8 } };
  const problem = (engine: object, cluster: object = expert): string => {
    const parsed = parseScenario({ engine, cluster });
    return parsed.ok ? "" : parsed.problem.what;
  };
  expect(problem({ redundant_experts: 8 })).toContain("vllm has redundant experts only where");
  expect(problem({ redundant_experts: 8, backend: "hf" })).toContain("Transformers neither");
  expect(problem({ eplb: true }, {})).toContain("the worker has one rank for them");
  expect(problem({ redundant_experts: 8, backend: "sglang" })).toBe("");
  expect(problem({ redundant_experts: 8, eplb: true })).toBe("");
});
