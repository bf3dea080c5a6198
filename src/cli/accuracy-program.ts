/** Flags of `headworks accuracy`. */

import type { Command } from "commander";
import type { Result } from "../core/index.ts";
import { collect } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

/** Adds `accuracy`. */
export function addAccuracyCommand(
  program: Command,
  terminal: Terminal,
  command: string,
  finish: (result: Result<number>) => void,
): void {
  program
    .command("accuracy")
    .description("simulate measured runs and compare: error by group, against targets and rivals")
    .option("--data <DIR>", "folder of measured results; HEADWORKS_DATA's or the bundled one")
    .option("--group <TEXT>", "only groups whose name holds this, or one family")
    .option("--limit <N>", "at most N runs of each group")
    .option("--json", "print the whole comparison as JSON")
    .option("--html <FILE>", "write a page with scatter plots and residuals")
    .option("--gate", "exit 1 when a target with data is missed")
    .option("--cards <PATH>", "your own card file or folder; repeatable", collect)
    .option("--quiet", "no progress on stderr")
    .action(async (flags: object) => {
      const { accuracyCommand } = await import("./commands/accuracy.ts");
      finish(await accuracyCommand(flags, terminal, command));
    });
}
