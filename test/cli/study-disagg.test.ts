import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import type { DisaggStudyResult } from "../../src/plan/index.ts";
import type { Report } from "../../src/sim/index.ts";
import { recordingTerminal } from "./fixtures.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headworks-study-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const MACHINE = ["--model", "llama-3.1-8b", "--gpu", "h100-sxm", "--trace", "conversation-small"];
const SMALL = [...MACHINE, "--set", "traffic.requests=60", "--quiet"];

async function ran(args: readonly string[]) {
  const terminal = recordingTerminal();
  const code = await runCli(args, terminal);
  return { code, out: terminal.stdout(), note: terminal.stderr() };
}

describe("study disagg", () => {
  it("prints the answer, the tables and what limits, and writes a page", async () => {
    const page = join(folder, "study.html");
    const networks = ["--networks", "nvlink,ethernet-25", "--html", page];
    const slo = ["--set", "slo.ttft_s=2", "--set", "slo.tpot_s=0.03"];
    const { code, out } = await ran([
      "study",
      "disagg",
      ...SMALL,
      "--workers",
      "3",
      ...slo,
      ...networks,
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^(Splitting|Mixed and split|Whether)/);
    expect(out).toMatch(/ethernet-25 +25 Gb\/s +[12] \+ [12] /);
    expect(out).toMatch(/Over ethernet-25 splitting (wins|loses|changes little)/);
    const html = readFileSync(page, "utf8");
    expect(html).toContain("How to reproduce");
    expect(html.match(/<svg class="chart"/g)).toHaveLength(2);
    expect(html).not.toMatch(/NaN|undefined/);
  });

  it("gives the whole study as JSON", async () => {
    const args = [
      "--workers",
      "2",
      "--set",
      "slo.tpot_s=0.03",
      "--networks",
      "ib-ndr400",
      "--json",
    ];
    const { out } = await ran(["study", "disagg", ...SMALL, ...args]);
    const study = JSON.parse(out) as DisaggStudyResult;
    expect(study.schema).toBe("headworks.study.disagg.v1");
    expect(study.splits).toHaveLength(1);
    expect(study.splits[0]!.transferMsMean).toBeGreaterThan(0);
  });

  it("says what is missing", async () => {
    const bare = await ran(["study", "disagg", "--trace", "conversation-small", "--workers", "4"]);
    expect(bare.code).toBe(2);
    expect(bare.note).toContain("--gpu NAME");
    const slo = await ran(["study", "disagg", ...MACHINE, "--workers", "4"]);
    expect(slo.code).toBe(2);
    expect(slo.note).toContain("--set slo.ttft_s=2");
  });
});

describe("run on a fabric", () => {
  const split = JSON.stringify([
    { name: "prefill", role: "prefill", workers: 1 },
    { name: "decode", role: "decode", workers: 1 },
  ]);
  const pools = ["--set", `cluster.pools=${split}`];

  it("reports the links in words and as JSON", async () => {
    const args = [...SMALL, ...pools, "--set", "cluster.fabric.placement=pools_apart"];
    const words = await ran(["run", ...args]);
    expect(words.code).toBe(0);
    expect(words.out).toMatch(/60 transfers of .* links: waited 0 ms/);
    expect(words.out).toMatch(/node 0 nic 0 out +46.5 /);
    const report = JSON.parse((await ran(["run", ...args, "--json"])).out) as Report;
    expect(report.network!.transfers.finished).toBe(60);
    expect(report.network!.links[0]!.utilization).toBeGreaterThan(0);
  });

  it("refuses a topology that cannot hold the workers, with the place", async () => {
    const nodes = ["--workers", "9", "--set", "cluster.fabric.nodes=1"];
    const { code, note } = await ran(["run", ...SMALL, ...nodes]);
    expect(code).toBe(2);
    expect(note).toContain("cluster.fabric.nodes: 1 nodes of 8 GPUs cannot hold the workers");
    expect(note).toContain("remedy:");
  });
});
