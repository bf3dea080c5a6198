/** Flags → commands. Every command is loaded when it is called, so that a cold start stays short. */

import { Command, CommanderError } from "commander";
import { fail, problemText } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { addAccuracyCommand } from "./accuracy-program.ts";
import { addCalibrateCommand } from "./calibrate-program.ts";
import { addCardCommands } from "./cards-program.ts";
import { addExploreCommand } from "./explore-program.ts";
import { EXIT_DEFECT, EXIT_DONE, EXIT_INPUT } from "./exit-codes.ts";
import { collect } from "./flags.ts";
import { packageVersion } from "./package-root.ts";
import { styleFor } from "./style.ts";
import { addStudyCommands } from "./study-program.ts";
import type { Terminal } from "./terminal.ts";
import { addTraceCommands } from "./trace-program.ts";

const POLICY_REMEDY = "mend the policy, or set router.on_error: fallback";

/** Runs one command line; never throws. The exit code. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let code = EXIT_DONE;
  const finish = (result: Result<number>): void => {
    code = result.ok ? result.value : showProblem(result, terminal);
  };
  try {
    await buildProgram(terminal, commandText(args), finish).parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof Error && error.name === "PolicyError") {
      return showProblem(
        fail({ what: error.message, where: "router", remedy: POLICY_REMEDY }),
        terminal,
      );
    }
    // Commander has printed its help or its complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_INPUT;
    return showDefect(error, terminal);
  }
}

function showProblem(result: Result<number> & { ok: false }, terminal: Terminal): number {
  const style = styleFor(terminal.colour.note);
  terminal.note(`${style.bad("error:")} ${problemText(result.problem)}\n`);
  return EXIT_INPUT;
}

function showDefect(error: unknown, terminal: Terminal): number {
  const name = error instanceof Error ? error.name : "Error";
  const message = error instanceof Error ? error.message : String(error);
  const line = (message.split("\n")[0] ?? "").slice(0, 500);
  terminal.note(
    `internal error: ${name}: ${line}\n` +
      "  This is a defect of Headworks. Report it with the command line, the scenario and the " +
      "trace's name;\n  HEADWORKS_DEBUG=1 prints where it happened.\n",
  );
  if (process.env["HEADWORKS_DEBUG"] === "1" && error instanceof Error) {
    terminal.note(`${error.stack ?? ""}\n`);
  }
  return EXIT_DEFECT;
}

/** The command line as a shell would take it back. */
function commandText(args: readonly string[]): string {
  const quoted = args.map((arg) =>
    /^[\w./:=@%+,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`,
  );
  return ["headworks", ...quoted].join(" ");
}

type Finish = (result: Result<number>) => void;

function buildProgram(terminal: Terminal, command: string, finish: Finish): Command {
  const program = new Command("headworks")
    .description("Simulator and capacity planner for LLM inference clusters.")
    .version(packageVersion(), "-V, --version")
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.note })
    .showHelpAfterError("Run `headworks --help` for the commands.");
  addRun(program, terminal, command, finish);
  addCompare(program, terminal, finish);
  addTraceCommands(program, terminal, finish);
  addCardCommands(program, terminal, finish);
  addAccuracyCommand(program, terminal, command, finish);
  addCalibrateCommand(program, terminal, finish);
  addExploreCommand(program, terminal, finish);
  addStudyCommands(program, terminal, command, finish);
  program
    .command("schema")
    .description("print the JSON Schema of scenario files")
    .action(async () => {
      const { schemaCommand } = await import("./commands/schema.ts");
      finish({ ok: true, value: schemaCommand(terminal) });
    });
  program
    .command("policies")
    .description("routers, schedulers and step-time models: when each wins, when it loses, knobs")
    .argument("[NAME]", "one of them in full; score: signals of router.score; new: write one")
    .argument("[OWN]", "with new: the name of the policy to start")
    .option("--json", "print JSON")
    .action(async (name?: string, own?: string, flags: { json?: boolean } = {}) => {
      if (name === "new" && own !== undefined) {
        const { newPolicyCommand } = await import("./commands/policies-new.ts");
        finish(newPolicyCommand(own, terminal));
        return;
      }
      const { policiesCommand } = await import("./commands/policies.ts");
      finish(policiesCommand(name, flags, terminal));
    });
  program
    .command("start")
    .description("the demonstration: the bundled trace on eight workers")
    .action(async () => {
      const { startCommand } = await import("./commands/start.ts");
      finish(await startCommand(terminal));
    });
  return program;
}

function addRun(program: Command, terminal: Terminal, command: string, finish: Finish): void {
  program
    .command("run")
    .description("replay a trace on a simulated cluster and report what happened")
    .argument("[SCENARIO]", "scenario file (YAML or JSON); the defaults without one")
    .option("--trace <FILE>", "trace to replay (a file, or the name of a bundled trace)")
    .option("--model <NAME>", "model card (model); `headworks models list` names them")
    .option("--gpu <NAME>", "GPU card (gpu), for example h100-sxm")
    .option("--cards <PATH>", "your own card file or folder; repeatable", collect)
    .option("--workers <N>", "number of workers (cluster.workers)")
    .option("--policy <FILE>", "module with a router of your own; `headworks policies new NAME`")
    .option(
      "--set <PATH=VALUE>",
      "override one key, in lists too (kv.tiers.g3.promote=false); repeatable",
      collect,
    )
    .option("--seed <N>", "master seed of all random streams")
    .option("--json", "print the report as JSON and nothing else")
    .option("--out <DIR>", "write report.json, report.html, requests.csv, series.csv, trace")
    .option("--step-by-step", "reference mode: every forward pass is an event (slow, same digest)")
    .option(
      "--series <TIME>",
      "interval of series.csv: load, KV tiers, links, workers up (10s); chosen from the span if absent",
    )
    .option("--no-requests", "keep no per-request columns (less memory; no requests.csv)")
    .option("--max-bad-rows <N>", "bad rows of the trace to skip and count; 0 by default")
    .option("--max-slices <N>", "most steps recorded for trace.perfetto.json; 0 for none")
    .option("--band <N>", "also run N draws of the uncertain parameters: confidence bands")
    .option("--band-level <SHARE>", "share of the draws inside a band; 90% by default")
    .option("--require-attainment <SHARE>", "exit 1 when fewer requests meet the SLO (99%)")
    .option("--quiet", "no progress and no words on stderr")
    .action(async (file: string | undefined, flags: object) => {
      const { runCommand } = await import("./commands/run.ts");
      finish(await runCommand(file, flags, terminal, command));
    });
}

function addCompare(program: Command, terminal: Terminal, finish: Finish): void {
  program
    .command("compare")
    .description("what differs between two reports: scenario, metrics, gates")
    .argument("<A>", "report of the baseline (report.json)")
    .argument("<B>", "report of the change")
    .option("--json", "print the comparison as JSON")
    .option("--all", "also list metrics that did not change")
    .option(
      "--fail-above <METRIC=LIMIT>",
      "exit 1 when METRIC gets worse by more than LIMIT (ttftMs.p99=5%); repeatable",
      collect,
    )
    .action(async (a: string, b: string, flags: object) => {
      const { compareCommand } = await import("./commands/compare.ts");
      finish(compareCommand(a, b, flags, terminal));
    });
}
