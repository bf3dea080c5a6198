/** A pool: workers that are all alike, of one role. */

import type { PassMeter } from "./pass-meter.ts";
import type { PrefixForest } from "./prefix-forest.ts";
import type { ResolvedEngine } from "./resolve-engine.ts";
import type { PoolRole, Scenario } from "./scenario.ts";
import type { Worker } from "./worker.ts";

export type Pool = {
  readonly index: number;
  readonly name: string;
  readonly role: PoolRole;
  /** The scenario as it is for this pool's workers. */
  readonly scenario: Scenario;
  readonly engine: ResolvedEngine;
  /** Prefixes of the trace in blocks of this engine's size. */
  readonly forest: PrefixForest;
  /** Undefined: nothing is known of the power of its GPUs. */
  readonly meter: PassMeter | undefined;
  readonly workers: readonly Worker[];
};
