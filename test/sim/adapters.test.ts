/** LoRA adapters: size, price, places in a batch, prefixes of their own. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { adapterBytes, kernelsStepTime } from "../../src/hardware/index.ts";
import type { AdapterSlots } from "../../src/hardware/index.ts";
import { parseScenario, resolveEngine, scenarioSchema } from "../../src/sim/index.ts";
import type { Scenario, ScenarioInput } from "../../src/sim/index.ts";
import { adapterDraws } from "../../src/sim/adapters.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { hardwareFor } from "../support/hardware.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { runBoth, scenarioOf, timesOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";

const MS = 1000;
const lora = (max_loras: number) => ({ lora: { max_loras, max_lora_rank: 16 } });
const traffic = (count: number, more = {}): ScenarioInput["traffic"] => ({
  adapters: { count, zipf: 0, ...more },
});

describe("size and price", () => {
  const { deck, params, timing } = hardwareFor("llama-3.1-8b", "h100-sxm");
  const card = deck.llms[0]!.card;

  test("rank 16 on Llama-3.1-8B: 41.9 million weights, as PEFT counts for all linear layers", () => {
    // q 4096→4096, k and v 4096→1024, o 4096→4096, gate and up 4096→14336, down 14336→4096, 32 layers.
    const widths = 3 * 4096 + 6144 + 8192 + (2 * 4096 + 2 * 14_336) + (14_336 + 4096);
    expect(adapterBytes(card, 16)).toBe(32 * widths * 16 * 2);
    expect(adapterBytes(card, 16) / 2).toBeCloseTo(41.9e6, -5);
    expect(adapterBytes(card, 64)).toBe(4 * adapterBytes(card, 16));
  });

  const decodeUs = (requests: number, adapters?: AdapterSlots): number =>
    valueOf(
      kernelsStepTime({
        model: card,
        gpu: deck.gpus[0]!,
        params,
        timing,
        ...(adapters === undefined ? {} : { adapters }),
      }),
    ).stepUs({
      prefillRequests: 0,
      prefillTokens: 0,
      prefillPastTokens: 0,
      prefillPairs: 0,
      decodeRequests: requests,
      decodeContextTokens: requests * 1000,
    });

  test("a step pays small kernels whatever its size, and the weights of the adapters in use", () => {
    const plain = decodeUs(32);
    const few = decodeUs(32, { rank: 16, slots: 1 });
    // 32 layers × 4 projections × 2 kernels.
    expect(few - plain).toBeGreaterThan(256 * timing.smallKernelUs * 0.99);
    expect(few / plain).toBeLessThan(1.35);
    expect(decodeUs(32, { rank: 64, slots: 32 })).toBeGreaterThan(few);
  });
});

describe("places in a batch, by hand: 10 ms with a prompt, 1 ms without", () => {
  /** Rows whose adapters are known: the draws of this seed, looked up. */
  const run = (rows: readonly Row[], max_loras: number, count: number) => {
    const scenario = scenarioOf(lora(max_loras), { traffic: traffic(count) });
    const trace = traceOf(rows);
    const draws = adapterDraws(scenario, trace)!;
    const times = timesOf(runBoth({ scenario, trace }).requests);
    return { times, adapters: rows.map((_, i) => draws.at(i)) };
  };
  const rows = Array.from({ length: 6 }, (): Row => ({ at: 0, input: 10, output: 2 }));

  test("one place: only requests of the first one's adapter start with it; the rest waits, and is passed over", () => {
    const { times, adapters } = run(rows, 1, 2);
    expect(new Set(adapters)).toEqual(new Set([1, 2]));
    for (const [i, [first]] of times.entries()) {
      // The others start when the first batch is done: 10 + 1 ms, then their own prompt.
      expect(first).toBe(adapters[i] === adapters[0] ? 10 * MS : 21 * MS);
    }
  });

  test("as many places as adapters: nobody waits", () => {
    for (const [first] of run(rows, 2, 2).times) expect(first).toBe(10 * MS);
  });

  test("a late request of the adapter in use goes past those that wait for a place", () => {
    // A seed by which the second request asks for another adapter than the first and the third.
    let seed = 0;
    const scenarioFor = (at: number) => scenarioOf(lora(1), { seed: at, traffic: traffic(3) });
    const adaptersOf = (at: number): number[] => {
      const draws = adapterDraws(scenarioFor(at), undefined)!;
      return [0, 1, 2].map((row) => draws.at(row));
    };
    for (let found = [1, 1, 2]; found[0] === found[1] || found[0] !== found[2];) {
      found = adaptersOf(++seed);
    }
    const trace = traceOf([
      { at: 0, input: 10, output: 20 },
      { at: 2000, input: 10, output: 1 },
      { at: 12_500, input: 10, output: 1 },
    ]);
    const times = timesOf(runBoth({ scenario: scenarioFor(seed), trace }).requests);
    expect(times[0]![0]).toBe(10 * MS);
    expect(times[2]![0]).toBe(23 * MS);
    expect(times[1]![0]).toBeGreaterThan(times[0]![1]);
  });
});

