/** `headworks explain`: why a request went where it went, and where it had better gone. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { explainRequest } from "../../plan/index.ts";
import { createSimulation, parseScenario, workerName } from "../../sim/index.ts";
import type { Report, SimulationResult } from "../../sim/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { explanationText } from "../explain-text.ts";
import { wholeFlag } from "../flags.ts";
import { loadInputs } from "../load-inputs.ts";
import { readText } from "../read-file.ts";
import { styleFor } from "../style.ts";
import type { Terminal } from "../terminal.ts";

export type ExplainFlags = {
  readonly request?: string;
  readonly others?: string;
  readonly cards?: readonly string[];
  readonly json?: boolean;
};

/** Explains one request of a report; the exit code. */
export async function explainCommand(
  path: string,
  flags: ExplainFlags,
  terminal: Terminal,
): Promise<Result<number>> {
  const request = wholeFlag(flags.request, "--request");
  if (!request.ok) return request;
  if (request.value === undefined) {
    return fail({ what: "which request?", where: "--request", expected: "a row of requests.csv" });
  }
  const others = wholeFlag(flags.others ?? "7", "--others");
  if (!others.ok) return others;
  const report = readReport(path);
  if (!report.ok) return report;
  const scenario = parseScenario(report.value.scenario);
  if (!scenario.ok) return scenario;
  const loaded = { scenario: scenario.value, folder: ".", traceFolder: "." };
  const row = request.value;
  const run = async (force?: number): Promise<Result<SimulationResult>> => {
    // A generator is read once for each run.
    const ready = await loadInputs(loaded, flags.cards === undefined ? {} : { cards: flags.cards });
    if (!ready.ok) return ready;
    const witness = force === undefined ? { row } : { row, force };
    const simulation = createSimulation(ready.value.inputs, { requests: true, witness });
    if (!simulation.ok) return simulation;
    while (simulation.value.advance(Number.MAX_SAFE_INTEGER));
    return ok(simulation.value.finish(0));
  };
  const explanation = await explainRequest(report.value, row, others.value ?? 0, run);
  if (!explanation.ok) return explanation;
  terminal.out(
    flags.json === true
      ? `${JSON.stringify(explanation.value)}\n`
      : explanationText(
          explanation.value,
          (worker) => workerName(report.value, worker),
          styleFor(terminal.colour.out),
        ),
  );
  return ok(EXIT_DONE);
}

function readReport(path: string): Result<Report> {
  const text = readText(path, "a report written by `headworks run --json` or `--out`");
  if (!text.ok) return text;
  const expected = "a report with a scenario (report.json)";
  try {
    const document = JSON.parse(text.value) as Partial<Report> | null;
    if (document?.schema === "headworks.report.v1" && document.scenario !== undefined) {
      return ok(document as Report);
    }
    return fail({ what: "the file is no report", where: path, expected });
  } catch (error) {
    return fail({
      what: `the file is no JSON (${(error as Error).message})`,
      where: path,
      expected,
    });
  }
}
