/** The disaggregation study: long prompts at high concurrency, where the answer is known. */

import { describe, expect, test } from "vitest";
import { disaggFindings, DisaggStudy, NETWORKS_DEFAULT } from "../../src/plan/index.ts";
import type { DisaggStudyResult } from "../../src/plan/index.ts";
import { parseScenario } from "../../src/sim/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { hardwareOf } from "../support/hardware.ts";
import { simulate } from "../support/simulate.ts";
import { traceOf } from "../support/small-runs.ts";

const hardware = hardwareOf("h200-sxm");

/** Prompts of 8000 tokens, answers of 200, at an even rate. */
const long = traceOf(
  Array.from({ length: 300 }, (_, i) => ({ at: i * 320_000, input: 8000, output: 200, ids: [] })),
  16,
);

function scenarioWith(changes: object = {}) {
  return valueOf(
    parseScenario({
      model: "llama-3.1-70b",
      gpu: "h200-sxm",
      engine: { dtype: "fp8" },
      cluster: { workers: 3, parallelism: { tensor: 2 } },
      traffic: { arrivals: { mode: "timestamps" } },
      slo: { ttft_s: 3, tpot_s: 0.03 },
      ...changes,
    }),
  );
}

function studied(changes: object = {}, networks = NETWORKS_DEFAULT): DisaggStudyResult {
  const study = valueOf(DisaggStudy.create(scenarioWith(changes), hardware.deck, networks));
  for (let run = study.next(); run !== undefined; run = study.next()) {
    const inputs = {
      scenario: run.scenario,
      trace: long,
      hardware: { ...hardware, deck: run.deck },
    };
    study.add(simulate(inputs).report);
  }
  return study.result()!;
}

describe("disaggregation study", () => {
  test("splitting wins over NVLink, loses over 25 GbE, and the crossover is what the bytes say", () => {
    const result = studied();
    const { mixed, best, crossover } = result;
    const of = (name: string) => best.find(({ network }) => network === name)!;
    // Prompts of others stretch the answers of mixed workers beyond the SLO.
    expect(mixed.tpotMsP99).toBeGreaterThan(30);
    expect(mixed.limit).toBe("compute");
    expect(of("nvlink").goodputPerS).toBeGreaterThan(2 * mixed.goodputPerS);
    expect(of("nvlink")).toMatchObject({ prefill: 2, decode: 1, attainment: 1 });
    expect(of("ethernet-25").goodputPerS).toBeLessThan(mixed.goodputPerS);
    expect(of("ethernet-25").limit).toBe("network");
    if (crossover.kind !== "between") throw new Error(crossover.kind);
    // 3.1 prompts/s × 2.62 GB into one worker of two GPUs at 85 % of the line: 38.6 Gb/s keep up; a short run bears a little less.
    const keepsUp = (8000 * 327_680) / 0.32 / 2 / 0.85;
    expect(crossover.winsAt).toBeLessThan(1.05 * keepsUp);
    expect(crossover.losesAt).toBeGreaterThan(0.7 * keepsUp);
    expect(crossover.winsAt / crossover.losesAt).toBeLessThan(1.1);
    const [first, ...words] = disaggFindings(result);
    expect(first).toMatch(/^Splitting prefill from decode pays from about \d+ Gb\/s a GPU on/);
    expect(words.join(" ")).toMatch(
      /Over ethernet-25 splitting loses: .*the network limits \(node \d/,
    );
  });

  test("a load that nobody notices tells nothing apart", () => {
    const light = studied({ slo: { ttft_s: 30, tpot_s: 1 } }, ["nvlink"]);
    expect(light.crossover.kind).not.toBe("always");
    expect(disaggFindings(light)[0]).toContain("too light");
  });

  test("an overloaded cluster is called one", () => {
    const short = studied({ slo: { ttft_s: 0.001 } }, ["nvlink"]);
    expect(disaggFindings(short)[1]).toContain("overloaded");
  });

  test("networks that do not fit are left out with a note; unknown ones are refused", () => {
    const wide = valueOf(
      DisaggStudy.create(
        scenarioWith({ cluster: { workers: 8, parallelism: { tensor: 2 } } }),
        hardware.deck,
        NETWORKS_DEFAULT,
      ),
    );
    // Seven splits over the three networks that are left, and the mixed run.
    expect(wide.planned).toBe(3 * 7 + 1);
    const wrong = DisaggStudy.create(scenarioWith(), hardware.deck, ["carrier-pigeon"]);
    expect(wrong.ok ? "" : wrong.problem.where).toBe("--networks");
  });

  test.each([
    [{ slo: {} }, "slo"],
    [{ cluster: { workers: 1 } }, "cluster.workers"],
    [{ cluster: { pools: [{ name: "a" }] } }, "cluster.pools"],
    [{ gpu: null, engine: {} }, "gpu"],
    [{ engine: { scheduler: "static" } }, "engine.scheduler"],
  ])("%j is refused at %s", (changes, where) => {
    const study = DisaggStudy.create(scenarioWith(changes), hardware.deck, NETWORKS_DEFAULT);
    expect(study.ok ? "" : study.problem.where).toBe(where);
  });
});
