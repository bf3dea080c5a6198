/** Flags of `headworks calibrate`. */

import type { Command } from "commander";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import type { StepRun } from "./commands/calibrate-steps.ts";
import type { CommandOutput } from "./commands/memory.ts";
import { collect } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

type CalibrateFlags = {
  readonly data?: string;
  readonly system?: readonly string[];
  readonly steps?: string;
  readonly benchmarks?: string;
  readonly engineVersion?: string;
  readonly model?: string;
  readonly gpu?: string;
  readonly engine: string;
  readonly run?: readonly string[];
  readonly floors?: boolean;
  readonly out?: string;
  readonly source?: string;
  readonly cards?: readonly string[];
  readonly json?: boolean;
};

const COLUMNS_HELP = `
Columns of --steps, one forward pass a row: ctx_reqs, ctx_tokens, ctx_kv_tokens (requests in prefill, their
new tokens, their tokens in the cache), dec_reqs, dec_kv_tokens, latency_ms; optional: run_id, n.
Columns of --benchmarks, one run a row: input_tokens, output_tokens; concurrency (closed loop) or rate_per_s
(open loop, Poisson; inf: all at once); medians that the client saw, ttft_ms, tpot_ms or both. Optional: tp, pp,
ep, dp, requests; range_ratio (lengths uniform from that share of the longest, which input_tokens and output_tokens
then are) or input_stddev, output_stddev (normal lengths). Names as vllm bench serve writes them do too.
Both fit scales of one engine on one GPU, check them on rows left out, and compare with the shipped ones.
What --out writes is used with --cards: headworks run … --cards DIR/vllm.json`;

/** Adds `calibrate`. */
export function addCalibrateCommand(
  program: Command,
  terminal: Terminal,
  finish: (result: Result<number>) => void,
): void {
  program
    .command("calibrate")
    .description(
      "fit step-time parameters to kernel tables, or an engine to your own measured steps or benchmarks",
    )
    .option("--data <DIR>", "folder of kernel tables (gemm_SYSTEM_FORMAT.csv and others)")
    .option("--system <NAME>", "only this system of the tables; repeatable", collect)
    .option("--source <TEXT>", "where the tables come from, for the files")
    .option("--steps <FILE>", "measured steps: CSV of forward-pass metrics (columns below)")
    .option("--benchmarks <FILE>", "benchmark results: CSV, one run a row (columns below)")
    .option("--model <NAME>", "model that was measured")
    .option("--gpu <NAME>", "GPU that it ran on")
    .option("--engine <NAME>", "engine that ran it", "vllm")
    .option("--engine-version <VERSION>", "version of the engine, for --benchmarks")
    .option("--run <ID:tp=N,…>", "a run_id of the steps and its layout; repeatable", collect)
    .option("--floors", "fit the host floors too, besides one scale a regime")
    .option("--out <DIR>", "write the parameter files there; nothing is written without")
    .option("--cards <PATH>", "your own card file or folder; repeatable", collect)
    .option("--json", "print JSON")
    .addHelpText("after", COLUMNS_HELP)
    .action(async (flags: CalibrateFlags) => {
      const output = await calibrate(flags, terminal);
      if (output.ok) terminal.out(output.value.text);
      finish(output.ok ? ok(output.value.exitCode) : output);
    });
}

async function calibrate(
  flags: CalibrateFlags,
  terminal: Terminal,
): Promise<Result<CommandOutput>> {
  const date = new Date().toISOString().slice(0, 10);
  const { data, steps, benchmarks, engineVersion, system, run, floors, engine, ...rest } = flags;
  const sources = [data, steps, benchmarks].filter((source) => source !== undefined);
  if (data !== undefined && sources.length === 1) {
    const { runCalibrate } = await import("./commands/calibrate.ts");
    return runCalibrate({
      ...rest,
      data,
      date,
      ...(system === undefined ? {} : { systems: system }),
      progress: (what) => {
        terminal.note(`${what}\n`);
      },
    });
  }
  const { model, gpu } = rest;
  const unclear = fail({
    what:
      sources.length > 1
        ? "calibrate takes one kind of measurement at a time"
        : "calibrate needs kernel tables, measured steps or benchmark results",
    expected: "either --data DIR, or --steps FILE or --benchmarks FILE with --model and --gpu",
  });
  if (sources.length !== 1) return unclear;
  if (model === undefined || gpu === undefined) {
    const missing = model === undefined ? "--model" : "--gpu";
    return fail({
      what: `nothing says of which ${missing.slice(2)} the measurements are`,
      where: missing,
      expected: `the name of the ${model === undefined ? "model" : "GPU"}'s card`,
      remedy: `add for example ${missing} ${model === undefined ? "llama-3.1-8b" : "h100"}`,
    });
  }
  if (benchmarks !== undefined) {
    const { runCalibrateBenchmarks } = await import("./commands/calibrate-benchmarks.ts");
    const progress = (what: string): void => {
      terminal.note(`${what}\n`);
    };
    const version = engineVersion === undefined ? {} : { engineVersion };
    const subject = { benchmarks, model, gpu, engine, ...version };
    return runCalibrateBenchmarks({ ...rest, ...subject, date, progress });
  }
  if (steps === undefined) return unclear;
  const runs = runsOf(run ?? [":"]);
  if (!runs.ok) return runs;
  const { runCalibrateSteps } = await import("./commands/calibrate-steps.ts");
  const fitFloors = floors === undefined ? {} : { floors };
  return runCalibrateSteps({
    ...rest,
    ...fitFloors,
    steps,
    model,
    gpu,
    engine,
    date,
    runs: runs.value,
  });
}

const RANKS = ["tp", "pp", "ep", "dp", "cp"];

/** "14:tp=4,ep=4" → run and layout. */
function runsOf(texts: readonly string[]): Result<StepRun[]> {
  const runs: StepRun[] = [];
  for (const text of texts) {
    const colon = text.lastIndexOf(":");
    const parts = text
      .slice(colon + 1)
      .split(",")
      .filter((part) => part !== "");
    const layout: Record<string, number> = {};
    for (const part of parts) {
      const [key = "", value = ""] = part.split("=");
      if (colon < 0 || !RANKS.includes(key) || !/^[1-9]\d*$/.test(value)) {
        const expected = `RUN:KEY=N,…, keys ${RANKS.join(", ")}, as in 14:tp=4`;
        return fail({ what: `${JSON.stringify(text)} is no run`, where: "--run", expected });
      }
      layout[key] = Number(value);
    }
    runs.push({ run: text.slice(0, Math.max(0, colon)), layout });
  }
  return ok(runs);
}
