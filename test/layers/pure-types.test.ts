import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ZONES } from "./rules.ts";

/**
 * `types: []` keeps host types out of a pure folder only until some package's own declarations
 * pull them in: then `process` and `setTimeout` compile again, everywhere. So tsc itself is asked.
 */
const HOST_TYPES = /\/@types\/node\/|\/lib\.(dom|webworker)\b/;

const root = fileURLToPath(new URL("../..", import.meta.url));

function hostFiles(config: string): string[] {
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const args = [tsc, "-p", config, "--listFilesOnly"];
  const listed = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  return listed.split("\n").filter((path) => HOST_TYPES.test(path.replaceAll("\\", "/")));
}

describe("no host types are visible in", () => {
  const pure = ZONES.filter((zone) => zone.pure && existsSync(`${root}${zone.folder}/index.ts`));
  test.each(pure.map((zone) => zone.folder))("%s", (folder) => {
    expect(hostFiles(`${folder}/tsconfig.json`)).toEqual([]);
  });

  test("(and the check finds them in the whole program)", () => {
    expect(hostFiles("tsconfig.json")).not.toEqual([]);
  });
});
