import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BandedReport } from "../../src/plan/index.ts";
import type { Report } from "../../src/sim/index.ts";
import { runCli } from "../../src/cli/program.ts";
import { recordingTerminal } from "./fixtures.ts";
import { headworks } from "./spawn.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headworks-program-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const SMALL = ["--trace", "conversation-small", "--set", "traffic.requests=300", "--workers", "2"];

function reportOf(stdout: string): Report {
  return JSON.parse(stdout) as Report;
}

describe("run", () => {
  it("prints the report alone with --json, and the same one each time", async () => {
    const first = await headworks(["run", ...SMALL, "--json"]);
    const second = await headworks(["run", ...SMALL, "--json", "--quiet", "--series", "1s"]);
    expect(first.code).toBe(0);
    expect(first.stderr).toBe("");
    const report = reportOf(first.stdout);
    expect(report.schema).toBe("headworks.report.v1");
    expect(report.requests.offered).toBe(300);
    expect(reportOf(second.stdout).digest).toBe(report.digest);
  });

  it("takes a scenario with units, and the reference mode gives the same digest", async () => {
    const scenario = join(folder, "small.yaml");
    writeFileSync(
      scenario,
      "name: small\ntrace: conversation-small\ncluster: {workers: 3}\n" +
        "traffic: {requests: 200, warmup_s: 30 s}\nslo: {ttft_s: 900 ms}\n",
    );
    const fast = reportOf((await headworks(["run", scenario, "--json"])).stdout);
    const step = reportOf((await headworks(["run", scenario, "--json", "--step-by-step"])).stdout);
    expect(fast.scenario.slo.ttft_s).toBe(0.9);
    expect(fast.scenario.traffic.warmup_s).toBe(30);
    expect(step.digest).toBe(fast.digest);
    expect(step.events).toBeGreaterThan(fast.events);
  });

  it("takes a model, a GPU and a trace, and a card of one's own", async () => {
    const args = ["run", ...SMALL, "--model", "Llama-3.1-8B-Instruct", "--json"];
    const report = reportOf((await headworks([...args, "--gpu", "h100"])).stdout);
    expect(report.scenario).toMatchObject({ model: "Llama-3.1-8B-Instruct", gpu: "h100" });
    expect(report.engine).toMatchObject({ model: "llama-3.1-8b", stepTime: "kernels" });
    expect(report.cost?.totalUsd).toBeGreaterThan(0);
    const card = join(folder, "mine.yaml");
    const bundled = new URL("../../models/gpus/h100-sxm.yaml", import.meta.url);
    const text = readFileSync(bundled, "utf8").replace("gpu: h100-sxm", "gpu: 4090-mine");
    writeFileSync(
      card,
      text.replace('["3.35 TB/s"', '["1 TB/s"').replace("calibration: h100_sxm", "peer: h100-sxm"),
    );
    const own = reportOf(
      (await headworks([...args, "--gpu", "4090-mine", "--cards", card])).stdout,
    );
    expect(own.engine).toMatchObject({ gpu: "4090-mine", calibration: "estimated" });
    expect(own.latency.tpotMs.p50).toBeGreaterThan(2 * (report.latency.tpotMs.p50 ?? Infinity));
    const page = await headworks([...args.slice(0, -1), "--gpu", "h100"]);
    expect(page.stdout).toContain("llama-3.1-8b in bf16 on h100-sxm, 2 workers");
    expect(page.stdout).toContain("step times by kernels (calibrated on h100_sxm)");
    expect(page.stdout).toContain("the card's neocloud price of");
  });

  it("says how sure it is with --band, the same each time, and refuses bands of nothing", async () => {
    const named = ["run", ...SMALL, "--model", "llama-3.1-8b", "--gpu", "h100", "--quiet"];
    const args = [...named, "--band", "4", "--band-level", "50%"];
    const first = (await headworks([...args, "--json"])).stdout;
    const { uncertainty } = JSON.parse(first) as Required<BandedReport>;
    expect(uncertainty).toMatchObject({ samples: 4, failed: 0, level: 0.5 });
    const again = JSON.parse((await headworks([...args, "--json"])).stdout) as BandedReport;
    expect(again.uncertainty).toEqual(uncertainty);
    const page = await headworks([...args, "--out", join(folder, "band")]);
    expect(page.stdout).toContain(
      "50.0 % of 4 draws of the fitted parameters lie between low and high",
    );
    const html = readFileSync(join(folder, "band", "report.html"), "utf8");
    expect(html).toContain("How sure these numbers are");
    expect(html).toContain("<th>latency.ttftMs.p99</th>");
    for (const [flags, words] of [
      [["run", ...SMALL, "--band", "4"], "nothing about this scenario was fitted"],
      [[...named, "--band", "1"], "1 draws make no band"],
      [[...named, "--band", "4", "--band-level", "1"], "holds nothing or everything"],
      [[...named, "--band-level", "0.9"], "a level of confidence, and no band"],
    ] as const) {
      const wrong = await headworks(flags);
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toContain(words);
    }
  });

  it("writes its files, and compare reads them", async () => {
    const out = join(folder, "out");
    const run = await headworks(["run", ...SMALL, "--out", out]);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("2 workers served all 300 requests");
    expect(readdirSync(out)).toHaveLength(5);
    const rows = readFileSync(join(out, "requests.csv"), "utf8").trimEnd().split("\n");
    expect(rows).toHaveLength(301);
    const events = JSON.parse(readFileSync(join(out, "trace.perfetto.json"), "utf8")) as {
      traceEvents: unknown[];
    };
    expect(events.traceEvents.length).toBeGreaterThan(300);
    const report = join(out, "report.json");
    const same = await headworks(["compare", report, report, "--fail-above", "ttftMs.p99=0%"]);
    expect(same.code).toBe(0);
    expect(same.stdout).toContain("Same digest");
  });

  it("exits 1 when a gate or the required attainment fails", async () => {
    const args = ["run", ...SMALL, "--json", "--set", "slo.ttft_s=0.001"];
    const missed = await headworks([...args, "--require-attainment", "99%"]);
    expect(missed.code).toBe(1);
    expect(missed.stderr).toContain("SLO missed");
    const base = join(folder, "base.json");
    const slow = join(folder, "slow.json");
    writeFileSync(base, missed.stdout);
    const one = await headworks(["run", ...SMALL, "--json", "--workers", "1"]);
    writeFileSync(slow, one.stdout);
    const gate = await headworks([
      "compare",
      base,
      slow,
      "--json",
      "--fail-above",
      "ttftMs.mean=1%",
    ]);
    expect(gate.code).toBe(1);
    expect(JSON.parse(gate.stdout)).toMatchObject({ passed: false });
  });

  it("keeps what was done at Ctrl-C", async () => {
    const long = ["--set", "traffic.source.synth=azure-week", "--workers", "200", "--quiet"];
    const run = await headworks(["run", ...long, "--json"], { interruptMs: 2500 });
    expect(run.code).toBe(130);
    const report = reportOf(run.stdout);
    expect(report.stopped).toContain("interrupted");
    expect(report.requests.completed).toBeGreaterThan(0);
  });
});

