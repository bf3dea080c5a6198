/** What a scenario may say: the schema, the cards, the policies. The page's panel is made from it. */

import {
  admissionPolicies,
  evictionPolicies,
  offloadPolicies,
  onboardPolicies,
  routerPolicies,
  schedulerPolicies,
  SCORE_SIGNALS,
} from "../../src/policies/index.ts";
import { scenarioJsonSchema } from "../../src/sim/index.ts";
import { SYNTH_RECIPES } from "../../src/trace/index.ts";
import { deck, version } from "./inputs.ts";
import type { Description, SchemaNode } from "./protocol.ts";

export function describe(): Description {
  return {
    schema: scenarioJsonSchema() as SchemaNode,
    models: deck.llms.map(({ id, hf }) => ({ id, name: hf, note: "" })),
    gpus: deck.gpus.map(({ id, name, estimated, peer }) => ({
      id,
      name,
      note: estimated ? `estimated from ${peer}` : "calibrated",
    })),
    routers: routerPolicies.map(({ meta }) => meta),
    schedulers: schedulerPolicies.map(({ meta }) => meta),
    admissions: admissionPolicies.map(({ meta }) => meta),
    evictions: evictionPolicies.map(({ meta }) => meta),
    offloads: offloadPolicies.map(({ meta }) => meta),
    onboards: onboardPolicies.map(({ meta }) => meta),
    signals: SCORE_SIGNALS.map(({ name, description }) => ({ name, description })),
    recipes: SYNTH_RECIPES.map(({ name, summary }) => ({ id: name, name, note: summary })),
    version,
  };
}
