/**
 * Goldens: what small scenarios give, as text under review. A change of the engine that changes one needs a sentence in
 * its commit; `UPDATE_GOLDENS=1` writes them anew.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { simulate } from "../support/simulate.ts";
import { GOLDENS } from "./scenarios.ts";
import { goldenText } from "./summary.ts";

const UPDATE = process.env["UPDATE_GOLDENS"] === "1";

function fileOf(name: string): URL {
  return new URL(`./${name}.txt`, import.meta.url);
}

test.each(GOLDENS)("$name", (golden) => {
  const fast = goldenText(golden, simulate(golden.inputs()).report);
  const stepByStep = { stepByStep: true, requests: true, seriesIntervalUs: 500_000, auditEvery: 50 };
  const steps = goldenText(golden, simulate(golden.inputs(), stepByStep).report);
  expect(steps).toBe(fast);
  const file = fileOf(golden.name);
  if (UPDATE) writeFileSync(file, fast);
  expect(existsSync(file), "no golden yet: run with UPDATE_GOLDENS=1 and review it").toBe(true);
  expect(fast).toBe(readFileSync(file, "utf8"));
});

test("every file belongs to a scenario, and no two scenarios give the same", () => {
  const files = readdirSync(new URL(".", import.meta.url)).filter((name) => name.endsWith(".txt"));
  expect(files.sort()).toEqual(GOLDENS.map(({ name }) => `${name}.txt`).sort());
  const digests = files.map((name) => /digest (\w+)/.exec(readFileSync(fileOf(name.slice(0, -4)), "utf8"))![1]);
  expect(new Set(digests).size).toBe(files.length);
});
