/** The scenario's `router.rules` and the labels of pools that they ask for. */

import { z } from "zod";

const described = <T extends z.ZodType>(type: T, description: string): T =>
  type.meta({ description });
const label = z.string().min(1).max(64);

/** Bits of a 32-bit integer that are not its sign. */
export const LABELS_MOST = 31;

export const poolLabels = described(
  z.array(label).max(LABELS_MOST).default([]),
  "labels of the pool's workers (zone, taint, hardware) that router.rules ask for",
);

export const routingRules = z
  .array(
    z.strictObject({
      tenant: described(
        z.string().min(1).nullable().default(null),
        "the trace's tenant whose requests fall under the rule; null: any",
      ),
      class: described(
        z.string().min(1).nullable().default(null),
        "the trace's class (policy_class) whose requests do; null: any",
      ),
      allowed_workers: described(
        z.array(z.int().nonnegative()).min(1).nullable().default(null),
        "only these workers, by number, one to pin; no list for the workers of a role leaves that role free; null: all",
      ),
      allowed_ranks: described(
        z.array(z.int().nonnegative()).min(1).nullable().default(null),
        "only these attention ranks of the allowed workers, where engine.data_ranks sets them apart; null: all",
      ),
      required_labels: described(
        z.array(label).default([]),
        "labels that a worker must have, all of them",
      ),
      preferred_labels: described(
        z.record(label, z.number().finite()).default({}),
        "labels that are preferred, with weights: dynamo_kv multiplies a worker's cost by exp(-tanh(sum of weights))",
      ),
    }),
  )
  .max(LABELS_MOST)
  .default([])
  .meta({ description: "who may serve whose requests; the first rule that fits counts" });

export type RoutingRuleKeys = z.infer<typeof routingRules>;
