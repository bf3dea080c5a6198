/** Flags of `headworks study` and `headworks explain`. */

import type { Command } from "commander";
import type { Result } from "../core/index.ts";
import { collect } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

/** Adds `study` with its subcommands, and `explain`. */
export function addStudyCommands(
  program: Command,
  terminal: Terminal,
  command: string,
  finish: (result: Result<number>) => void,
): void {
  const study = program
    .command("study")
    .description("one question, many runs: a table, a chart, and what limits");
  common(study.command("routers"))
    .description("rank all routers by goodput over load and staleness, with paired intervals")
    .argument("[SCENARIO]", "scenario file (YAML or JSON) with an SLO")
    .option("--policies <A,B,…>", "only these; all by default")
    .option("--policy <FILE>", "module with a router of your own, ranked beside them")
    .option("--against <NAME>", "policy that all are compared with, pair by pair (round_robin)")
    .option("--loads <X,Y,…>", "multiples of the scenario's load (0.8,1,1.2)")
    .option("--staleness <X,Y,…>", "ages of KV events and scrapes, s (0.005)")
    .option("--replications <N>", "runs of each case on traffic of the same kind (3)")
    .action(async (file: string | undefined, flags: object) => {
      const { studyRoutersCommand } = await import("./commands/study-routers.ts");
      finish(await studyRoutersCommand(file, flags, terminal, command));
    });
  addExplain(program, terminal, finish);
  addDisagg(study, terminal, command, finish);
  addTiers(study, terminal, command, finish);
}

function addDisagg(
  study: Command,
  terminal: Terminal,
  command: string,
  finish: (result: Result<number>) => void,
): void {
  common(study.command("disagg"))
    .description("mixed workers against prefill and decode workers, over ratio and network speed")
    .argument("[SCENARIO]", "scenario file (YAML or JSON) with model, GPU, workers and an SLO")
    .option(
      "--networks <A,B,…>",
      "nvlink or link cards (nvlink,ib-ndr400,ethernet-100,ethernet-25)",
    )
    .action(async (file: string | undefined, flags: object) => {
      const { studyDisaggCommand } = await import("./commands/study-disagg.ts");
      finish(await studyDisaggCommand(file, flags, terminal, command));
    });
}

function addExplain(
  program: Command,
  terminal: Terminal,
  finish: (result: Result<number>) => void,
): void {
  program
    .command("explain")
    .description("why a request went where it went, what it waited for, what had been better")
    .argument("<REPORT>", "report.json of the run")
    .requiredOption("--request <ROW>", "row of the trace, as in requests.csv")
    .option("--others <N>", "other workers tried in hindsight, best scores first (7)")
    .option("--cards <PATH>", "your own card file or folder; repeatable", collect)
    .option("--json", "print the explanation as JSON")
    .action(async (report: string, flags: object) => {
      const { explainCommand } = await import("./commands/explain.ts");
      finish(await explainCommand(report, flags, terminal));
    });
}

function addTiers(
  study: Command,
  terminal: Terminal,
  command: string,
  finish: (result: Result<number>) => void,
): void {
  common(study.command("tiers"))
    .description("hit rate and goodput over the size of KV tiers, fetching and computing again")
    .argument("[SCENARIO...]", "scenario files (YAML or JSON) with kv.tiers; several: side by side")
    .option("--traces <A,B,…>", "each of these traces; the onboard policies are compared over all")
    .option("--sizes <X,Y,…>", "multiples of the tiers' sizes (0.25,0.5,1,2,4)")
    .option("--onboard <A,B,…>", "onboard policies (predicted,always,never)")
    .option("--replications <N>", "other traffic of the same kind, for the intervals (3)")
    .action(async (files: readonly string[], flags: object) => {
      const { studyTiersCommand } = await import("./commands/study-tiers.ts");
      finish(await studyTiersCommand(files, flags, terminal, command));
    });
}

/** Flags of every study. */
function common(command: Command): Command {
  return command
    .option("--trace <FILE>", "trace to replay")
    .option("--model <NAME>", "model card")
    .option("--gpu <NAME>", "GPU card")
    .option("--cards <PATH>", "your own card file or folder; repeatable", collect)
    .option("--workers <N>", "number of workers")
    .option(
      "--set <PATH=VALUE>",
      "override one key, in lists too (kv.tiers.g3.promote=false); repeatable",
      collect,
    )
    .option("--seed <N>", "master seed")
    .option("--json", "print the study as JSON")
    .option("--html <FILE>", "write a page with charts")
    .option("--quiet", "no progress on stderr");
}
