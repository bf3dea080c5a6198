import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const BENCHES: Readonly<Record<string, string>> = {
  fast: 'export const unit = "rows/s", atLeast = 10; const value = 123456;',
  slow: 'export const unit = "s", atMost = 1; const value = 2;',
  wrong: 'export const unit = "s", atMost = 1; const value = NaN;',
  thrown:
    'export const unit = "s", atMost = 1; const value = (() => { throw new Error("lost"); })();',
  boundless: 'export const unit = "s"; const value = 1;',
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headworks-bench-"));
  const bench = join(folder, "test", "bench");
  mkdirSync(bench, { recursive: true });
  copyFileSync(fileURLToPath(new URL("./main.mjs", import.meta.url)), join(bench, "main.mjs"));
  for (const [name, text] of Object.entries(BENCHES)) {
    const run = 'export const run = async () => ({ value, command: "headworks run x" });';
    writeFileSync(
      join(bench, `${name}.bench.mjs`),
      `export const name = "${name}"; ${text} ${run}`,
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function bench(...names: string[]) {
  const main = join(folder, "test", "bench", "main.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...names], {
    encoding: "utf8",
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { status, stderr, lines: lines.map((line) => JSON.parse(line) as unknown) };
}

test("a benchmark within its bound", () => {
  const { status, lines } = bench("fast");
  const command = "headworks run x";
  const line = { name: "fast", value: 123_500, unit: "rows/s", atLeast: 10, ok: true, command };
  expect({ status, lines }).toEqual({ status: 0, lines: [line] });
});

test("all of them, in order, each with a line whatever becomes of it", () => {
  const { status, lines } = bench();
  expect(status).toBe(1);
  expect(lines).toMatchObject([
    { name: "boundless", ok: false, error: "boundless: one of atLeast and atMost is needed" },
    { name: "fast", ok: true },
    { name: "slow", ok: false, value: 2, atMost: 1 },
    { name: "thrown", ok: false, error: "lost" },
    { name: "wrong", ok: false, value: null },
  ]);
});

test("an unknown name", () => {
  const { status, lines, stderr } = bench("fast", "nope");
  expect({ status, lines }).toEqual({ status: 2, lines: [] });
  expect(stderr).toContain("no benchmark nope; there are: boundless, fast, slow, thrown, wrong");
});
