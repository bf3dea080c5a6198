/** The scenario's `slo` section. */

import { z } from "zod";

/** Share of the requests that must meet the SLO for it to be held (assumption: the usual two nines). */
const HELD_SHARE = 0.99;
/** Most classes with an SLO of their own: each has sketches, and books by worker (assumption: services have a handful). */
const CLASSES_MOST = 32;

const described = <T extends z.ZodType>(type: T, description: string): T =>
  type.meta({ description });
const seconds = (description: string): z.ZodNumber =>
  z.number().nonnegative().finite().meta({ description, unit: "s" });
const share = z.number().min(0).max(1);

const ttft = seconds("time to first token");
const tpot = seconds("time per output token after the first");
const e2e = seconds("arrival to last token");
const attainment = "share of the requests that must meet their targets for the SLO to be held";

/** A target of a class: the plain one where it says nothing, none with null. */
function ofClass(target: z.ZodNumber): z.ZodOptional<z.ZodNullable<z.ZodNumber>> {
  const { description = "", unit } = target.meta() ?? {};
  return target
    .nullable()
    .optional()
    .meta({ description: `${description}; when absent, as outside of classes; null: none`, unit });
}

const sloClass = z.strictObject({
  name: described(z.string().min(1).max(64), "what the class is called, its own among them"),
  class: described(
    z.string().min(1).nullable().default(null),
    "the trace's class (policy_class, slo_class) whose requests belong here; null: any",
  ),
  tenant: described(
    z.string().min(1).nullable().default(null),
    "the trace's tenant whose requests do; null: any",
  ),
  priority_min: described(
    z.int().nullable().default(null),
    "least priority of requests that do; null: any",
  ),
  input_tokens_min: z
    .int()
    .nonnegative()
    .nullable()
    .default(null)
    .meta({ description: "fewest prompt tokens of requests that do; null: any", unit: "tokens" }),
  ttft_s: ofClass(ttft),
  tpot_s: ofClass(tpot),
  e2e_s: ofClass(e2e),
  attainment: described(share.optional(), `${attainment}; when absent, as outside of classes`),
});

export const sloKeys = z.strictObject({
  ttft_s: ttft.optional(),
  tpot_s: tpot.optional(),
  e2e_s: e2e.optional(),
  attainment: described(share.default(HELD_SHARE), attainment),
  classes: described(
    z.array(sloClass).max(CLASSES_MOST).default([]),
    "classes with targets of their own, the first that fits counts: goodput, early rejection and the headworks router " +
      "take each request by its own, and the report tells them apart",
  ),
});

export type SloKeys = z.output<typeof sloKeys>;
export type SloClassKeys = SloKeys["classes"][number];
