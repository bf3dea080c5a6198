/** Flags of `headworks trace …`. */

import type { Command } from "commander";
import type { Result } from "../core/index.ts";
import { collect } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

type Finish = (result: Result<number>) => void;

/** Adds `trace inspect | convert | synth | fetch | list`. */
export function addTraceCommands(program: Command, terminal: Terminal, finish: Finish): void {
  const trace = program.command("trace").description("inspect, convert, generate, fetch traces");
  withImportFlags(
    trace
      .command("inspect")
      .description("what is in a trace: rate, burstiness, lengths, prefix sharing, quality")
      .argument("<FILE>", "trace file, or the name of a bundled trace"),
  )
    .option("--json", "print the statistics as JSON")
    .action(async (file: string, flags: object) => {
      const { inspectCommand } = await import("./commands/trace-inspect.ts");
      finish(inspectCommand(file, flags, terminal));
    });
  withImportFlags(
    trace
      .command("convert")
      .description("rewrite a trace in another format")
      .argument("<FILE>", "trace file, or the name of a bundled trace"),
  )
    .requiredOption("--out <FILE>", "where to write; .gz compresses")
    .option(
      "--to <FORMAT>",
      "mooncake, agentic_mooncake, csv or columns; from the ending of --out if absent",
    )
    .option("--from <TIME>", "keep arrivals from this time on (10min), from the first arrival")
    .option("--until <TIME>", "keep arrivals before this time")
    .option("--limit <N>", "keep at most this many rows")
    .option("--spread-ticks", "spread arrivals evenly at random within the clock's tick")
    .option("--seed <N>", "seed of --spread-ticks", "1")
    .option("--force", "replace an existing file")
    .action(async (file: string, flags: { out: string }) => {
      const { convertCommand } = await import("./commands/trace-convert.ts");
      finish(convertCommand(file, flags, terminal));
    });
  addSynth(trace, terminal, finish);
  trace
    .command("fetch")
    .description("download a public trace and check its hash; `trace list` names them")
    .argument("<NAME>", "name in the registry")
    .option("--dir <DIR>", "folder to put it in", ".")
    .option("--quiet", "no progress on stderr")
    .action(async (name: string, flags: { dir: string; quiet?: boolean }) => {
      const { fetchCommand } = await import("./commands/trace-fetch.ts");
      finish(await fetchCommand(name, flags, terminal));
    });
  trace
    .command("list")
    .description("bundled traces, recipes, and public traces that can be fetched")
    .option("--json", "print the list as JSON")
    .action(async (flags: { json?: boolean }) => {
      const { listCommand } = await import("./commands/trace-list.ts");
      finish(listCommand(flags, terminal));
    });
}

function addSynth(trace: Command, terminal: Terminal, finish: Finish): void {
  trace
    .command("synth")
    .description("generate a trace from a recipe; `trace list` names them")
    .argument("<RECIPE>", "name of the recipe")
    .requiredOption("--out <FILE>", "where to write; .gz compresses")
    .option(
      "--to <FORMAT>",
      "mooncake, agentic_mooncake, csv or columns; from the ending of --out if absent",
    )
    .option("--seed <N>", "seed of all random streams", "1")
    .option("--rows <N>", "number of requests")
    .option("--duration <TIME>", "length of the trace (1h)")
    .option("--rate-scale <X>", "multiply the recipe's rate")
    .option(
      "--parameter <KEY=VALUE>",
      "rate_per_s, input_mean, input_p50, output_mean, output_p50 of poisson-lognormal; repeatable",
      collect,
    )
    .option("--force", "replace an existing file")
    .action(async (recipe: string, flags: { out: string; seed: string }) => {
      const { synthCommand } = await import("./commands/trace-synth.ts");
      finish(synthCommand(recipe, flags, terminal));
    });
}

function withImportFlags(command: Command): Command {
  return command
    .option("--format <NAME>", "format of the file; found from its first lines if absent")
    .option("--block-size <N>", "tokens per block of hash_ids (512)")
    .option("--column <ROLE=NAME>", "column of a generic CSV or JSONL file; repeatable", collect)
    .option("--time-unit <UNIT>", "unit of a generic file's times: s, ms, us, ns or iso")
    .option("--max-bad-rows <N>", "bad rows to skip and count; 0 by default");
}