describe("loads", () => {
  /** Requests of one token a second, one after the other, 10 ms each, whose adapters are known by the draws. */
  const alone = Array.from({ length: 60 }, (_, i): Row => ({ at: i * 1e6, input: 10, output: 1 }));
  const run = (max_loras: number, load_us: number | null, count = 5) => {
    const scenario = scenarioOf(
      { lora: { max_loras, max_lora_rank: 16, load_us } },
      { traffic: traffic(count) },
    );
    const trace = traceOf(alone);
    const draws = adapterDraws(scenario, trace)!;
    const { requests, report } = runBoth({ scenario, trace });
    return { times: timesOf(requests), report, adapters: alone.map((_, i) => draws.at(i)) };
  };

  test.each([1, 2, 3, 4, 5])("%i slots: a step waits when a naive LRU misses", (slots) => {
    const { times, adapters, report } = run(slots, 3000);
    const held: number[] = [];
    let loads = 0;
    for (const [i, adapter] of adapters.entries()) {
      const at = held.indexOf(adapter);
      if (at >= 0) held.splice(at, 1);
      else {
        loads++;
        if (held.length === slots) held.shift();
      }
      held.push(adapter);
      expect(times[i]![0] - alone[i]!.at).toBe((at >= 0 ? 10 : 13) * MS);
    }
    expect(report.adapters).toEqual({ loads, waitS: loads * 0.003 });
    if (slots === 5) expect(loads).toBe(5);
  });

  test("without a GPU's card a load takes no time unless the scenario says so", () => {
    for (const [first] of run(1, null).times) expect(first % 1e6).toBe(10 * MS);
  });

  test("with one, the weights over PCIe: 84 MB at 0.8 × 64 GB/s on H100", () => {
    const scenario = scenarioSchema.parse({
      model: "llama-3.1-8b",
      gpu: "h100-sxm",
      engine: lora(2),
    });
    const hardware = hardwareFor("llama-3.1-8b", "h100-sxm");
    const resolved = valueOf(resolveEngine(scenario, { hardware }));
    expect(resolved.knobs.lora!.load_us!).toBeCloseTo(83_886_080 / (0.8 * 64_000), 6);
  });
});

describe("prefixes", () => {
  const rows = Array.from({ length: 40 }, (_, i): Row => ({
    at: i * 50_000,
    input: 64,
    output: 1,
    ids: [0, 1, 2, 3],
  }));
  const cached = (adapters: ScenarioInput["traffic"], engine = lora(4)) =>
    runBoth({ scenario: scenarioOf(engine, { traffic: adapters }), trace: traceOf(rows, 16) })
      .report.tokens.cached;

  test("equal prompts of different adapters share nothing", () => {
    // Every prompt but the first of its adapter finds all but the last block.
    expect(cached(undefined)).toBe(39 * 48);
    expect(cached(traffic(4))).toBe(36 * 48);
    expect(cached(traffic(4, { share: 0 }))).toBe(39 * 48);
  });

  test("more ids than there are numbers are named", () => {
    const scenario = scenarioOf(lora(1), { traffic: traffic(100_000) });
    const trace = traceOf([{ at: 0, input: 64, output: 1, ids: [50_000] }], 64);
    expect(() => simulate({ scenario, trace })).toThrow("too many to tell apart");
  });
});

