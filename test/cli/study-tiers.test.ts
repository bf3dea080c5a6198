/** `headworks study tiers`: one study, several side by side, and what it refuses. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import type { TierRules, TierStudy } from "../../src/plan/index.ts";
import { recordingTerminal } from "./fixtures.ts";

let folder = "";
let near = "";
let far = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headworks-tiers-"));
  const scenario = (name: string, tier: object): string => {
    const path = join(folder, `${name}.json`);
    const engine = { block_size: 64, num_gpu_blocks: 3000 };
    const base = { name, model: "llama-3.1-8b", gpu: "h100-sxm", cluster: { workers: 2 }, engine };
    writeFileSync(path, JSON.stringify({ ...base, kv: { tiers: [tier] } }));
    return path;
  };
  near = scenario("near", { level: "g2", capacity_bytes: 50e9 });
  far = scenario("far", { level: "g3", capacity_bytes: 500e9, offload: "presence" });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function ran(args: readonly string[]) {
  const terminal = recordingTerminal();
  const code = await runCli(["study", "tiers", ...args], terminal);
  return { code, out: terminal.stdout(), note: terminal.stderr() };
}

const SMALL = ["--set", "traffic.requests=400", "--replications", "2", "--quiet"];

describe("study tiers", () => {
  it("prints a table, what limits, and writes a page with charts", async () => {
    const page = join(folder, "one.html");
    const args = [near, "--trace", "conversation-small", "--sizes", "1,2", ...SMALL];
    const { code, out } = await ran([...args, "--html", page]);
    expect(code).toBe(0);
    expect(out).toMatch(/× 2 +always /);
    expect(out).toContain("of prompt tokens are new: no cache can have them.");
    const html = readFileSync(page, "utf8");
    expect(html.match(/<svg class="chart"/g)).toHaveLength(3);
    expect(html).not.toMatch(/NaN|undefined/);
    const json = JSON.parse((await ran([...args, "--json"])).out) as TierStudy;
    expect(json.schema).toBe("headworks.tier-study.v1");
    expect(json.rows).toHaveLength(7);
  });

  it("compares the rules over several scenarios and traces", async () => {
    const page = join(folder, "rules.html");
    const traces = ["--traces", "conversation-small,bursty-small", "--sizes", "1"];
    const args = [near, far, ...traces, ...SMALL];
    const { code, out } = await ran([...args, "--html", page]);
    expect(code).toBe(0);
    for (const place of ["conversation-small  near", "conversation-small  far", "bursty-small"])
      expect(out).toContain(place);
    expect(out).toContain("On bursty-small no prompt repeats what lies in a tier");
    const html = readFileSync(page, "utf8");
    expect(html.match(/<svg class="chart"/g)).toHaveLength(12);
    expect(html).not.toMatch(/NaN|undefined/);
    const rules = JSON.parse((await ran([...args, "--json"])).out) as TierRules;
    expect(rules.rows.map(({ trace, scenario }) => `${trace} ${scenario}`)).toEqual([
      "conversation-small near",
      "conversation-small far",
      "bursty-small near",
      "bursty-small far",
    ]);
    expect(rules.rows[0]!.fetchedShare).toBeGreaterThan(0);
  });

  it.each([
    [["--sizes", "0,1"], "--sizes"],
    [["--replications", "x"], "--replications"],
    [["--onboard", "sometimes"], "--onboard"],
    [["--traces", "conversation-small,"], "--traces"],
    [["--traces", "bursty-small", "--trace", "bursty-small"], "--traces"],
    [["--traces", "nowhere.jsonl"], "nowhere.jsonl"],
    [["--set", "kv.tiers=[]"], "kv.tiers"],
  ])("refuses %j with its place", async (args, place) => {
    const { code, note } = await ran([near, ...args, "--quiet"]);
    expect(code).toBe(2);
    expect(note).toContain(place);
  });
});