describe("trace", () => {
  it("makes, converts and inspects", async () => {
    const made = join(folder, "made.jsonl.gz");
    const converted = join(folder, "made.csv");
    const synth = ["trace", "synth", "mooncake-conversation", "--rows", "500", "--out", made];
    expect((await headworks(synth)).code).toBe(0);
    const convert = await headworks([
      "trace",
      "convert",
      made,
      "--out",
      converted,
      "--limit",
      "100",
    ]);
    expect(convert.code).toBe(0);
    expect(convert.stderr).toContain("csv cannot hold block ids");
    const inspected = await headworks(["trace", "inspect", converted, "--json"]);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ rows: 100 });
    const text = await headworks(["trace", "inspect", made]);
    expect(text.stdout).toContain("largest hit rate");
  });

  it("sorts rows whose time goes backwards, and says so", async () => {
    const path = join(folder, "unsorted.csv");
    const row = (second: number): string => `2023-11-16 18:15:${String(second)}.0000000,374,44\n`;
    writeFileSync(path, `TIMESTAMP,ContextTokens,GeneratedTokens\n${row(20)}${row(10)}${row(30)}`);
    const run = await headworks(["run", "--trace", path, "--json"]);
    expect(run.code).toBe(0);
    expect(reportOf(run.stdout).requests.completed).toBe(3);
    const inspected = await headworks(["trace", "inspect", path]);
    expect(inspected.stdout).toMatch(/import: .*(sort|order)/);
  });

  it("lists what there is", async () => {
    const list = await headworks(["trace", "list", "--json"]);
    expect(JSON.parse(list.stdout)).toMatchObject({
      bundled: ["agentic-small", "bursty-small", "conversation-small"],
    });
  });
});

describe("the rest", () => {
  it("prints the schema, the version and the help", async () => {
    const schema = await headworks(["schema"]);
    expect(JSON.parse(schema.stdout)).toMatchObject({ type: "object" });
    expect((await headworks(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await headworks(["--help"])).stdout).toContain("run [options] [SCENARIO]");
  });

  it("shows the demonstration and what to do next", async () => {
    const start = await headworks(["start"]);
    expect(start.code).toBe(0);
    expect(start.stdout).toContain("8 workers held the SLO");
    expect(start.stdout).toContain("Next:");
  });

  it("shows a defect as one line, and its stack only when asked", async () => {
    const broken = {
      ...recordingTerminal(),
      out: () => {
        throw new RangeError("a made-up defect\nwith a second line");
      },
    };
    expect(await runCli(["schema"], broken)).toBe(3);
    const stderr = broken.stderr();
    expect(stderr).toContain("internal error: RangeError: a made-up defect\n");
    expect(stderr).not.toContain("second line");
    expect(stderr).not.toContain("program.test.ts");
  });
});

describe("memory", () => {
  it("takes the model as an argument or as a flag, never two", async () => {
    const rest = ["--gpu", "h100", "--tp", "4"];
    const flag = await headworks(["memory", "--model", "llama-3.1-70b", ...rest]);
    expect(flag.code).toBe(0);
    expect(flag.stdout).toContain("fits:");
    expect((await headworks(["memory", "llama-3.1-70b", ...rest])).stdout).toBe(flag.stdout);
    const none = await headworks(["memory", ...rest]);
    expect([none.code, none.stderr.split("\n")[0]]).toEqual([2, "error: --model: no model"]);
    const two = await headworks(["memory", "qwen3-8b", "--model", "yi-34b", ...rest]);
    expect(two.stderr).toContain("two models, qwen3-8b and yi-34b");
  });
});
