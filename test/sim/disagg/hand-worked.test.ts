/** Small disaggregated runs worked out by hand: every time below follows from the text beside it. */

import { describe, expect, test } from "vitest";
import { parseScenario } from "../../../src/sim/index.ts";
import type { ScenarioInput, SimulationResult } from "../../../src/sim/index.ts";
import type { Trace } from "../../../src/trace/index.ts";
import { simulate } from "../../support/simulate.ts";

/** A step: 1 ms, 10 µs a prompt token, 100 µs a decoding request. */
const STEP = {
  type: "linear",
  base_us: 1000,
  token_us: 10,
  decode_request_us: 90,
  decode_context_us: 0,
} as const;

/** 1 GB/s and 1000 B a token: a token takes 1 µs. Set-up 50 µs, a message 5 µs. */
const LINKS = {
  kv_bytes_per_token: 1000,
  bandwidth_gb_per_s: 1,
  setup_us: 50,
  control_us: 5,
} as const;

type Row = readonly [arrivalUs: number, input: number, output: number];

function traceOf(list: readonly Row[]): Trace {
  return {
    header: {
      v: 1,
      name: "by hand",
      format: "test",
      blockSize: 0,
      partialTail: "included",
      tickUs: 0,
      importLog: [],
      transforms: [],
    },
    rows: list.length,
    arrivalUs: Float64Array.from(list, ([us]) => us),
    inputTokens: Uint32Array.from(list, ([, input]) => input),
    outputTokens: Uint32Array.from(list, ([, , output]) => output),
  };
}

type Setting = {
  readonly disagg?: ScenarioInput["disagg"];
  readonly engine?: ScenarioInput["engine"];
  readonly prefillBlocks?: number;
  readonly decodeBlocks?: number;
  /** What else the prefill pool has. */
  readonly prefill?: object;
};

function run(list: readonly Row[], setting: Setting = {}): Required<SimulationResult> {
  const blocks = (count = 1000) => ({ engine: { num_gpu_blocks: count } });
  const parsed = parseScenario({
    cluster: {
      pools: [
        { name: "p", role: "prefill", ...blocks(setting.prefillBlocks), ...setting.prefill },
        { name: "d", role: "decode", ...blocks(setting.decodeBlocks) },
      ],
    },
    engine: { step_time: STEP, block_size: 10, enable_prefix_caching: false, ...setting.engine },
    disagg: { ...LINKS, ...setting.disagg },
  });
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const inputs = { scenario: parsed.value, trace: traceOf(list) };
  const result = simulate(inputs, { requests: true });
  const steps = simulate(inputs, { requests: true, stepByStep: true });
  expect(steps.report.digest).toBe(result.report.digest);
  return result as Required<SimulationResult>;
}

const timesOf = ({ requests }: Required<SimulationResult>) => [
  Array.from(requests.firstTokenUs),
  Array.from(requests.finishUs),
];

test("a cipher slower than the link is what the transfer waits for", () => {
  // 100 kB at 100 B/µs: 1000 in place of 100.
  const result = run([[0, 100, 3]], { disagg: { encryption_bytes_per_s: 1e8 } });
  expect(timesOf(result)).toEqual([[4155], [6355]]);
  expect(timesOf(run([[0, 100, 3]], { disagg: { encryption_bytes_per_s: 1e10 } }))).toEqual(
    timesOf(run([[0, 100, 3]])),
  );
});

// 31 of 32 layers are made evenly over the pass, 100 000 · 31 / 32 / 2000 = 48.4375 B/µs, the last one with its end.
describe("layers that move while the prompt is computed", () => {
  const layerWise = { layer_wise: true } as const;

  test("memory first: from 55 on as fast as they are made, then the last one", () => {
    // The prompt from 5 to 2005; by then 1950 · 48.4375 = 94 453 B are there, the other 5547 take 5.5 µs.
    const sglang = { scheduler: "sglang", chunked_prefill_size: 8190 } as const;
    const result = run([[0, 100, 3]], { engine: sglang, disagg: layerWise });
    expect(timesOf(result)).toEqual([[2011], [4211]]);
    expect(result.report.disagg!.heldMs.mean).toBeCloseTo(0.006, 9);
    expect(result.report.disagg!.bytes).toBe(100_000);
  });

  test("pushed: the decode worker has memory when the pass begins", () => {
    const result = run([[0, 100, 3]], { disagg: { ...layerWise, dispatch: "push" } });
    // 2000 + 5.5, and a decode step.
    expect(timesOf(result)).toEqual([[3106], [5306]]);
  });

  test("a link slower than the pass moves all the time", () => {
    const slow = { ...layerWise, dispatch: "push", bandwidth_gb_per_s: 0.01 } as const;
    // 10 B/µs from 50 on: 10 050, not 12 050.
    expect(timesOf(run([[0, 100, 3]], { disagg: slow }))).toEqual([[11_150], [13_350]]);
    const whole = { ...slow, layer_wise: false };
    expect(timesOf(run([[0, 100, 3]], { disagg: whole }))).toEqual([[13_150], [15_350]]);
  });

  test("a prompt in two passes moves with the second", () => {
    const chunked = { max_num_batched_tokens: 60, max_num_seqs: 8 };
    // 1600 and 1400; moving from 1650 on: by 3000 1350 of 1400 · 31 / 32 parts, 93 415 B, the other 6585 take 6.6 µs.
    const result = run([[0, 100, 3]], {
      engine: chunked,
      disagg: { ...layerWise, dispatch: "push" },
    });
    expect(timesOf(result)).toEqual([[4107], [6307]]);
  });

  test("asked for where nothing can move early, it is refused", () => {
    const pools = ["prefill", "decode"].map((role) => ({ name: role, role }));
    const sync = parseScenario({ cluster: { pools }, disagg: { ...layerWise, dispatch: "sync" } });
    expect(sync.ok ? "" : sync.problem.where).toBe("disagg.layer_wise");
    expect(sync.ok ? "" : sync.problem.remedy).toContain("dispatch: push");
  });
});

