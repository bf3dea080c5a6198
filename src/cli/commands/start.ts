/** `headworks start`: the demonstration that `npm start` runs. */

import type { Result } from "../../core/index.ts";
import { parseScenario } from "../../sim/index.ts";
import { demoScenario } from "../demo.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { wrapped } from "../report-text.ts";
import { runLoaded } from "./run.ts";

const INTRODUCTION =
  "Headworks replays an hour of chat requests (traces/conversation-small, generated) on eight " +
  "simulated GPU workers that batch as vLLM does, behind a round-robin router.";

const NEXT: readonly (readonly [command: string, what: string])[] = [
  ["npm start -- run --trace conversation-small --workers 6", "the same hour on fewer workers"],
  ["npm start -- run --trace YOUR.jsonl --out out/first", "your trace; charts in out/first"],
  ["npm start -- trace inspect YOUR.jsonl", "what is in a trace"],
  ["npm start -- --help", "everything else"],
];

/** Runs the demo and names the next commands; the exit code. */
export async function startCommand(terminal: Terminal): Promise<Result<number>> {
  const style = styleFor(terminal.colour.out);
  const scenario = parseScenario(demoScenario);
  if (!scenario.ok) return scenario;
  terminal.out(`\n${wrapped(INTRODUCTION, terminal.columns).join("\n")}\n`);
  const done = await runLoaded(
    { scenario: scenario.value, folder: ".", traceFolder: "." },
    {},
    terminal,
    "headworks start",
  );
  if (!done.ok) return done;
  const width = Math.max(...NEXT.map(([command]) => command.length));
  const lines = NEXT.map(
    ([command, what]) => `  ${style.accent(command.padEnd(width))}  ${style.dim(what)}`,
  );
  terminal.out(`\n${style.bold("Next:")}\n${lines.join("\n")}\n`);
  return done;
}
