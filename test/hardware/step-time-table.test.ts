import { zipSync } from "fflate/browser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createStepTime,
  decodeRunUs,
  readNpy,
  readProfileJson,
  readProfileNpz,
  readProfileRaw,
  TableStepTime,
  type DecodeRun,
  type ProfileTable,
} from "../../src/hardware/index.ts";
import {
  NPZ_DEFLATED_BASE64,
  NPZ_FORTRAN_BIG_ENDIAN_BASE64,
  NPZ_STORED_BASE64,
} from "./step-time-npz-fixture.ts";

const JSON_PROFILE = {
  prefill_isl: [100, 1000, 8000],
  prefill_ttft_ms: [20.5, 40.25, 169],
  decode_active_kv_tokens: [0, 5000, 20_000],
  decode_context_length: [128, 4096],
  decode_itl: [
    [5, 6],
    [8, 9.5],
    [15, 16],
  ],
};

function profile(overrides: object = {}): ProfileTable {
  const result = readProfileJson({ ...JSON_PROFILE, ...overrides });
  if (!result.ok) throw new Error(result.problem.what);
  return result.value;
}

function problemText(overrides: object): string {
  const result = readProfileJson({ ...JSON_PROFILE, ...overrides });
  return result.ok ? "none" : `${result.problem.where}: ${result.problem.what}`;
}

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

const shape = (prefillTokens: number, decodeRequests: number, decodeContextTokens: number) => ({
  prefillRequests: prefillTokens > 0 ? 1 : 0,
  prefillTokens,
  prefillPastTokens: 0,
  prefillPairs: 0,
  decodeRequests,
  decodeContextTokens,
});

