/** What pools of the roles prefill and decode need of each other and of their engines. */

import type { Problem } from "../../core/index.ts";
import { poolScenarios } from "../pool-scenarios.ts";
import type { Scenario } from "../scenario.ts";
import { bypassOf } from "./bypass-choice.ts";
import { handoverOf } from "./handover.ts";

/** The first broken rule, `undefined` when all hold or all pools are mixed. */
export function checkRoles(scenario: Scenario): Problem | undefined {
  const { pools } = scenario.cluster;
  const first = pools.findIndex(({ role }) => role !== "mixed");
  if (first < 0) return checkMixed(scenario);
  const place = (index: number): string => `cluster.pools.${String(index)}.role`;
  for (const role of ["prefill", "decode"] as const) {
    if (pools.some((pool) => pool.role === role)) continue;
    const other = role === "prefill" ? "decode" : "prefill";
    return {
      what: `a ${other} pool stands without a ${role} pool`,
      where: place(first),
      expected: "pools of both roles, or mixed ones only",
      remedy: `add a pool with role: ${role}`,
    };
  }
  const mixed = pools.findIndex(({ role }) => role === "mixed");
  if (mixed >= 0) {
    return {
      what: "a mixed pool stands beside prefill and decode pools",
      where: place(mixed),
      expected: "mixed pools only, or none",
      remedy:
        "give it one of the other roles; decode workers compute prompts when a hand-off fails",
    };
  }
  const still = poolScenarios(scenario).findIndex(({ engine }) => engine.scheduler === "static");
  if (still >= 0) {
    return {
      what: "static batching cannot hand requests over",
      where: `cluster.pools.${String(still)}.engine.scheduler`,
      expected: "vllm, sglang or tensorrt_llm",
    };
  }
  return (
    checkBlocks(scenario) ??
    checkHandover(scenario) ??
    checkLayerWise(scenario) ??
    checkConditional(scenario)
  );
}

function checkMixed({ disagg }: Scenario): Problem | undefined {
  if (disagg.conditional.policy === null) return undefined;
  return {
    what: "nothing is disaggregated that could be so on a condition",
    where: "disagg.conditional.policy",
    expected: "pools of the roles prefill and decode",
    remedy: "leave disagg.conditional out, or give cluster.pools roles",
  };
}

/** A request is laid out in blocks before its worker is chosen. */
function checkBlocks(scenario: Scenario): Problem | undefined {
  const { pools } = scenario.cluster;
  const sizes = poolScenarios(scenario).map(({ engine }) => engine.block_size);
  for (const [index, { role }] of pools.entries()) {
    const first = sizes[pools.findIndex((pool) => pool.role === role)]!;
    if (sizes[index] === first) continue;
    return {
      what: `${role} pools have blocks of ${String(first)} and of ${String(sizes[index])} tokens`,
      where: `cluster.pools.${String(index)}.engine.block_size`,
      expected: `${String(first)}, as the other ${role} pools`,
    };
  }
  return undefined;
}

function checkConditional(scenario: Scenario): Problem | undefined {
  const bypass = bypassOf(scenario);
  return bypass.ok ? undefined : bypass.problem;
}

function checkHandover({ disagg }: Scenario): Problem | undefined {
  const { dispatch, reserve } = disagg;
  if (dispatch !== "sync" || reserve !== "destination_first") return undefined;
  return {
    what: "the decode worker cannot have memory first when it is chosen last",
    where: "disagg.reserve",
    expected: "source_first under dispatch: sync",
    remedy: "set disagg.dispatch: bootstrap, or leave reserve out",
  };
}

/** Layers can move while they are made only to a worker that has memory for them. */
function checkLayerWise(scenario: Scenario): Problem | undefined {
  const { disagg, cluster } = scenario;
  if (!disagg.layer_wise) return undefined;
  const decode = cluster.pools.findIndex(({ role }) => role === "decode");
  const { scheduler } = poolScenarios(scenario)[decode]!.engine;
  const handover = handoverOf(disagg, scheduler);
  if (handover === "push" || handover === "destination_first") return undefined;
  return {
    what: "nothing can move while the prompt is computed: the decode worker is asked for memory afterwards",
    where: "disagg.layer_wise",
    expected: "dispatch: push, or dispatch: bootstrap with reserve: destination_first",
    remedy: "set disagg.dispatch: push, or disagg.layer_wise: false",
  };
}
