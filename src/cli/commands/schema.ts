/** `headworks schema`: the JSON Schema of scenario files. */

import { scenarioJsonSchema } from "../../sim/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import type { Terminal } from "../terminal.ts";

export function schemaCommand(terminal: Terminal): number {
  terminal.out(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
  return EXIT_DONE;
}
