/** Users' expressions: what they compute, and everything that they must not be able to do. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExpression } from "../../src/core/expression.ts";
import { exp, ln, problemText } from "../../src/core/index.ts";

const NAMES = ["a", "b", "queue_ms"];

function value(text: string, values: readonly number[] = [2, 3, 250]): number {
  const compiled = compileExpression(text, NAMES, "router.score");
  if (!compiled.ok) throw new Error(problemText(compiled.problem));
  return compiled.value.evaluate(values);
}

function problem(text: string): string {
  const compiled = compileExpression(text, NAMES, "router.score");
  return compiled.ok ? "compiled" : problemText(compiled.problem);
}

test.each([
  ["a + b * 2", 8],
  ["(a + b) * 2", 10],
  ["-a ^ 2", -4],
  ["2 ^ 3 ^ 2", 512],
  ["a + 0.5*b + 20*(queue_ms > 200)", 23.5],
  ["min(a, b, 1) + max(a, b)", 4],
  ["abs(-3) + floor(2.7) + ceil(2.1) + round(2.5) + sqrt(9)", 14],
  ["queue_ms > 200 ? a : b", 2],
  ["queue_ms > 300 or a == 2", 1],
  ["not (a == 2) and true", 0],
  ["7 % 4 - 1e3", -997],
  ["a / 0", Infinity],
])("%s is %d", (text, expected) => {
  expect(value(text)).toBe(expected);
});

test("exp and log are the deterministic ones, and only what is named is read", () => {
  expect(value("exp(a) + log(b)")).toBe(exp(2) + ln(3));
  const compiled = compileExpression("b + b", NAMES, "");
  expect(compiled.ok && compiled.value.reads).toEqual([1]);
});

describe("what is refused", () => {
  test.each([
    ["a = 3", "assignment expressions are not allowed"],
    ["f(x) = x", "functionassignment expressions are not allowed"],
    ["a; b", "block expressions are not allowed"],
    ["import(1)", 'calls of "import" are not allowed'],
    ["eval(1)", 'calls of "eval" are not allowed'],
    ["constructor(1)", 'calls of "constructor" are not allowed'],
    ["__proto__", 'unknown name "__proto__"'],
    ["a.constructor", "accessor expressions are not allowed"],
    ["[1, 2]", "array expressions are not allowed"],
    ["{x: 1}", "object expressions are not allowed"],
    ['"text"', "texts are not allowed"],
    ["a'", '"\'" are not allowed'],
    ["5!", '"!" are not allowed'],
    ["1 < a < 3", "chained comparisons are not allowed"],
    ["1:3", "range expressions are not allowed"],
    ["min()", "min does not take 0 arguments"],
    ["sqrt(1, 2)", "sqrt does not take 2 arguments"],
    ["a +", "no expression"],
    ["", "are not allowed"],
  ])("%s", (text, expected) => {
    expect(problem(text)).toContain(expected);
  });

  test("an unknown name comes with the place, the known ones and the nearest", () => {
    const text = problem("queue_sm + 1");
    expect(text).toContain('router.score: unknown name "queue_sm"');
    expect(text).toContain("one of a, b, queue_ms");
    expect(text).toContain("did you mean queue_ms?");
  });

  test("depth and length have limits", () => {
    expect(problem("(".repeat(110) + "a" + ")".repeat(110))).toContain("nested too deeply");
    expect(problem("a+".repeat(9000) + "a")).toContain("too long");
  });
});

test("any text compiles or is refused; nothing throws", () => {
  const pieces = fc.constantFrom(
    "a",
    "b",
    "+",
    "-",
    "*",
    "/",
    "(",
    ")",
    "?",
    ":",
    "=",
    ";",
    "[",
    "]",
    "1",
    ".",
    "'",
    "min",
    ",",
    " ",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const compiled = compileExpression(parts.join(""), NAMES, "x");
      if (compiled.ok) expect(typeof compiled.value.evaluate([1, 2, 3])).toBe("number");
      else expect(compiled.problem.what.length).toBeGreaterThan(0);
    }),
    { numRuns: 2000, seed: 3 },
  );
});
