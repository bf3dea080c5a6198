/** Benchmarks that the simulator itself made under known scales: the fit finds them. */

import { describe, expect, test } from "vitest";
import { scalesOf } from "../../src/hardware/index.ts";
import {
  fitBenchmarks,
  parseBenchmarks,
  simulateRun,
  withScales,
  type MeasuredRun,
  type RunParts,
} from "../../src/plan/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { hardwareFor, hardwareOf } from "../support/hardware.ts";

const QUERY = { model: "llama-3.1-8b", gpu: "h100-sxm", engine: "vllm", version: "" } as const;

const parts: RunParts = (() => {
  const { deck } = hardwareFor(QUERY.model, QUERY.gpu, QUERY.engine);
  const { params, timing } = hardwareOf(QUERY.gpu, QUERY.engine);
  const node = deck.nodes[0];
  const cards = { model: deck.llms[0]!.card, gpu: deck.gpus[0]!, params, timing };
  return node === undefined ? cards : { ...cards, node };
})();
const system = parts.params.kernels;
const shipped = scalesOf(parts.timing, system);

const LOADS = [1, 4, 8, 16, 32, 64].map((concurrency, i) => `${concurrency},${600 + 300 * i},120`);
const HEADER = "concurrency,input_tokens,output_tokens,ttft_ms,tpot_ms,requests";

/** A table as an engine with these scales would give it. */
function tableUnder(decode: number, prompts: number, odd?: number): string {
  const plain = valueOf(
    parseBenchmarks("b.csv", [HEADER, ...LOADS.map((load) => `${load},1,1,96`)].join("\n"), QUERY),
  );
  const scales = { decode, context: prompts, mixed: prompts };
  const timing = withScales(parts.timing, system, scales);
  const rows = plain.map((run, i) => {
    const { ttftP50, tpotP50 } = valueOf(simulateRun(run, { ...parts, timing })).windows[0]!;
    const factor = i === odd ? 3 : 1;
    return `${LOADS[i]!},${ttftP50! * factor},${tpotP50! * factor},96`;
  });
  return [HEADER, ...rows].join("\n");
}

function runsOf(table: string): MeasuredRun[] {
  return valueOf(parseBenchmarks("b.csv", table, QUERY));
}

describe("benchmarks of an engine with other scales", () => {
  test.each([
    [1.3, 1.6],
    [1, 1],
    [1.8, 1.2],
  ])("decode × %f and prompts × %f are found", (decode, prompts) => {
    const fit = valueOf(fitBenchmarks(runsOf(tableUnder(decode, prompts)), parts, shipped));
    expect(fit.scales.decode / decode).toBeCloseTo(1, 1.7);
    expect(fit.scales.context / prompts).toBeCloseTo(1, 1.7);
    expect(fit.scales.mixed).toBe(fit.scales.context);
    expect(Math.max(...fit.after.tpot, ...fit.after.ttft)).toBeLessThan(0.02);
    expect(fit.heldOut.tpot.length).toBe(LOADS.length);
    expect(Math.max(...fit.heldOut.tpot, ...fit.heldOut.ttft)).toBeLessThan(0.03);
  });

  test("one run that is three times too slow moves nothing", () => {
    const fit = valueOf(fitBenchmarks(runsOf(tableUnder(1.3, 1.6, 2)), parts, shipped));
    expect(fit.scales.decode / 1.3).toBeCloseTo(1, 1.7);
    expect(fit.scales.context / 1.6).toBeCloseTo(1, 1.7);
  });

  test("open loops and lengths that differ: the scales are found too", () => {
    const header = "rate_per_s,input_tokens,output_tokens,requests,input_stddev,output_stddev";
    const loads = [1, 4, 8, 12, 16].map((rate, i) => `${rate},${400 + 300 * i},100,150,120,30`);
    const plain = [`${header},ttft_ms,tpot_ms`, ...loads.map((load) => `${load},1,1`)].join("\n");
    const scales = { decode: 1.3, context: 1.6, mixed: 1.6 };
    const timing = withScales(parts.timing, system, scales);
    const measured = runsOf(plain).map((run) => ({
      ...run,
      windows: [
        {
          ...run.windows[0]!,
          measured: valueOf(simulateRun(run, { ...parts, timing })).windows[0]!,
        },
      ],
    }));
    const fit = valueOf(fitBenchmarks(measured, parts, shipped));
    expect(fit.scales.decode / scales.decode).toBeCloseTo(1, 1.7);
    expect(fit.scales.context / scales.context).toBeCloseTo(1, 1.7);
    expect(Math.max(...fit.after.tpot, ...fit.after.ttft)).toBeLessThan(0.03);
  });

  test("what was not measured is not fitted", () => {
    const table = tableUnder(1.3, 1.6).replaceAll("ttft_ms", "note");
    const fit = valueOf(fitBenchmarks(runsOf(table), parts, shipped));
    expect(fit.scales.context).toBe(shipped.context);
    expect(fit.after.ttft.length).toBe(0);
  });
});

