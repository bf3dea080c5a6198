import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { parseQuantity } from "../../src/core/quantity.ts";
import { runCli } from "../../src/cli/program.ts";
import { parseScenario } from "../../src/sim/index.ts";
import { recordingTerminal } from "./fixtures.ts";

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const readme = readFileSync(path("README.md"), "utf8");

it("shows a scenario that is valid", () => {
  const block = /```yaml\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const scenario = parseScenario(parse(block), parseQuantity);
  expect(scenario).toMatchObject({
    ok: true,
    value: { cluster: { workers: 8 }, traffic: { warmup_s: 120, end_s: 3600 } },
  });
});

it("names every dependency, and none that is not there", () => {
  const { dependencies } = JSON.parse(readFileSync(path("package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const table = /## Dependencies\n([^]*?)\n## /.exec(readme)?.[1] ?? "";
  const named = [...table.matchAll(/^\| ([^|]+?) \|/gm)]
    .flatMap((row) => (row[1] ?? "").split(", "))
    .flatMap((name) => {
      const group = /^(.*)\{(.*)\}$/.exec(name);
      return group === null
        ? [name]
        : (group[2] ?? "").split(",").map((one) => `${group[1] ?? ""}${one}`);
    })
    .filter((name) => name !== "package" && !name.startsWith("---"));
  expect(named.toSorted()).toEqual(Object.keys(dependencies).toSorted());
});

it("uses flags and commands that exist", async () => {
  const joined = readme.replaceAll(/ \\\n +/g, " ");
  const lines = [...joined.matchAll(/^ {4}headworks (.+?)(?: {2,}#.*)?$/gm)].map(
    (one) => one[1] ?? "",
  );
  expect(lines.length).toBeGreaterThan(8);
  for (const line of lines) {
    const words = line.split(" ");
    const isNested = words[0] === "trace" || words[0] === "study";
    const command = isNested ? words.slice(0, 2) : words.slice(0, 1);
    const terminal = recordingTerminal();
    expect(await runCli([...command, "--help"], terminal)).toBe(0);
    for (const flag of line.matchAll(/ (--[a-z-]+)/g)) expect(terminal.stdout()).toContain(flag[1]);
  }
});
