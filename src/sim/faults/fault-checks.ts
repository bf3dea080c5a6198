/** What a scenario's faults must be, before anything is built and once the fabric is laid. */

import { nearestNames } from "../../core/index.ts";
import type { Problem } from "../../core/index.ts";
import type { ClusterNetwork } from "../network/index.ts";
import { encoderEvent, isOfEncoders } from "../encoders/encoder-checks.ts";
import { poolScenarios, poolsOf } from "../pool-scenarios.ts";
import type { Scenario } from "../scenario.ts";
import type { FaultEvent } from "./fault-schema.ts";
import { takesNodes, targetsOf, workersInNodes } from "./fault-targets.ts";
import { weightsPlace } from "./weight-loads.ts";

/** Names of links that an error shows. */
const NAMES_SHOWN = 3;

type FaultKey = Exclude<keyof FaultEvent, "at_s" | "kind">;

/** What each kind of fault heeds. */
const KEYS: Readonly<Record<FaultEvent["kind"], readonly FaultKey[]>> = {
  cold_start: ["pool", "worker", "for_s"],
  crash: ["pool", "worker", "for_s"],
  kill: ["pool", "worker", "for_s"],
  drain: ["pool", "worker", "for_s", "grace_s"],
  node_loss: ["node", "for_s"],
  rack_loss: ["rack", "for_s"],
  slow: ["factor", "pool", "worker", "for_s"],
  link: ["factor", "link", "pool", "worker", "for_s"],
  metrics_blackout: ["for_s"],
  kv_event_loss: ["pool", "worker", "for_s"],
};
/** What it cannot do without. */
const NEEDED: Partial<Record<FaultEvent["kind"], FaultKey>> = {
  node_loss: "node",
  rack_loss: "rack",
  slow: "factor",
  link: "factor",
};

/** The first fault that strikes nobody, lacks what its kind needs, or says what its kind does not heed. */
export function checkFaults(scenario: Scenario): Problem | undefined {
  const { events, rates } = scenario.faults;
  for (const [index, event] of events.entries()) {
    const problem = checkKeys(event) ?? checkEvent(scenario, event);
    if (problem === undefined) continue;
    const place = `faults.events.${String(index)}`;
    return { ...problem, where: `${place}.${problem.where ?? "kind"}` };
  }
  const { weights_from: from } = scenario.faults;
  if (scenario.cluster.fabric === null && from !== "auto" && from !== "rate") {
    return {
      what: `without a fabric there are no links to ${from}`,
      where: "faults.weights_from",
      expected: "cluster.fabric beside it, or rate",
      remedy: "add cluster.fabric: {}, or set weights_from: rate",
    };
  }
  if (rates.transfer_failure === 0 || handsOver(scenario)) return undefined;
  return {
    what: "without prefill and decode workers no transfer between them can fail",
    where: "faults.rates.transfer_failure",
    expected: "0, or pools of both roles in cluster.pools",
    remedy: "leave it out, or give cluster.pools the roles prefill and decode",
  };
}

/** The first fault of a link, node or rack that the fabric does not have, or weights that it has no place for; `undefined`: none. */
export function fabricFaultProblem(scenario: Scenario, net: ClusterNetwork): Problem | undefined {
  const from = scenario.faults.weights_from;
  for (let id = 0; id < net.workers; id++) {
    const place = weightsPlace(scenario.faults, net, id);
    if (place === undefined || net.topology.has(place, id)) continue;
    return {
      what: `worker ${String(id)} has no link to ${from}`,
      where: "faults.weights_from",
      expected: from === "store" ? "cluster.fabric.store beside it" : "a node with it, or auto",
      remedy:
        from === "store" ? "set cluster.fabric.store: object-store" : "set weights_from: auto",
    };
  }
  for (const [index, event] of scenario.faults.events.entries()) {
    const problem = takesNodes(event)
      ? missingNode(scenario, event, net)
      : missingLink(event.link, net);
    if (problem === undefined) continue;
    return { ...problem, where: `faults.events.${String(index)}.${problem.where!}` };
  }
  return undefined;
}

function missingNode(
  scenario: Scenario,
  event: FaultEvent,
  net: ClusterNetwork,
): Problem | undefined {
  if (workersInNodes(scenario, event, net).length > 0) return undefined;
  const where = event.kind === "node_loss" ? "node" : "rack";
  const { topology, workers } = net;
  const taken = new Set<number>();
  for (let id = 0; id < workers; id++) {
    for (const node of topology.nodesOf(id)) {
      taken.add(where === "node" ? node : topology.rackOf(node, scenario.faults.nodes_per_rack));
    }
  }
  const numbers = [...taken].toSorted((a, b) => a - b);
  return {
    what: `no worker has a GPU in ${where} ${String(event[where])}`,
    where,
    expected: `a ${where} of cluster.fabric with workers: ${numbers.length === 1 ? "" : `${String(numbers[0])} to `}${String(numbers.at(-1))}`,
    remedy: "correct the number, or place workers there with cluster.fabric.placement",
  };
}

