/** Images in prompts: what is encoded, when the cache spares it, and what it costs. */

import { expect, test } from "vitest";
import { encoderUs } from "../../src/hardware/index.ts";
import type { StepMachine } from "../../src/hardware/index.ts";
import { parseScenario } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { imagesOf } from "../../src/sim/images.ts";
import { AT_INPUT, AT_ROW, RequestTable } from "../../src/sim/request-table.ts";
import { hardwareFor } from "../support/hardware.ts";
import { runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";

const images = (more: object): ScenarioInput["traffic"] => ({ images: { tokens: 100, ...more } });

test("images fill the front of a prompt, leave a token of text, and cached ones need no encoder", () => {
  const table = new RequestTable();
  const slot = table.take({
    row: 0,
    record: 0,
    arrivalUs: 0,
    input: 350,
    output: 1,
    pathStart: 0,
    pathLength: 0,
  });
  const of = (per_request: number, cached: number, input: number): number => {
    table.data[slot + AT_INPUT] = input;
    table.data[slot + AT_ROW] = 0;
    const scenario = scenarioOf({}, { traffic: images({ per_request }) });
    return imagesOf(scenario, undefined)!.toEncode(table, slot, cached, 0, 0);
  };
  expect(of(2, 0, 350)).toBe(2);
  expect(of(9, 0, 350)).toBe(3);
  expect(of(3, 0, 300)).toBe(2);
  expect(of(3, 0, 301)).toBe(3);
  expect(of(3, 99, 350)).toBe(3);
  expect(of(3, 100, 350)).toBe(2);
  expect(of(3, 300, 350)).toBe(0);
});

test("time of an image by hand: products, attention of all patches, at half of the peak, or launches", () => {
  const encoder = { params: 12 * 1000 * 1000 * 20, hidden: 1000, maxPatches: 4096 };
  const machine = {
    device: { bf16FlopPerUs: 1e9 },
    split: { tp: 2 },
    timing: { launchUs: 5 },
    params: { throttle: 1.1 },
  } as unknown as StepMachine;
  const flop = 2 * 240e6 * 4000 + 4 * 20 * 4000 * 4000 * 1000;
  expect(encoderUs(machine, encoder, 3, 4000)).toBeCloseTo((3 * flop * 1.1) / (0.5e9 * 2), 6);
  // Twenty layers of ten kernels of 5 µs.
  expect(encoderUs(machine, encoder, 2, 16)).toBe(2 * 20 * 10 * 5);
});

const NAMED = { model: "llama-4-scout", gpu: "b200", cluster: { parallelism: { tensor: 4 } } };

function run(traffic: ScenarioInput["traffic"], rows: readonly Row[]) {
  const parsed = parseScenario({ ...NAMED, traffic });
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const hardware = hardwareFor("llama-4-scout", "b200");
  const inputs = { scenario: parsed.value, trace: traceOf(rows, 16), hardware };
  return runBoth(inputs as Parameters<typeof runBoth>[0]);
}

const row = (at: number): Row => ({
  at,
  input: 2000,
  output: 4,
  ids: Array.from({ length: 125 }, (_, i) => i),
});

test("the first prompt waits for its encoder, the same one again does not; tokens are not slower", () => {
  const rows = [row(0), row(2_000_000)];
  const text = run(undefined, rows).requests;
  const seen = run({ images: { per_request: 3, tokens: 576 } }, rows).requests;
  const ttft = (columns: typeof text, i: number): number =>
    columns.firstTokenUs[i]! - columns.arrivalUs[i]!;
  expect(ttft(seen, 0)).toBeGreaterThan(ttft(text, 0) + 1000);
  expect(ttft(seen, 1)).toBe(ttft(text, 1));
  expect(seen.finishUs[0]! - seen.firstTokenUs[0]!).toBe(text.finishUs[0]! - text.firstTokenUs[0]!);
});

test("a share of the conversations brings images", () => {
  const rows = Array.from({ length: 60 }, (_, i): Row => ({
    at: i * 1e6,
    input: 2000,
    output: 2,
    ids: Array.from({ length: 125 }, (_, k) => 125 * i + k),
  }));
  const ttft = (traffic: ScenarioInput["traffic"]): number[] => {
    const { requests } = run(traffic, rows);
    return rows.map((_, i) => requests.firstTokenUs[i]! - requests.arrivalUs[i]!);
  };
  const text = ttft(undefined);
  const slower = ttft({ images: { share: 0.3 } }).filter((us, i) => us > text[i]! + 100).length;
  expect(slower).toBeGreaterThan(8);
  expect(slower).toBeLessThan(30);
});

test.each([0, 1, 2, 3, 6])("a cache of %i images spares what a naive LRU has", (most) => {
  const scenario = scenarioOf({}, { traffic: images({ per_request: 2, distinct: 5, zipf: 1 }) });
  const ofTraffic = imagesOf(scenario, undefined)!;
  const table = new RequestTable();
  const held: number[] = [];
  const ids = new Set<number>();
  let encoded = 0;
  for (let i = 0; i < 200; i++) {
    const request = { row: i, record: 0, arrivalUs: 0, input: 350, output: 1 };
    const slot = table.take({ ...request, pathStart: 0, pathLength: 0 });
    const image = ofTraffic.firstImage(i);
    ids.add(image);
    let missing = 0;
    for (const one of [image, (image + 1) % 5]) {
      const at = held.indexOf(one);
      if (at >= 0) held.splice(at, 1);
      else missing++;
      if (most > 0) held.push(one);
      if (held.length > most) held.shift();
    }
    expect(ofTraffic.toEncode(table, slot, 0, 7, most * 100)).toBe(missing);
    encoded += missing;
  }
  expect(ids.size).toBe(5);
  expect(ofTraffic.encoded).toBe(encoded);
  expect(ofTraffic.spared).toBe(400 - encoded);
  if (most === 6) expect(encoded).toBe(5);
});

test("workers have caches of their own, and the report counts what they spare", () => {
  const rows = Array.from({ length: 6 }, (_, i): Row => ({
    at: i * 1e6,
    input: 2000,
    output: 2,
    ids: Array.from({ length: 125 }, (_, k) => 125 * i + k),
  }));
  const same = { images: { per_request: 3, distinct: 3, zipf: 0 } };
  const { requests, report } = run(same, rows);
  const ttft = rows.map((_, i) => requests.firstTokenUs[i]! - requests.arrivalUs[i]!);
  expect(report.images).toEqual({ encoded: 3, spared: 15 });
  expect(ttft[0]!).toBeGreaterThan(ttft[1]! + 1000);
  expect(new Set(ttft.slice(1)).size).toBe(1);
  expect(run({ images: { per_request: 3 } }, rows).report.images).toEqual({
    encoded: 18,
    spared: 0,
  });
});

test("a model that sees nothing, and no model, are named", () => {
  const none = parseScenario({ traffic: { images: {} } });
  expect(!none.ok && none.problem.where).toBe("traffic.images");
  const parsed = parseScenario({ model: "llama-3.1-8b", gpu: "h100-sxm", traffic: { images: {} } });
  if (!parsed.ok) throw new Error(parsed.problem.what);
  const hardware = hardwareFor("llama-3.1-8b", "h100-sxm");
  const inputs = { scenario: parsed.value, trace: traceOf([]), hardware };
  expect(() => runBoth(inputs as Parameters<typeof runBoth>[0])).toThrow("has no vision encoder");
});
