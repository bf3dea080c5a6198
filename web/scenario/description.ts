/** What scenarios may say, as the engine describes it; `null` until it has. */

import { createStore } from "zustand/vanilla";
import { engine } from "../engine/session.ts";
import type { Description } from "../workers/protocol.ts";

export const description = createStore<Description | null>(() => null);

void engine.ask("describe", null).then((answer) => {
  if (answer.ok) description.setState(answer.value, true);
});
