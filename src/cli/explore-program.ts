/** Flags of `headworks explore`. */

import type { Command } from "commander";
import type { Result } from "../core/index.ts";
import type { Terminal } from "./terminal.ts";

export function addExploreCommand(
  program: Command,
  terminal: Terminal,
  finish: (result: Result<number>) => void,
): void {
  program
    .command("explore")
    .description("the what-if explorer: a page with the engine in it, served on this machine alone")
    .argument("[FILE]", "scenario or report to open; the demonstration without one")
    .option("--port <N>", "port on 127.0.0.1; a free one if absent")
    .option("--no-open", "only serve and print the address")
    .action(async (file: string | undefined, flags: object) => {
      const { exploreCommand } = await import("./commands/explore.ts");
      finish(await exploreCommand(file, flags, terminal));
    });
}
