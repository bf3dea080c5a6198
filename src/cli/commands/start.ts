/** `headworks start`: the demonstration that `npm start` runs. */

import type { Result } from "../../core/index.ts";
import { demoScenario, parseScenario } from "../../sim/index.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";
import { wrapped } from "../report-text.ts";
import { runLoaded } from "./run.ts";

const INTRODUCTION =
  "Headworks replays an hour of chat requests (traces/conversation-small, generated) on eight " +
  "simulated workers of two H100 GPUs. Each serves gpt-oss-120b and batches as vLLM does, behind a " +
  "round-robin router.";

const RUN = "npm start -- run --trace conversation-small --model gpt-oss-120b";

const NEXT: readonly (readonly [command: string, what: string])[] = [
  [`${RUN} --gpu h200 --workers 8`, "the same hour on eight single H200"],
  [`${RUN} --gpu b200 --workers 4`, "on four B200"],
  ["npm start -- run --trace YOUR.jsonl --model NAME --gpu NAME --out out/first", "your own"],
  ["npm start -- models list", "models that have a card"],
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
  const lines = NEXT.map(([command, what]) => `  ${style.dim(what)}\n    ${style.accent(command)}`);
  terminal.out(`\n${style.bold("Next:")}\n${lines.join("\n")}\n`);
  return done;
}