test("turns of one conversation keep their adapter, and popularity falls as stated", () => {
  const rows: Row[] = Array.from({ length: 30 }, (_, i) => ({
    at: 0,
    input: 10,
    output: 1,
    ...(i > 0 ? { parent: i - 1 } : {}),
  }));
  const scenario = scenarioOf(lora(1), { traffic: traffic(50) });
  const draws = adapterDraws(scenario, traceOf(rows))!;
  expect(new Set(rows.map((_, i) => draws.at(i))).size).toBe(1);
  const zipf = adapterDraws(
    scenarioOf(lora(1), { traffic: traffic(100, { zipf: 1 }) }),
    undefined,
  )!;
  const seen = Array.from({ length: 5000 }, (_, i) => zipf.at(i));
  const share = (adapter: number): number => seen.filter((one) => one === adapter).length / 5000;
  // 1/H(100) = 0.193 for the first, half of it for the second.
  expect(share(1)).toBeCloseTo(0.193, 1);
  expect(share(1) / share(2)).toBeGreaterThan(1.6);
});

test("both modes agree on random scenarios with adapters, to the bit", () => {
  const some = randomRuns.filter(({ scenario: { engine } }) => engine.scheduler !== "static");
  let waits = 0;
  fc.assert(
    fc.property(
      some,
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 5 }),
      (run, places, count) => {
        const { scenario } = run;
        const placed = (max_loras: number): Scenario =>
          scenarioSchema.parse({
            ...scenario,
            engine: { ...scenario.engine, lora: { ...lora(max_loras).lora, load_us: 1234.5 } },
            traffic: { ...scenario.traffic, ...traffic(count, { share: 0.8 }) },
          });
        const watch = { requests: true, slices: 10_000, auditEvery: 25 };
        const inputs = { ...run, scenario: placed(places) };
        const fast = simulate(inputs, watch);
        const steps = simulate(inputs, { ...watch, stepByStep: true });
        expect({ ...steps.report, events: 0 }).toEqual({ ...fast.report, events: 0 });
        expect(steps.requests).toEqual(fast.requests);
        const free = simulate({ ...run, scenario: placed(8) });
        if (free.report.digest !== fast.report.digest) waits++;
      },
    ),
    { numRuns: 150 },
  );
  expect(waits).toBeGreaterThan(10);
}, 120_000);

test("what does not go together is named", () => {
  const problemOf = (document: object): string => {
    const parsed = parseScenario(document);
    return parsed.ok ? "" : `${parsed.problem.where ?? ""}: ${parsed.problem.what}`;
  };
  expect(problemOf({ traffic: traffic(2) })).toContain("traffic.adapters: requests ask");
  expect(problemOf({ engine: { backend: "hf", ...lora(1) } })).toContain("engine.lora: static");
});

test("slots take their memory from the KV cache", () => {
  const hardware = hardwareFor("llama-3.1-8b", "h100-sxm");
  const run = (engine: object) => {
    const parsed = parseScenario({ model: "llama-3.1-8b", gpu: "h100-sxm", engine });
    if (!parsed.ok) throw new Error(parsed.problem.what);
    return simulate({ scenario: parsed.value, trace: traceOf([]), hardware }).report.engine;
  };
  const plain = run({});
  const served = run(lora(8));
  const taken = 8 * adapterBytes(hardware.deck.llms[0]!.card, 16);
  expect(served.gpuMemory!.adapterBytes).toBe(taken);
  expect(plain.gpuMemory!.kvBytes - served.gpuMemory!.kvBytes).toBeCloseTo(taken, 0);
});
