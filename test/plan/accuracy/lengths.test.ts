import { describe, expect, test } from "vitest";
import { lengthsOf, Mt19937 } from "../../../src/plan/index.ts";

function sum(values: Uint32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

describe("the Mersenne Twister as NumPy seeds and reads it", () => {
  // np.random.seed(0); randint(819, 1025, 8), then randint(6553, 8193, 5), NumPy 1.26 and 2.x.
  test("two draws after seed 0", () => {
    const random = new Mt19937(0);
    expect([...random.integers(819, 1025, 8)]).toEqual([991, 866, 936, 1011, 886, 1014, 922, 828]);
    expect([...random.integers(6553, 8193, 5)]).toEqual([6830, 7152, 7647, 8049, 7153]);
  });

  test("the widest range, and a narrow one, after seed 12345", () => {
    const random = new Mt19937(12345);
    const wide = [3992670690, 3823185381, 1358822685, 561383553];
    expect([...random.integers(0, 2 ** 32 - 1, 4)]).toEqual(wide);
    expect([...random.integers(0, 7, 10)]).toEqual([4, 1, 6, 6, 5, 2, 5, 1, 6, 1]);
  });

  // The generator's 10,000th output after seed 5489, as the C++ standard states it (rand.predef).
  test("the ten thousandth number of the standard's seed", () => {
    const random = new Mt19937(5489);
    let last = 0;
    for (let i = 0; i < 10_000; i++) last = random.uint32();
    expect(last).toBe(4123659995);
  });

  test("a range of one value draws nothing", () => {
    const random = new Mt19937(1);
    expect([...random.integers(7, 8, 3)]).toEqual([7, 7, 7]);
    expect(random.uint32()).toBe(new Mt19937(1).uint32());
  });
});

describe("request lengths of InferenceX", () => {
  // Totals of input and output tokens that the benchmark published for 8192/1024 at seed 0.
  test.each([
    [10, 73973, 9303],
    [20, 147984, 18705],
    [40, 294050, 36805],
    [80, 584809, 74069],
    [160, 1175032, 146426],
  ])("%i requests have %i input and %i output tokens", (count, inputs, outputs) => {
    const drawn = { kind: "drawn", input: 8192, output: 1024, ratio: 0.8, seed: 0 } as const;
    const [input, output] = lengthsOf(drawn, count);
    expect([sum(input), sum(output)]).toEqual([inputs, outputs]);
  });
});
