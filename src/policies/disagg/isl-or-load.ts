/** Either reason is enough: little to compute, or a busy prefill worker. */

import { BYPASS_NO } from "./bypass.ts";
import type { BypassPolicy } from "./bypass.ts";
import { ISL_KNOBS, islBound } from "./isl-bounding.ts";
import { LOAD_KNOBS, loadBound } from "./prefill-load.ts";

export const islOrLoad: BypassPolicy = {
  meta: {
    name: "isl_or_load",
    title: "Bypass for short remainders or busy prefill workers",
    source: "NVIDIA Dynamo's conditional disaggregation",
    wins: "conversations with bursts",
    loses: "where either of its rules does",
    knobs: [...ISL_KNOBS, ...LOAD_KNOBS],
  },
  create(knobs) {
    const isl = islBound(knobs);
    const load = loadBound(knobs);
    return {
      decide(view) {
        const reason = isl.decide(view);
        return reason === BYPASS_NO ? load.decide(view) : reason;
      },
    };
  },
};
