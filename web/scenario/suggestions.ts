/** Names that a text field may take, by what it is called: a model, a GPU, a trace, a recipe. */

import { broughtTraces } from "../engine/session.ts";
import type { CardName, Description } from "../workers/protocol.ts";
import type { Field } from "./fields.ts";

const BUNDLED_TRACE: CardName = {
  id: "conversation-small",
  name: "conversation-small",
  note: "bundled: an hour of conversations, 12,039 requests",
};

export function suggestionsFor(field: Field, known: Description | null): readonly CardName[] {
  if (known === null) return [];
  switch (field.key) {
    case "model":
      return known.models;
    case "gpu":
      return known.gpus;
    case "synth":
      return known.recipes;
    case "trace":
      return [
        BUNDLED_TRACE,
        ...[...broughtTraces.keys()].map((id) => ({ id, name: id, note: "brought to this page" })),
      ];
    default:
      return [];
  }
}