// The prompt: 1000 + 100 · 10 = 2000. Transfer: 50 + 100 = 150.
describe("one request of 100 prompt tokens and 3 answers", () => {
  test("vLLM: prompt, message, transfer, and three decode steps, the first of which makes the first token", () => {
    // 2000 + 5 + 150 = 2155; a step of one request: 1000 + 10 + 90 = 1100.
    const result = run([[0, 100, 3]]);
    expect(timesOf(result)).toEqual([[3255], [5455]]);
    expect(result.report.disagg).toMatchObject({
      handover: "sync",
      firstToken: "decode_step",
      handoffs: 1,
      bytes: 100_000,
    });
    expect(result.report.disagg!.transferMs.mean).toBe(0.15);
    // Computed at 2000, held until 2155.
    expect(result.report.disagg!.heldMs.mean).toBe(0.155);
    expect(result.report.tokens).toMatchObject({ input: 100, output: 3 });
  });

  test("the first token handed over: two decode steps are left", () => {
    const result = run([[0, 100, 3]], { disagg: { first_token: "handed_over" } });
    expect(timesOf(result)).toEqual([[2155], [4355]]);
  });

  test("SGLang: memory first, so that nothing but the transfer lies between prompt and answer", () => {
    // Asked and answered at 0, a message, the prompt from 5 to 2005, the transfer to 2155.
    const result = run([[0, 100, 3]], {
      engine: { scheduler: "sglang", chunked_prefill_size: 8190 },
    });
    expect(timesOf(result)).toEqual([[2155], [4355]]);
    expect(result.report.disagg!.handover).toBe("destination_first");
    expect(result.report.disagg!.reserveMs.max).toBe(0);
  });

  test("push: both legs at once, no message at all", () => {
    const result = run([[0, 100, 3]], { disagg: { dispatch: "push" } });
    expect(timesOf(result)).toEqual([[3250], [5450]]);
  });

  test("an answer of one token that comes with the prompt needs no decode worker", () => {
    const result = run([[0, 100, 1]], { disagg: { first_token: "handed_over" } });
    expect(timesOf(result)).toEqual([[2000], [2000]]);
    expect(result.report.disagg!.handoffs).toBe(0);
    expect(result.report.tokens.output).toBe(1);
  });
});

describe("memory that runs short", () => {
  // Each prompt has 10 blocks, its answer one more: the decode worker has memory for one request.
  test("a decode worker without room keeps the prompt at the prefill worker", () => {
    const result = run(
      [
        [0, 100, 3],
        [0, 100, 3],
      ],
      { decodeBlocks: 19 },
    );
    // Both prompts in one step: 1000 + 200 · 10 = 3000. The first goes on as above: 3155, 4255, 5355, 6455.
    // The second gets memory when the first is over at 6455, its transfer ends at 6605, three steps: 9905.
    expect(timesOf(result)).toEqual([
      [4255, 7705],
      [6455, 9905],
    ]);
    // 3005 → 3005 and 3005 → 6455, from 3000 on.
    expect(result.report.disagg!.reserveMs.max).toBe(3.455);
    expect(result.report.disagg!.heldMs.max).toBe(3.605);
  });

  test("and what the prefill worker holds blocks its next prompt", () => {
    const result = run(
      [
        [0, 100, 3],
        [0, 100, 3],
        [0, 100, 3],
      ],
      { decodeBlocks: 19, prefillBlocks: 20 },
    );
    // The third prompt finds room when the first's has been fetched, at 3155: a step of 2000.
    expect(result.requests.admittedUs[2]).toBe(3155);
    // It lands behind the second: that one is over at 9905; 150 for the transfer, three steps.
    expect(result.requests.finishUs[2]).toBe(9905 + 150 + 3300);
  });

  test("a prompt held too long is computed by the decode worker after all", () => {
    const result = run(
      [
        [0, 100, 3],
        [0, 100, 3],
      ],
      { decodeBlocks: 19, disagg: { timeout_s: 0.001 } },
    );
    // The prompts are there at 3000; at 4000 the second stops waiting for memory and queues for a prompt of its own, which
    // finds room at 6455: a step of 2000, then two of 1100.
    expect(timesOf(result)).toEqual([
      [4255, 8455],
      [6455, 10_655],
    ]);
    expect(result.report.disagg).toMatchObject({ handoffs: 1, fallbacks: 1, timeouts: 1 });
    expect(result.report.tokens.recomputed).toBe(100);
  });

  test("or fails, when that is what the scenario wants", () => {
    const result = run(
      [
        [0, 100, 3],
        [0, 100, 3],
      ],
      { decodeBlocks: 19, disagg: { timeout_s: 0.001, fallback: "fail" } },
    );
    expect(result.report.requests).toMatchObject({ completed: 1, failed: 1 });
    expect(result.requests.finishUs[1]).toBe(4000);
  });
});

