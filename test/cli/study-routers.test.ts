/** `headworks study routers`: the ranking, the paired comparison, and a router of the user's own among the policies. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import type { RouterStudy } from "../../src/plan/index.ts";
import { recordingTerminal } from "./fixtures.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headworks-routers-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const STUDY = ["study", "routers", "--trace", "conversation-small", "--workers", "3", "--quiet"];
const SMALL = [
  ...STUDY,
  "--set",
  "traffic.requests=150",
  "--set",
  "slo.ttft_s=5",
  "--loads",
  "1",
  "--replications",
  "2",
];

async function ran(args: readonly string[]) {
  const terminal = recordingTerminal();
  const code = await runCli(args, terminal);
  return { code, out: terminal.stdout(), note: terminal.stderr() };
}

const studied = async (args: readonly string[]): Promise<RouterStudy> =>
  JSON.parse((await ran([...args, "--json"])).out) as RouterStudy;

describe("study routers", () => {
  it("prints hit rate and p99 TTFT with intervals, and less those of round robin, as text and as a page", async () => {
    const html = join(folder, "routers.html");
    const args = [...SMALL, "--policies", "dynamo_kv,round_robin", "--html", html];
    const { code, out } = await ran(args);
    expect(code).toBe(0);
    expect(out).toMatch(/dynamo_kv .* % ± .* % /);
    expect(out).toContain("less those of round_robin on the same traffic, 95 % intervals");
    expect(readFileSync(html, "utf8")).toContain("less those of round_robin");
    const { cells } = await studied(args);
    const rowOf = (name: string) => cells[0]!.rows.find(({ policy }) => policy === name)!;
    const row = rowOf("dynamo_kv");
    const lead = row.hitRate!.mean - rowOf("round_robin").hitRate!.mean;
    expect(row.against!.hitRate!.mean).toBeCloseTo(lead, 12);
    expect(row.against!.ttftMsP99.half).not.toBeNull();
  });

  it("ranks a module and an expression of the user's own beside the policies, which stay what they are", async () => {
    const file = join(folder, "mine.mjs");
    const meta = '{ name: "mine", title: "Mine", source: "", wins: "", loses: "", knobs: [] }';
    writeFileSync(
      file,
      `export const policy = { meta: ${meta}, create: () => ({ decide: (view) => view.leastOutstanding() }) };`,
    );
    const policies = ["--policies", "round_robin,least_loaded"];
    const byName = async (more: readonly string[]): Promise<Map<string, number>> => {
      const { cells } = await studied([...SMALL, ...policies, ...more]);
      return new Map(cells[0]!.rows.map((row) => [row.policy, row.ttftMsP99.mean]));
    };
    const plain = await byName([]);
    const module = await byName(["--policy", file]);
    expect(module.get("mine")).toBe(plain.get("least_loaded"));
    const score = await byName(["--set", "router.score=0 - requests"]);
    expect(score.get("score")).toBeGreaterThan(plain.get("round_robin")!);
    for (const own of [module, score]) {
      expect(own.size).toBe(3);
      for (const [policy, ttft] of plain) expect(own.get(policy)).toBe(ttft);
    }
  });

  it("names what is wrong with its flags, and asks for targets", async () => {
    const wrong = await ran([...SMALL, "--policies", "round_robbin"]);
    expect([wrong.code, wrong.note.includes("round_robbin")]).toEqual([2, true]);
    const other = await ran([...SMALL, "--policies", "random", "--against", "round_robin"]);
    expect([other.code, other.note.includes("--against")]).toEqual([2, true]);
    const aimless = await ran([...STUDY, "--policies", "random"]);
    expect([aimless.code, aimless.note.includes("no goodput to rank by")]).toEqual([2, true]);
  });
});
