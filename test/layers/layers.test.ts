import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { checkLayers } from "./check-layers.ts";
import { readSourceGraph } from "./source-graph.ts";

const FOLDERS = ["src", "web"];
const root = fileURLToPath(new URL("../..", import.meta.url));

test("the sources keep to the dependency table", () => {
  const graph = readSourceGraph(root, FOLDERS);
  expect(graph.size).toBeGreaterThan(0);
  expect(checkLayers(root, graph)).toEqual([]);
});

describe("a planted fault is found:", () => {
  let folder = "";
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A small tree without faults, with files replaced or added; `undefined` removes one. */
  function plant(changes: Readonly<Record<string, string | undefined>>): string[] {
    folder = mkdtempSync(join(tmpdir(), "headworks-layers-"));
    for (const [path, text] of Object.entries({ ...SOUND_TREE, ...changes })) {
      if (text === undefined) continue;
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return checkLayers(folder, readSourceGraph(folder, FOLDERS));
  }

  test("none in a sound tree", () => {
    expect(plant({})).toEqual([]);
  });

  const simIndex = "src/sim/index.ts";
  const web = { "web/main.tsx": `import { sim } from "../src/sim/index.ts"; export { sim };\n` };
  const cases: readonly [string, Readonly<Record<string, string | undefined>>, string][] = [
    [
      "a static import upwards",
      { "src/core/a.ts": `import { sim } from "../sim/index.ts"; export const a = sim;` },
      "src/core/a.ts:1: src/core may not import src/sim",
    ],
    [
      "a type import upwards",
      { "src/core/a.ts": `import type { X } from "../sim/index.ts"; export const a: X = 1;` },
      "src/core/a.ts:1: src/core may not import src/sim",
    ],
    [
      "an import() type upwards",
      { "src/core/a.ts": `export const a = 1;\nexport type X = import("../sim/index.ts").X;` },
      "src/core/a.ts:2: src/core may not import src/sim",
    ],
    [
      "a re-export upwards",
      { "src/core/a.ts": `export * from "../sim/index.ts"; export const a = 1;` },
      "src/core/a.ts:1: src/core may not import src/sim",
    ],
    [
      "a dynamic import upwards",
      { "src/core/a.ts": `export const a = () => import("../sim/index.ts");` },
      "src/core/a.ts:1: src/core may not import src/sim",
    ],
    [
      "a dynamic import that is computed",
      { "src/core/a.ts": "export const a = (n: string) => import(`./${n}.ts`);" },
      "src/core/a.ts:1: an import whose target is computed cannot be checked",
    ],
    [
      "sim from live",
      {
        "src/live/index.ts": `export { sim } from "../sim/index.ts";`,
        "src/live/README.md": "",
      },
      "src/live/index.ts:1: src/live may not import src/sim",
    ],
    ["the engine from a view", web, "web/main.tsx:1: web may not import src/sim"],
    [
      "an import of a worker's module instead of its start",
      { "web/main.tsx": `import { go } from "./workers/engine.ts"; go();` },
      "web/main.tsx:1: web may not import web/workers",
    ],
    [
      "a deep import",
      { [simIndex]: `import { a } from "../core/a.ts"; export const sim = a;` },
      "src/sim/index.ts:1: imports src/core/a.ts past src/core/index.ts",
    ],
    [
      "an eager import of a lazy module",
      { "src/cli/main.ts": `import "../core/quantity.ts";\nimport "../sim/index.ts";` },
      "src/cli/main.ts:1: imports src/core/quantity.ts past src/core/index.ts",
    ],
    [
      "a lazy module from a folder that may not have it",
      { [simIndex]: `export const sim = () => import("../core/quantity.ts");` },
      "src/sim/index.ts:1: imports src/core/quantity.ts past src/core/index.ts",
    ],
    [
      "a cycle",
      { "src/core/a.ts": `import { a as b } from "./index.ts"; export const a = () => b;` },
      "cycle: src/core/index.ts → src/core/a.ts → src/core/index.ts",
    ],
    [
      "a dead file",
      { "src/core/dead.ts": "export const dead = 1;" },
      "src/core/dead.ts: dead file, no entry reaches it",
    ],
    [
      "an ambient module that nobody imports",
      { "src/core/x.d.ts": `declare module "x" { export const x: number; }` },
      "src/core/x.d.ts: dead file, no entry reaches it",
    ],
    [
      "a power",
      { "src/core/a.ts": "export const a = 2;\nexport const b = a ** 3;" },
      "src/core/a.ts:2: the ** operator is not the same number in every engine",
    ],
    [
      "a power in an assignment",
      { "src/core/a.ts": "export let a = 2;\na **= 3;" },
      "src/core/a.ts:2: the **= operator is not the same number in every engine",
    ],
    [
      "an inexact function",
      { "src/core/a.ts": "export const a = Math.exp(1);" },
      "src/core/a.ts:1: Math.exp is not the same number in every engine",
    ],
    [
      "an inexact function by name",
      { "src/core/a.ts": `export const a = Math["log"](1);` },
      "src/core/a.ts:1: Math.log is not the same number in every engine",
    ],
    [
      "Math handed on",
      { "src/core/a.ts": "export const { exp: a } = Math;" },
      "src/core/a.ts:1: Math as a value is not the same number in every engine",
    ],
    [
      "a Node module in a pure folder",
      { "src/core/a.ts": `import "node:fs"; export const a = 1;` },
      "src/core/a.ts:1: src/core may not import node:fs",
    ],
    [
      "a Node module without its prefix",
      {
        "src/cli/main.ts": `import "fs"; import "../sim/index.ts"; import("../core/quantity.ts");`,
      },
      "src/cli/main.ts:1: write node:fs",
    ],
    [
      "a package that is not a dependency",
      { [simIndex]: `import "left-pad"; export const sim = 1;` },
      "src/sim/index.ts:1: left-pad is not a dependency in package.json",
    ],
    [
      "a package that is not for this folder",
      { [simIndex]: `import "seedrandom"; export const sim = 1;` },
      "src/sim/index.ts:1: src/sim may not import the package seedrandom",
    ],
    [
      "a package that has an owner",
      { "src/core/a.ts": `import "mathjs"; export const a = 1;` },
      "src/core/a.ts:1: mathjs is loaded by src/core/quantity.ts and src/core/expression.ts and ",
    ],
    [
      "an import of nothing",
      { "src/core/a.ts": `import "./gone.ts"; export const a = 1;` },
      "src/core/a.ts:1: there is no file ./gone.ts",
    ],
    [
      "a hidden reference",
      { "src/core/a.ts": `/// <reference types="node" />\nexport const a = 1;` },
      "src/core/a.ts:1: a triple-slash reference hides a dependency: import it",
    ],
    ["a missing README", { "src/core/README.md": undefined }, "src/core: no README.md"],
    ["a missing index", { [simIndex]: undefined, "src/sim/a.ts": "" }, "src/sim: no index.ts"],
    [
      "a pure folder that compiles with host types",
      { "src/core/tsconfig.json": `{"compilerOptions":{"lib":["es2023"],"types":["node"]}}` },
      `src/core: tsconfig.json must set lib ["es2023"] and types []`,
    ],
    [
      "a folder outside the table",
      { "src/utils/index.ts": "" },
      "src/utils/index.ts: belongs to no folder of the dependency table",
    ],
    ["a source in JavaScript", { "src/core/a.js": "" }, "src/core/a.js: sources are .ts or .tsx"],
    ["a file that does not parse", { "src/core/a.ts": "export const = ;" }, "src/core/a.ts:1: "],
  ];
  test.each(cases)("%s", (_, changes, finding) => {
    expect(plant(changes).filter((line) => line.startsWith(finding))).not.toEqual([]);
  });

  test("a file that was not read", () => {
    plant({});
    const partial = new Map(readSourceGraph(folder, FOLDERS));
    partial.delete("src/core/a.ts");
    expect(checkLayers(folder, partial)).toContain("src/core/a.ts: was not read");
  });

  test("an empty tree", () => {
    folder = mkdtempSync(join(tmpdir(), "headworks-layers-"));
    writeFileSync(join(folder, "package.json"), "{}");
    expect(checkLayers(folder, readSourceGraph(folder, FOLDERS))).toContain(
      "there is no source file",
    );
  });
});

const PURE_CONFIG = `{"compilerOptions":{"lib":["es2023"],"types":[]}}`;

const SOUND_TREE: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ dependencies: { seedrandom: "1", mathjs: "1" } }),
  "src/core/README.md": "",
  "src/core/tsconfig.json": PURE_CONFIG,
  "src/core/index.ts": `export * from "./a.ts";`,
  "src/core/a.ts": [
    `import alea from "seedrandom/lib/alea.js";`,
    `// Math.exp and 2 ** 3 in a comment, "Math.log" in a string`,
    `export const a = Math.sqrt(alea.length) + "Math.log ** 2 import('x')".length;`,
    "",
  ].join("\n"),
  "src/core/alea.d.ts": [
    `declare module "seedrandom/lib/alea.js" {`,
    `  const f: () => void; export default f;`,
    `}`,
  ].join("\n"),
  "src/core/quantity.ts": `import "mathjs"; export const quantity = 1;`,
  "src/sim/README.md": "",
  "src/sim/tsconfig.json": PURE_CONFIG,
  "src/sim/index.ts": [
    `import { a } from "../core/index.ts";`,
    `export const sim = a; export type X = 1;`,
  ].join("\n"),
  "src/cli/README.md": "",
  "src/cli/main.ts": [
    `import "node:fs";`,
    `import { sim } from "../sim/index.ts";`,
    `export const main = async () => [sim, 2 ** 3, await import("../core/quantity.ts")];`,
  ].join("\n"),
  "web/main.tsx": `export const w = new Worker(new URL("./workers/engine.ts", import.meta.url));`,
  "web/workers/engine.ts": `export { sim as go } from "../../src/sim/index.ts";`,
};