test("a rate that nobody could bear stops a scale at its limit, and it is said", () => {
  const table = "rate_per_s,input_tokens,output_tokens,requests,ttft_ms\n50,8000,10,100,5";
  const fit = valueOf(fitBenchmarks(runsOf(table), parts, shipped));
  expect(fit.atLimit).toEqual(["context"]);
  expect(valueOf(fitBenchmarks(runsOf(tableUnder(1.3, 1.6)), parts, shipped)).atLimit).toEqual([]);
});

test("quotes and spaces around cells are none of theirs", () => {
  const table = '"concurrency", "input_tokens","output_tokens","ttft_ms"\n"4",100, 10,"5"';
  expect(runsOf(table)[0]!.workload).toMatchObject({ kind: "closed", concurrency: 4 });
});

describe("rows", () => {
  const workloadOf = (header: string, row: string) =>
    runsOf(`input_tokens,output_tokens,ttft_ms,${header}\n1000,100,50,${row}`)[0]!.workload;
  const fixed = { kind: "fixed", input: 1000, output: 100 };

  test("clients are a closed loop, a rate is an open one, as vLLM names them too", () => {
    const closed = { kind: "closed", concurrency: 4, requests: 40, lengths: fixed };
    const open = { kind: "rate", ratePerS: 2.5, requests: 1000, lengths: fixed };
    expect(workloadOf("concurrency", "4")).toEqual(closed);
    expect(workloadOf("rate_per_s", "2.5")).toEqual(open);
    expect(workloadOf("request_rate,num_prompts", "2.5,80")).toEqual({ ...open, requests: 80 });
    expect(workloadOf("rate_per_s", "inf")).toEqual({ ...open, ratePerS: Infinity });
    expect(workloadOf("request_rate,max_concurrency", "inf,4")).toEqual(closed);
    expect(workloadOf("rate_per_s,concurrency", ",4")).toEqual(closed);
  });

  test("lengths are equal, uniform or normal", () => {
    expect(workloadOf("concurrency,range_ratio", "1,1")).toMatchObject({ lengths: fixed });
    expect(workloadOf("concurrency,range_ratio", "1,0.8")).toMatchObject({
      lengths: { kind: "drawn", ratio: 0.8 },
    });
    expect(workloadOf("concurrency,input_stddev", "1,200")).toMatchObject({
      lengths: { kind: "normal", inputDeviation: 200, outputDeviation: 0 },
    });
  });
});

const OPEN = "input_tokens,output_tokens,ttft_ms,rate_per_s";

test.each([
  ["a,b\n1,2", /no column input_tokens/],
  ["input_tokens,output_tokens,ttft_ms\n1,2,3", /does not say how requests came/],
  [`${OPEN}\n1,2,3,0`, /line 2: rate_per_s.*requests per second > 0/],
  [`${OPEN}\n1,2,3,fast`, /line 2: rate_per_s/],
  [`${OPEN}\n1,2,3,`, /line 2: concurrency/],
  [`${OPEN},concurrency\n1,2,3,5,4`, /both a rate and a number of clients/],
  [`${OPEN},range_ratio\n1,2,3,5,1.5`, /line 2: range_ratio/],
  [`${OPEN},range_ratio,input_stddev\n1,2,3,5,0.5,9`, /both uniform and normal/],
  [`${OPEN},request_rate\n1,2,3,5,5`, /two columns rate_per_s/],
  ["concurrency,input_tokens,output_tokens\n1,2,3", /nothing measured/],
  [`${HEADER}\n1,x,3,4,5,6`, /line 2: input_tokens/],
  [`${HEADER}\n1,2,3,-4,5,6`, /line 2: ttft_ms/],
  [`${HEADER}\n1,2,3,4,5,0.5`, /line 2: requests/],
])("a bad table names its place (%#)", (table, place) => {
  const bad = parseBenchmarks("b.csv", table, QUERY);
  expect(bad.ok ? "" : JSON.stringify(bad.problem)).toMatch(place);
});
