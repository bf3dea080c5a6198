import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { exportTrace, findRecipe, inspectTrace, synthesize } from "../../src/trace/index.ts";
import { mooncakeTrace } from "./inspect-fixtures.ts";

const TRACES = resolve(import.meta.dirname, "../../traces");
const packed = readFileSync(resolve(TRACES, "conversation-small.jsonl.gz"));
const text = gunzipSync(packed);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("the bundled trace", () => {
  test("is what its recipe makes, bit for bit, and what its README says", () => {
    const recipe = findRecipe("mooncake-conversation");
    const made = recipe.ok ? synthesize(recipe.value, { seed: 13 }) : recipe;
    if (!made.ok) throw new Error(JSON.stringify(made.problem));
    const readme = readFileSync(resolve(TRACES, "README.md"), "utf8");
    expect(sha256(exportTrace(made.value, "mooncake"))).toBe(sha256(text));
    expect(readme).toContain(sha256(text));
  });

  test("is small, carries no time stamp, and has the statistics of the README", () => {
    expect(packed.length).toBeLessThan(1_200_000);
    expect([...packed.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
    const statistics = inspectTrace(mooncakeTrace(text.toString("utf8")));
    expect(statistics.rows).toBe(12_039);
    expect(statistics.arrivals.meanPerS).toBeCloseTo(3.4, 2);
    expect(statistics.input.mean).toBeCloseTo(11_948, -1);
    const { infiniteCache, lruHit, reuseS } = statistics.prefixes!;
    expect(infiniteCache.tokenHit).toBeCloseTo(0.374, 3);
    expect(infiniteCache.meanHit).toBeCloseTo(0.409, 3);
    expect(lruHit.map(({ hit }) => Math.round(1000 * hit) / 10)).toMatchObject({
      0: 4.6,
      3: 21.1,
      5: 35.8,
    });
    expect(reuseS.map(({ value }) => value).slice(1, 3)).toEqual([108, 429]);
  });
});
