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

/** Adds `calibrate`. */
export function addCalibrateCommand(
  program: Command,
  terminal: Terminal,
  finish: (result: Result<number>) => void,
): void {
  program
    .command("calibrate")
    .description("fit step-time parameters to kernel tables, or an engine to measured steps")
    .option("--data <DIR>", "folder of kernel tables (gemm_SYSTEM_FORMAT.csv and others)")
    .option("--system <NAME>", "only this system of the tables; repeatable", collect)
    .option("--source <TEXT>", "where the tables come from, for the files")
    .option("--steps <FILE>", "measured steps: CSV of forward-pass metrics")
    .option("--model <NAME>", "model that the steps ran")
    .option("--gpu <NAME>", "GPU that the steps ran on")
    .option("--engine <NAME>", "engine that ran the steps", "vllm")
    .option("--run <ID:tp=N,…>", "a run_id of the steps and its layout; repeatable", collect)
    .option("--floors", "fit the host floors too, besides one scale a regime")
    .option("--out <DIR>", "write the parameter files there; nothing is written without")
    .option("--cards <PATH>", "your own card file or folder; repeatable", collect)
    .option("--json", "print JSON")
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
  const { data, steps, system, run, floors, engine, ...rest } = flags;
  if (data !== undefined && steps === undefined) {
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
  if (data !== undefined || steps === undefined || model === undefined || gpu === undefined) {
    return fail({
      what: "calibrate needs kernel tables or measured steps",
      expected: "either --data DIR, or --steps FILE with --model and --gpu",
    });
  }
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
