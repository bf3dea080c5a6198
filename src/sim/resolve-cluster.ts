/** From a scenario to what its cluster is made of: the engine of every pool, and the network between them. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { networkOf, siteOf } from "./build-network.ts";
import { resolveEngines } from "./build-pools.ts";
import { resolveEncoders, type EncoderSite } from "./encoders/index.ts";
import { fabricFaultProblem } from "./faults/index.ts";
import type { ClusterNetwork } from "./network/index.ts";
import type { ResolvedEngine } from "./resolve-engine.ts";
import type { SimulationInputs } from "./simulation-inputs.ts";

export type Cluster = {
  readonly engines: readonly ResolvedEngine[];
  /** Undefined: the workers share no links. */
  readonly net: ClusterNetwork | undefined;
  /** Undefined: every worker encodes its own images. */
  readonly encoders: EncoderSite | undefined;
};

/** Places the workers, then resolves their engines. Errors: those of `siteOf` and of `resolveEngines`. */
export function resolveCluster(inputs: SimulationInputs): Result<Cluster> {
  const site = siteOf(inputs.scenario, (inputs.pools?.[0] ?? inputs).hardware?.deck);
  if (!site.ok) return site;
  const engines = resolveEngines(inputs, site.value);
  if (!engines.ok) return engines;
  const net = site.value && networkOf(site.value);
  const problem = net && fabricFaultProblem(inputs.scenario, net);
  if (problem !== undefined) return fail(problem);
  const encoders = resolveEncoders(inputs);
  return encoders.ok ? ok({ engines: engines.value, net, encoders: encoders.value }) : encoders;
}
