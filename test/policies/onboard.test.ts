/** Onboard policies on views made by hand. */

import { describe, expect, test } from "vitest";
import { onboardPolicies } from "../../src/policies/index.ts";

const MS = 1000;

/** One piece: 10 ms to fetch, 12 ms to compute, 1 ms for what follows it either way. */
function decide(more: { crowdedMs?: number; waiting?: number; loading?: number; loadMs?: number }) {
  const { crowdedMs = 0, waiting = 0, loading = 0, loadMs = 10 } = more;
  const policy = onboardPolicies.find(({ meta }) => meta.name === "predicted")!.create({});
  return policy.decide({
    pieces: 1,
    loadUs: Float64Array.of(0, loadMs * MS),
    crowdedUs: Float64Array.of(0, crowdedMs * MS),
    computeUs: Float64Array.of(13 * MS, 1 * MS),
    waiting,
    loading,
  });
}

describe("the predicted rule", () => {
  test("takes the lesser time when nobody else is concerned", () => {
    expect(decide({})).toBe(1);
    expect(decide({ loadMs: 13 })).toBe(0);
  });

  test("spares the links when others are on them", () => {
    expect(decide({ crowdedMs: 1 })).toBe(1);
    expect(decide({ crowdedMs: 3 })).toBe(0);
  });

  test("spares the GPU when others wait for it, or will once they have fetched", () => {
    expect(decide({ loadMs: 20, waiting: 1 })).toBe(1);
    expect(decide({ loadMs: 20, loading: 1 })).toBe(1);
  });

  test("computes behind a link that is cut", () => {
    expect(decide({ loadMs: Infinity, waiting: 100 })).toBe(0);
  });
});
