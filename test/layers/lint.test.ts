import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

type Diagnostic = { readonly code: string; readonly message: string; readonly filename: string };

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A planted fault: the rule that must fire, what its message names, the code. */
type Case = readonly [rule: string, named: string, code: string];

const EVERYWHERE: readonly Case[] = [
  ["typescript(no-explicit-any)", "any", "export const x: any = 1;"],
  ["typescript(consistent-type-imports)", "import", `import { T } from "./t.ts"; export let x: T;`],
  ["import(no-default-export)", "named exports", "export default 1;"],
  ["eslint(eqeqeq)", "==", "export const x = (a: number) => a == 1;"],
  ["eslint(no-var)", "var", "export var x = 1;"],
  ["eslint(no-debugger)", "debugger", "debugger;"],
  ["eslint(no-shadow)", "x", "export const x = 1; export const f = (x: number) => x;"],
];

const GLOBALS =
  "Date performance setTimeout setInterval setImmediate queueMicrotask process Buffer globalThis " +
  "window self document Worker fetch WebSocket TextDecoder TextEncoder crypto structuredClone " +
  "URL AbortController Atomics SharedArrayBuffer Intl WeakRef";
const MATHS =
  "random exp log log2 log10 log1p expm1 pow sin cos tan tanh asin acos atan atan2 sinh cosh " +
  "cbrt hypot";
const LOCALE = "localeCompare toLocaleString toLocaleUpperCase";

const PURE_ONLY: readonly Case[] = [
  ["eslint(no-console)", "console", "console.log(1);"],
  ["eslint(no-restricted-imports)", "node:fs", `import "node:fs";`],
  ["eslint(no-restricted-imports)", "fs", `import "fs";`],
  ...each("globals", GLOBALS, (name) => `export const x = ${name};`),
  ...each("properties", MATHS, (name) => `export const x = Math.${name}(1, 2);`),
  ...each("properties", LOCALE, (name) => `export const x = "a".${name}("b");`),
];

function each(kind: string, names: string, code: (name: string) => string): Case[] {
  return names.split(" ").map((name) => [`eslint(no-restricted-${kind})`, name, code(name)]);
}

let folder = "";
let found: readonly Diagnostic[] = [];

/** File names carry the index of their case. */
function plant(zone: string, cases: readonly Case[]): void {
  mkdirSync(join(folder, zone), { recursive: true });
  for (const [index, [, , code]] of cases.entries()) {
    writeFileSync(join(folder, zone, `case-${index}.ts`), `${code}\n`);
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headworks-lint-"));
  mkdirSync(join(folder, "test"));
  copyFileSync(join(root, "test/oxlint.json"), join(folder, "test/oxlint.json"));
  const pure = ["core", "hardware", "trace", "policies", "sim", "plan"];
  for (const zone of pure) plant(`src/${zone}`, CASES);
  plant("src/cli", CASES);
  writeFileSync(join(folder, "src/core/t.ts"), "export type T = number;\n");
  const long = Array.from({ length: 401 }, (_, line) => `export const x${line} = 1;`).join("\n");
  writeFileSync(join(folder, "src/core/long.ts"), `${long}\n`);
  const lines = Array.from({ length: 70 }, () => "  a += 1;").join("\n");
  writeFileSync(
    join(folder, "src/core/long-function.ts"),
    `export function f(): number {\n  let a = 0;\n${lines}\n  return a;\n}\n`,
  );
  found = lint();
});
afterAll(() => rmSync(folder, { recursive: true }));

function lint(): readonly Diagnostic[] {
  const args = [`${root}node_modules/oxlint/bin/oxlint`, "-c", "test/oxlint.json", "-f", "json"];
  try {
    execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  } catch (error) {
    // Exit 1: faults were found, as they should be.
    const { stdout } = error as { readonly stdout: string };
    return (JSON.parse(stdout) as { readonly diagnostics: Diagnostic[] }).diagnostics;
  }
  throw new Error("oxlint found nothing in a tree full of faults");
}

function fires(file: string, rule: string, named: string): boolean {
  return found.some(
    (diagnostic) =>
      diagnostic.filename.replaceAll("\\", "/").endsWith(file) &&
      diagnostic.code === rule &&
      diagnostic.message.includes(named),
  );
}

const CASES = [...PURE_ONLY, ...EVERYWHERE];

function silent(zone: string): readonly Case[] {
  return CASES.filter(([rule, named], index) => !fires(`${zone}/case-${index}.ts`, rule, named));
}

test.each(["core", "hardware", "trace", "policies", "sim", "plan"])(
  "every rule fires in src/%s",
  (zone) => {
    expect(silent(`src/${zone}`)).toEqual([]);
  },
);

test("src/cli may use the host, and keeps the other rules", () => {
  expect(silent("src/cli")).toEqual(PURE_ONLY);
});

test("files and functions have a length", () => {
  expect(fires("src/core/long.ts", "eslint(max-lines)", "")).toBe(true);
  expect(fires("src/core/long-function.ts", "eslint(max-lines-per-function)", "")).toBe(true);
});