describe("profile files", () => {
  it.each([
    ["stored", NPZ_STORED_BASE64],
    ["deflated", NPZ_DEFLATED_BASE64],
    ["Fortran order, big-endian", NPZ_FORTRAN_BIG_ENDIAN_BASE64],
  ])("reads numpy's NPZ, %s, as the same JSON", (_what, base64) => {
    expect(readProfileNpz(bytesOf(base64))).toEqual({ ok: true, value: profile() });
  });

  it("names the array that is wrong", () => {
    expect(problemText({ decode_itl: undefined })).toContain("decode_itl");
    expect(problemText({ decode_itl: [[1, 2], [3]] })).toContain("decode_itl");
    expect(
      problemText({
        decode_itl: [
          [1, 2],
          [3, 4],
        ],
      }),
    ).toContain("decode_itl: the array has shape");
    expect(
      problemText({
        decode_itl: [
          [1, 2],
          [3, 4],
          [5, 0],
        ],
      }),
    ).toContain("time 5 is 0");
    expect(problemText({ decode_context_length: [5], decode_itl: [[1], [2], [3]] })).toContain(
      "decode_context_length: the axis has 1 points",
    );
    expect(problemText({ decode_context_length: [5, 5] })).toContain("does not exceed");
    expect(problemText({ prefill_isl: [1, 2] })).toContain("prefill_ttft_ms");
    expect(problemText({ prefill_isl: [1, "2", 3] })).toContain("prefill_isl");
    expect(problemText({ prefill_isl: [-1, 2, 3] })).toContain("prefill_isl: point 0");
    expect(problemText({ prefill_ttft_ms: [1, 2, NaN] })).toContain("prefill_ttft_ms");
    expect(readProfileJson(null).ok).toBe(false);
    expect(readProfileJson([]).ok).toBe(false);
    const missing = readProfileNpz(zipSync({ "prefill_isl.npy": bytesOf("") }));
    expect(missing.ok ? "" : missing.problem.where).toBe("prefill_isl");
    const other = readProfileNpz(zipSync({ "a.txt": new Uint8Array([65]) }));
    expect(other.ok ? "" : other.problem.what).toBe("the array is missing");
  });

  it("survives every truncation and 4,000 mutations of the files", () => {
    const sources = [NPZ_STORED_BASE64, NPZ_DEFLATED_BASE64].map(bytesOf);
    for (const bytes of sources) {
      for (let length = 0; length < bytes.length; length += 7) {
        expect(readProfileNpz(bytes.subarray(0, length)).ok).toBe(false);
      }
    }
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.constantFrom(...sources), edits, (bytes, changes) => {
        const mutated = bytes.slice();
        for (const [at, byte] of changes) mutated[at % mutated.length] = byte;
        const result = readProfileNpz(mutated);
        // A changed number is still a number; whatever is accepted must make a model.
        if (result.ok) expect(new TableStepTime(result.value).name).toBe("table");
        else expect(result.problem.what).not.toBe("");
      }),
      { numRuns: 4000 },
    );
  });

  it("reads every numeric NPY type and refuses the rest", () => {
    const npy = (descr: string, dims: string, data: number[], version = 1): Uint8Array => {
      const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }\n`;
      const length = version === 1 ? [header.length, 0] : [header.length, 0, 0, 0];
      const text = [...header].map((char) => char.charCodeAt(0));
      return new Uint8Array([0x93, 78, 85, 77, 80, 89, version, 0, ...length, ...text, ...data]);
    };
    const values = (bytes: Uint8Array): number[] | string => {
      const result = readNpy(bytes);
      return result.ok ? [...result.value.values] : result.problem.what;
    };
    expect(values(npy("<i4", "2,", [1, 0, 0, 0, 255, 255, 255, 255]))).toEqual([1, -1]);
    expect(values(npy(">i2", "1,", [1, 2], 2))).toEqual([258]);
    expect(values(npy("|u1", "3,", [1, 2, 255], 3))).toEqual([1, 2, 255]);
    expect(values(npy("<f4", "", [0, 0, 128, 63]))).toEqual([1]);
    expect(values(npy("<u8", "1,", [255, 255, 255, 255, 255, 255, 255, 255]))).toContain(
      "too large",
    );
    expect(values(npy("<c8", "1,", [0, 0, 0, 0, 0, 0, 0, 0]))).toContain("not supported");
    expect(values(npy("|O", "1,", [0]))).toContain("not supported");
    expect(values(npy("<i4", "2,", [1, 0, 0, 0]))).toBe("the array has 4 bytes of data");
    expect(values(npy("<i4", "2,", [], 9))).toContain("version");
  });
});

describe("profiler results", () => {
  const prefill = {
    prefill_isl: [1000, 100],
    prefill_ttft: [40, 20],
    prefill_thpt_per_gpu: [1, 2],
  };
  // Context 500 at 10, 50 and 100 % of 10,000 tokens, context 2000 at 40 and 80 %.
  const decode = {
    x_kv_usage: [0.1, 0.5, 1, 0.4, 0.8],
    y_context_length: [500, 500, 500, 2000, 2000],
    z_itl: [5, 9, 19, 10, 14],
    z_thpt_per_gpu: [1, 1, 1, 1, 1],
    max_kv_tokens: 10_000,
  };
  const raw = (d: object, p: object = prefill): string => {
    const result = readProfileRaw(p, d);
    return result.ok ? "none" : `${result.problem.where}: ${result.problem.what}`;
  };

  it("become a grid that meets the measured points", () => {
    const result = readProfileRaw(prefill, decode);
    if (!result.ok) throw new Error(result.problem.what);
    const made = result.value;
    expect([...made.prefillTokens, ...made.prefillMs]).toEqual([100, 1000, 20, 40]);
    expect([...made.decodeKvTokens]).toEqual([1000, 4000, 5000, 8000, 10_000]);
    expect([...made.decodeContext]).toEqual([500, 2000]);
    expect([...made.decodeMs]).toEqual([5, 10, 8, 10, 9, 11, 15, 14, 19, 14]);
    const model = new TableStepTime(made);
    expect(model.stepUs(shape(0, 10, 5000))).toBeCloseTo(9000, 9);
    expect(model.stepUs(shape(0, 4, 8000))).toBeCloseTo(14_000, 9);
    expect(model.stepUs(shape(0, 2, 4000))).toBeCloseTo(10_000, 9);
  });

  it("resample a long KV axis to 100 points", () => {
    const n = 400;
    const usage = Array.from({ length: n }, (_, i) => (i + 1) / n);
    const twice = [...usage, ...usage];
    const long = {
      x_kv_usage: twice,
      y_context_length: twice.map((_, i) => (i < n ? 500 : 2000)),
      z_itl: twice.map((x) => 5 + 10 * x),
      max_kv_tokens: [1_000_000],
    };
    const result = readProfileRaw(prefill, long);
    if (!result.ok) throw new Error(result.problem.what);
    expect(result.value.decodeKvTokens).toHaveLength(100);
    const model = new TableStepTime(result.value);
    expect(model.stepUs(shape(0, 300, 300_000))).toBeCloseTo(8000, 6);
  });

  it("name what is wrong", () => {
    expect(raw({ ...decode, max_kv_tokens: 0 })).toContain("max_kv_tokens");
    expect(raw({ ...decode, z_itl: [1, 2] })).toContain("z_itl: 5 points and 2 times");
    expect(raw({ ...decode, z_itl: undefined })).toContain("z_itl: the array is missing");
    expect(raw({ ...decode, y_context_length: [1, 2, 3, 4, 5] })).toContain("one KV usage only");
    expect(raw({ ...decode, y_context_length: [1] })).toContain("1 contexts for 5 points");
    expect(raw({ ...decode, x_kv_usage: [[1]] })).toContain("x_kv_usage: the array has shape");
    expect(raw(decode, {})).toContain("prefill_isl");
    expect(raw(decode, { ...prefill, prefill_ttft: [1, NaN] })).toContain("prefill_ttft");
    expect(raw(decode, { ...prefill, prefill_isl: [1, 1] })).toContain("prefill_isl: point 1");
  });
});

describe("TableStepTime", () => {
  const model = new TableStepTime(profile());

  it("meets the grid points, interpolates between and goes on outside", () => {
    expect(model.stepUs(shape(1000, 0, 0))).toBeCloseTo(40_250, 9);
    expect(model.stepUs(shape(4500, 0, 0))).toBeCloseTo((40_250 + 169_000) / 2, 9);
    expect(model.stepUs(shape(15_000, 0, 0))).toBeCloseTo(169_000 + (169_000 - 40_250), 6);
    // Mean 4096 = 16,384 tokens over 4: (16384 − 5000)/15000 between 9.5 and 16 ms.
    expect(model.stepUs(shape(0, 4, 16_384))).toBeCloseTo(9500 + (6500 * 11_384) / 15_000, 6);
    // One request at 128 tokens: first column, 128/5000 between 5 and 8 ms.
    expect(model.stepUs(shape(0, 1, 128))).toBeCloseTo(5000 + (3000 * 128) / 5000, 6);
    const falling = new TableStepTime(
      profile({
        decode_itl: [
          [9, 9],
          [5, 5],
          [2, 2],
        ],
      }),
    );
    expect(falling.stepUs(shape(0, 1, 80_000))).toBe(1000);
    expect(model.stepUs(shape(100, 4, 16_384))).toBeCloseTo(
      20_500 + 9500 + (6500 * 11_384) / 15_000,
      6,
    );
  });

  it("agrees with bilinear interpolation in its usual form", () => {
    const { decode_active_kv_tokens: xs, decode_context_length: ys, decode_itl: z } = JSON_PROFILE;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 400 }), (b, mean) => {
        const x = b * mean + (b >> 1);
        const i = x >= xs[1]! ? 1 : 0;
        const u = (x - xs[i]!) / (xs[i + 1]! - xs[i]!);
        const v = (x / b - ys[0]!) / (ys[1]! - ys[0]!);
        const row = (r: number): number => z[r]![0]! * (1 - v) + z[r]![1]! * v;
        const ms = row(i) * (1 - u) + row(i + 1) * u;
        expect(model.stepUs(shape(0, b, x))).toBeCloseTo(Math.max(1, ms) * 1000, 6);
      }),
    );
  });

  it("ends a run at the first total context in another cell", () => {
    const run: DecodeRun = { c0: 0, c1: 0, c2: 0, contextEnd: 0 };
    model.decodeRun(4, 1000, run);
    expect(run.contextEnd).toBe(5000);
    const grid = new TableStepTime(
      profile({
        decode_context_length: [10, 100.3, 4000],
        decode_itl: [
          [5, 6, 7],
          [8, 9, 9],
          [15, 16, 17],
        ],
      }),
    );
    grid.decodeRun(3, 240, run);
    expect(run.contextEnd).toBe(301);
    grid.decodeRun(3, 300, run);
    expect(run.contextEnd).toBe(301);
    grid.decodeRun(3, 301, run);
    expect(run.contextEnd).toBe(5000);
  });

  it("splits a run where it meets the floor, to the token", () => {
    // 0.5 ms at 0 and 2.5 ms at 10,000 tokens: the floor ends at 2,500.
    const rising = new TableStepTime(
      profile({
        decode_active_kv_tokens: [0, 10_000, 20_000],
        decode_itl: [
          [0.5, 0.5],
          [2.5, 2.5],
          [3, 3],
        ],
      }),
    );
    const run: DecodeRun = { c0: 0, c1: 0, c2: 0, contextEnd: 0 };
    rising.decodeRun(8, 16, run);
    expect(run).toEqual({ c0: 1000, c1: 0, c2: 0, contextEnd: 2500 });
    rising.decodeRun(8, 2500, run);
    expect(decodeRunUs(run, 2501)).toBeCloseTo(1000.2, 9);
    expect(run.contextEnd).toBe(10_000);
    rising.decodeRun(8, 20_000, run);
    expect(run.contextEnd).toBe(Infinity);
    const falling = new TableStepTime(
      profile({
        decode_itl: [
          [9, 9],
          [5, 5],
          [2, 2],
        ],
      }),
    );
    falling.decodeRun(1, 20_000, run);
    expect(run.contextEnd).toBe(25_001);
    falling.decodeRun(1, 25_001, run);
    expect(run).toEqual({ c0: 1000, c1: 0, c2: 0, contextEnd: Infinity });
  });

  it("fused pays the smallest profiled time once, and never less than a part", () => {
    const fused = createStepTime(
      { type: "table", mixed: "fused" },
      { kvCapacityTokens: 1, table: profile() },
    );
    if (!fused.ok) throw new Error(fused.problem.what);
    const mixed = shape(1000, 4, 16_384);
    expect(fused.value.stepUs(mixed)).toBeCloseTo(model.stepUs(mixed) - 5000, 6);
    expect(fused.value.stepUs(shape(0, 1, 128))).toBe(model.stepUs(shape(0, 1, 128)));
    expect(fused.value.stepUs(shape(1000, 1, 0))).toBeGreaterThanOrEqual(40_250);
  });
});
