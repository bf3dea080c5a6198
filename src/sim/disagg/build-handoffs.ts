/** From a scenario with prefill and decode pools to its hand-offs. */

import { stream } from "../../core/index.ts";
import type { ClusterNetwork } from "../network/index.ts";
import { gpuRanks } from "../pool.ts";
import type { Pool } from "../pool.ts";
import type { Scenario } from "../scenario.ts";
import { conditionalOf } from "./conditional.ts";
import { FabricLinks } from "./fabric-links.ts";
import { Handoffs } from "./handoffs.ts";
import type { HandoffParts, HandoffRules } from "./handoff-parts.ts";
import type { DisaggKnobs } from "./disagg-schema.ts";
import { firstTokenComes } from "./landing-rules.ts";
import { handoverOf } from "./handover.ts";
import { LayoutConversion } from "./layout-conversion.ts";
import { LAYERS_DEFAULT, PrivateLinks } from "./transfer-links.ts";

const US_PER_S = 1e6;
const BYTES_PER_GB_US = 1e3;
/** Of a model with 32 layers of 8 key and value heads of 128 in bf16 (Llama-3.1-8B), where no card says. */
export const KV_BYTES_DEFAULT = 131_072;

/** Keys and values of a token in all ranks of a decode worker, bytes. */
function bytesPerToken(knobs: DisaggKnobs, decode: Pool): number {
  return knobs.kv_bytes_per_token ?? decode.engine.kvBytes?.perToken ?? KV_BYTES_DEFAULT;
}

function rulesOf({ disagg: knobs, faults }: Scenario, decode: Pool): HandoffRules {
  const { scheduler } = decode.engine.knobs;
  return {
    handover: handoverOf(knobs, scheduler),
    firstTokenComes: firstTokenComes(knobs, scheduler),
    isWhole: knobs.transfer === "full_prompt",
    isLayerWise: knobs.layer_wise,
    bytesPerToken: bytesPerToken(knobs, decode),
    bytesPerRequest: decode.engine.kvBytes?.perRequest ?? 0,
    controlUs: knobs.control_us,
    timeoutUs: Math.round(knobs.timeout_s * US_PER_S),
    fallsBack: knobs.fallback === "local",
    transferFailure: faults.rates.transfer_failure,
  };
}

/** The hand-offs of a cluster whose pools are of the roles prefill and decode; undefined: none is. */
export function handoffsOf(
  scenario: Scenario,
  pools: readonly Pool[],
  common: Omit<HandoffParts, "rules" | "links" | "random" | "layouts" | "conditional">,
  net?: ClusterNetwork,
): Handoffs | undefined {
  const decode = pools.find(({ role }) => role === "decode");
  if (decode === undefined) return undefined;
  const { disagg: knobs, seed } = scenario;
  const rules = rulesOf(scenario, decode);
  const conditional = conditionalOf(scenario, common);
  const layouts = new LayoutConversion(knobs.conversion_gb_per_s, common.poolOf);
  const parts = { ...common, layouts, conditional, random: stream(seed, "faults/transfers") };
  const cipherBytesPerUs = (knobs.encryption_bytes_per_s ?? Infinity) / US_PER_S;
  if (net !== undefined) {
    return new Handoffs({ ...parts, rules, links: new FabricLinks(net, pools, cipherBytesPerUs) });
  }
  // Ranks of the smaller side move their shards side by side, each through its own port.
  const lanes = pools.reduce((least, pool) => Math.min(least, gpuRanks(pool)), Infinity);
  const layers = decode.engine.kvBytes?.layers ?? LAYERS_DEFAULT;
  const gbPerS = Math.min(knobs.bandwidth_gb_per_s * lanes, cipherBytesPerUs / BYTES_PER_GB_US);
  const links = new PrivateLinks(gbPerS, knobs.setup_us, layers);
  return new Handoffs({ ...parts, rules, links });
}
