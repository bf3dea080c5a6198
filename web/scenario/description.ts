/** What scenarios may say, as the engine describes it; `null` until it has. */

import { createStore } from "zustand/vanilla";
import { engine } from "../engine/session.ts";
import type { Description } from "../workers/protocol.ts";

export const description = createStore<Description | null>(() => null);

/** Asks the engine, which starts it. */
export async function describeScenarios(): Promise<void> {
  const answer = await engine.ask("describe", null);
  if (answer.ok) description.setState(answer.value, true);
}