function missingLink(link: string | undefined, { topology }: ClusterNetwork): Problem | undefined {
  if (link === undefined || topology.named(link).length > 0) return undefined;
  const names = topology.links.map(({ name }) => name);
  const near = nearestNames(link, names).slice(0, NAMES_SHOWN);
  return {
    what: `the fabric has no link ${JSON.stringify(link)}`,
    where: "link",
    expected: `a link, or the words that the names of several begin with, such as ${JSON.stringify(near[0] ?? names[0])}`,
    remedy: `its links are ${names.slice(0, NAMES_SHOWN).join(", ")} and so on; GPUs and NICs of one worker count as one link`,
  };
}

function checkKeys(event: FaultEvent): Problem | undefined {
  const { kind } = event;
  const heeded = KEYS[kind];
  for (const key of Object.keys(event) as (keyof FaultEvent)[]) {
    if (key === "at_s" || key === "kind" || heeded.includes(key)) continue;
    if (event[key] === undefined) continue;
    return {
      what: `${kind} does not heed ${key}`,
      where: key,
      expected: `at_s, kind, ${heeded.join(", ")}`,
      remedy: key === "link" ? "set kind: link" : `remove ${key}, or choose another kind`,
    };
  }
  const needed = NEEDED[kind];
  if (needed === undefined || event[needed] !== undefined) return undefined;
  return {
    what: `${kind} needs ${needed}`,
    where: needed,
    expected: "a number",
    remedy: `add ${needed}`,
  };
}

function checkEvent(scenario: Scenario, event: FaultEvent): Problem | undefined {
  const { kind, pool } = event;
  if (isOfEncoders(scenario, event)) return encoderEvent(scenario, event);
  const names = poolsOf(scenario).map(({ name }) => name);
  if (pool !== undefined && !names.includes(pool)) {
    return {
      what: `there is no pool ${JSON.stringify(pool)}`,
      where: "pool",
      expected: `one of ${names.join(", ")}`,
    };
  }
  if (kind === "slow" && event.factor! <= 0) {
    return { what: "a step cannot take no time", where: "factor", expected: "a number > 0" };
  }
  const misfit = kind === "link" ? checkLink(scenario, event) : undefined;
  if (misfit !== undefined) return misfit;
  if (kind === "metrics_blackout" || event.link !== undefined) return undefined;
  // Who is in a fabric's nodes is known when it is laid.
  if (takesNodes(event) && scenario.cluster.fabric !== null) return undefined;
  return targetsOf(scenario, event).length > 0 ? undefined : strikesNobody(scenario, event);
}

function strikesNobody(scenario: Scenario, event: FaultEvent): Problem {
  const { kind, pool } = event;
  const where = kind === "node_loss" ? "node" : kind === "rack_loss" ? "rack" : "worker";
  const last = poolsOf(scenario).reduce(
    (sum, one) => (pool === undefined || one.name === pool ? sum + one.workers : sum),
    0,
  );
  return {
    what: `a fault strikes ${where} ${String(event[where])}, which does not exist`,
    where,
    expected:
      where === "worker" ? `0 to ${String(last - 1)}` : `a ${where} that has GPUs of the cluster`,
    remedy: "correct the number, or add workers",
  };
}

/** What a fault of links must be; whether the fabric has a link of the name is known when it is laid. */
function checkLink(
  scenario: Scenario,
  { factor, link, worker, pool }: FaultEvent,
): Problem | undefined {
  if (factor! > 1) {
    return {
      what: `a link cannot have ${String(factor)} times its bandwidth left`,
      where: "factor",
      expected: "a share from 0 (cut) to 1",
    };
  }
  const { fabric } = scenario.cluster;
  if (link === undefined) {
    if (fabric !== null || handsOver(scenario) || reachesOut(scenario)) return undefined;
    return {
      what: "nothing moves between these workers that a link could slow",
      where: "kind",
      expected:
        "cluster.fabric, pools of the roles prefill and decode, kv.peer_fetch, or a tier g4",
      remedy: "add one of them, or leave the fault out",
    };
  }
  if (fabric === null) {
    return {
      what: "without a fabric links have no names",
      where: "link",
      expected: "cluster.fabric beside it, or worker: NUMBER",
      remedy: "add cluster.fabric: {}, or name the worker whose transfers suffer",
    };
  }
  if (worker === undefined && pool === undefined) return undefined;
  return {
    what: "a fault strikes both a link by its name and a worker",
    where: "link",
    expected: "one of the two",
    remedy: "make two events of it",
  };
}

/** Whether prompts are computed by other workers than answers. */
function handsOver(scenario: Scenario): boolean {
  return poolsOf(scenario).some(({ role }) => role !== "mixed");
}

/** Whether a tier lies beyond the workers' own machines, or workers fetch from each other. */
function reachesOut(scenario: Scenario): boolean {
  return poolScenarios(scenario).some(
    ({ kv }) => kv.peer_fetch || kv.tiers.some(({ level }) => level === "g4"),
  );
}
