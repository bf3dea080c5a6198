/** All golden scenarios, run where this module is: Node or a page. */

import { GOLDENS } from "../goldens/scenarios.ts";
import { goldenText } from "../goldens/summary.ts";
import { simulate } from "../support/simulate.ts";

/** Names of the goldens and the text of each, the digest included. */
export function goldenTexts(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    GOLDENS.map((golden) => [golden.name, goldenText(golden, simulate(golden.inputs()).report)]),
  );
}