describe("layouts that differ", () => {
  const unlike = (setting: Setting) => ({
    ...setting,
    prefill: { parallelism: { tensor: 2 } },
    disagg: { conversion_gb_per_s: 2, ...setting.disagg },
  });

  test("the decode worker rewrites what came from other ranks", () => {
    // Both ranks answer to the smaller side's one lane: 2155 as ever. 100 000 B at 2 GB/s: 50 more.
    const result = run([[0, 100, 3]], unlike({}));
    expect(timesOf(result)).toEqual([[3305], [5505]]);
    expect(result.report.disagg!.conversionMs.mean).toBe(0.05);
    expect(result.report.disagg!.transferMs.mean).toBe(0.2);
  });

  test("or what came in blocks of another size", () => {
    const result = run([[0, 100, 3]], {
      prefill: { engine: { num_gpu_blocks: 1000, block_size: 20 } },
      disagg: { conversion_gb_per_s: 2 },
    });
    expect(timesOf(result)).toEqual([[3305], [5505]]);
  });

  test("but not when layouts are alike, or the scenario says it costs nothing", () => {
    const alike = run([[0, 100, 3]], { disagg: { conversion_gb_per_s: 2 } });
    expect(timesOf(alike)).toEqual([[3255], [5455]]);
    const free = run([[0, 100, 3]], unlike({ disagg: { conversion_gb_per_s: null } }));
    expect(timesOf(free)).toEqual([[3255], [5455]]);
  });
});

describe("staging memory", () => {
  // Both prompts are computed at 3000 and ask at 3005; each has 10 blocks and takes 150 to move.
  const both: readonly Row[] = [
    [0, 100, 3],
    [0, 100, 3],
  ];

  test("both are on their way at once when there is room for both", () => {
    const result = run(both, { disagg: { staging_blocks: 20 } });
    // 3155, then three steps of two requests.
    expect(timesOf(result)).toEqual([
      [4355, 4355],
      [6755, 6755],
    ]);
    expect(result.report.disagg!.stagedBlocksPeak).toBe(20);
  });

  test("with a block less the second waits for the first, and its prefill worker with it", () => {
    const result = run(both, { disagg: { staging_blocks: 19 } });
    // At 3155 the first lands and the second gets memory; it is there at 3305, in the batch at 4255. One request, then two twice,
    // then one: 1100, 1200, 1200, 1100.
    expect(timesOf(result)).toEqual([
      [4255, 5455],
      [6655, 7755],
    ]);
    expect(result.report.disagg!.stagedBlocksPeak).toBe(10);
    expect(result.report.disagg!.heldMs.max).toBe(0.305);
  });

  test("a prompt that is longer than the cap goes alone", () => {
    const result = run(both, { disagg: { staging_blocks: 1 } });
    expect(result.requests.finishUs[1]).toBe(7755);
  });
});

test("faults in roles and ways of handing over are named", () => {
  const where = (cluster: unknown, disagg: unknown = {}, engine: unknown = {}) => {
    const parsed = parseScenario({ trace: "t", cluster, disagg, engine });
    return parsed.ok ? undefined : parsed.problem.where;
  };
  const p = { name: "p", role: "prefill" };
  const d = { name: "d", role: "decode" };
  expect(where({ pools: [p] })).toBe("cluster.pools.0.role");
  expect(where({ pools: [p, d, { name: "m" }] })).toBe("cluster.pools.2.role");
  const first = { reserve: "destination_first", dispatch: "sync" };
  expect(where({ pools: [p, d] }, first)).toBe("disagg.reserve");
  const blocks = [p, d, { name: "e", role: "decode", engine: { block_size: 32 } }];
  expect(where({ pools: blocks })).toBe("cluster.pools.2.engine.block_size");
  expect(where({ pools: [p, d] }, {}, { scheduler: "static" })).toBe(
    "cluster.pools.0.engine.scheduler",
  );
  expect(where({ pools: [p, d] })).toBeUndefined();
});
