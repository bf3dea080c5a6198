/** A scoring expression of the scenario as a router, as the command line makes it. */

import { ok } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import { SCORE_SIGNALS, ScoreRouter } from "../../src/policies/index.ts";
import type { Scenario, SimulationInputs } from "../../src/sim/index.ts";

type RouterMaker = NonNullable<SimulationInputs["router"]>;

/** Undefined: the scenario has no expression. Errors: what the compiler says. */
export async function scoreRouter(scenario: Scenario): Promise<Result<RouterMaker | undefined>> {
  const { score, on_error: onError } = scenario.router;
  if (score === null) return ok(undefined);
  const { compileExpression } = await import("../../src/core/expression.ts");
  const names = SCORE_SIGNALS.map(({ name }) => name);
  const compiled = compileExpression(score, names, "router.score");
  if (!compiled.ok) return compiled;
  return ok(() => ok(new ScoreRouter(compiled.value, onError)));
}
