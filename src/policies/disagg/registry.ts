/** All policies of conditional disaggregation by name. */

import type { BypassPolicy } from "./bypass.ts";
import { islBounding } from "./isl-bounding.ts";
import { islOrLoad } from "./isl-or-load.ts";
import { prefillLoad } from "./prefill-load.ts";

export const bypassPolicies: readonly BypassPolicy[] = [islBounding, prefillLoad, islOrLoad];
