/** Routers of the user's own: expressions and modules, right and wrong, through the command line. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Report } from "../../src/sim/index.ts";
import { headworks } from "./spawn.ts";

const RUN = ["run", "--trace", "conversation-small", "--workers", "3", "--quiet", "--json"];

function module(decide: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "policy-")), "policy.mjs");
  const meta = '{ name: "mine", title: "Mine", source: "", wins: "", loses: "", knobs: [] }';
  writeFileSync(
    file,
    `export const policy = { meta: ${meta}, create: () => ({ decide(view) { ${decide} } }) };`,
  );
  return file;
}

const digest = (text: string): string => (JSON.parse(text) as { digest: string }).digest;

test("an expression and a module that take the fewest requests are the policy that does", async () => {
  const policy = await headworks([...RUN, "--set", "router.policy=least_loaded"]);
  const own = module(
    "let best = 0; for (let w = 1; w < view.workers; w++)" +
      " if (view.outstanding[w] < view.outstanding[best]) best = w; return best;",
  );
  const bySelf = await headworks([...RUN, "--policy", own]);
  expect(digest(bySelf.stdout)).toBe(digest(policy.stdout));
  const score = await headworks([...RUN, "--set", "router.score=requests"]);
  expect(score.code).toBe(0);
});

test.each([
  ["throw new Error('oops')", "policy mine threw oops"],
  ["return 17", "policy mine chose worker 17, which is no candidate"],
  ["return '1'", "policy mine chose worker 1, which is no candidate"],
  ["return undefined", "chose worker undefined"],
])("a module that does %s stops the run, or falls back", async (body, words) => {
  const file = module(body);
  const stopped = await headworks([...RUN, "--policy", file]);
  expect(stopped.code).toBe(2);
  expect(stopped.stderr).toContain(words);
  expect(stopped.stderr).toContain("router.on_error: fallback");
  const fallback = await headworks([...RUN, "--policy", file, "--set", "router.on_error=fallback"]);
  expect(fallback.code).toBe(0);
  const { ownRouter, requests, warnings } = JSON.parse(fallback.stdout) as Report;
  expect(ownRouter!.fallbacks).toBe(requests.offered);
  expect(warnings.join()).toContain(`failed at ${requests.offered} decisions`);
  expect(warnings.join()).toContain(`first: ${words}`.replace("first: chose", "chose"));
});

test("a division by zero is named with what was read, or falls back", async () => {
  const set = ["--set", "router.score=1/requests"];
  const stopped = await headworks([...RUN, ...set]);
  expect(stopped.code).toBe(2);
  expect(stopped.stderr).toContain("is Infinity, with requests 0: a division by zero?");
  const fallback = await headworks([...RUN, ...set, "--set", "router.on_error=fallback"]);
  expect(fallback.code).toBe(0);
  const { ownRouter, warnings } = JSON.parse(fallback.stdout) as Report;
  expect(ownRouter!.fallbacks).toBeGreaterThan(0);
  expect(warnings.join()).toContain("first: the score of worker");
});

test("a TypeScript module runs, its own imports included, whatever this Node does with types", async () => {
  const folder = mkdtempSync(join(tmpdir(), "policy-"));
  writeFileSync(
    join(folder, "fewest.ts"),
    "export const fewest = (view: { leastOutstanding(): number }): number => view.leastOutstanding();",
  );
  const contract = JSON.stringify(join(import.meta.dirname, "../../src/policies/index.ts"));
  const meta = '{ name: "mine", title: "Mine", source: "", wins: "", loses: "", knobs: [] }';
  const file = join(folder, "policy.ts");
  writeFileSync(
    file,
    `import type { RouterPolicy } from ${contract};\n` +
      'import { fewest } from "./fewest.ts";\n' +
      `export const policy: RouterPolicy = { meta: ${meta}, create: () => ({ decide: (view) => fewest(view) }) };`,
  );
  const own = await headworks([...RUN, "--policy", file]);
  const named = await headworks([...RUN, "--set", "router.policy=least_loaded"]);
  expect(own.stderr).toBe("");
  expect(digest(own.stdout)).toBe(digest(named.stdout));
  const { ownRouter } = JSON.parse(own.stdout) as Report;
  expect(ownRouter).toEqual({ fallbacks: 0 });
  expect((JSON.parse(named.stdout) as Report).ownRouter).toBeNull();
  writeFileSync(file, "export const policy: = 1;");
  const broken = await headworks([...RUN, "--policy", file]);
  expect([broken.code, broken.stderr.includes("does not load")]).toEqual([2, true]);
});

test("a file that is no policy, and one that is not there", async () => {
  const empty = join(mkdtempSync(join(tmpdir(), "policy-")), "empty.mjs");
  writeFileSync(empty, "export const other = 1;");
  const none = await headworks([...RUN, "--policy", empty]);
  expect([none.code, none.stderr.includes("exports no policy")]).toEqual([2, true]);
  const missing = await headworks([...RUN, "--policy", "/no/such.mjs"]);
  expect([missing.code, missing.stderr.includes("does not load")]).toEqual([2, true]);
});
