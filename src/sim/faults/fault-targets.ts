/** Which workers a fault of the scenario strikes. */

import type { Problem } from "../../core/index.ts";
import { poolScenarios, poolsOf } from "../pool-scenarios.ts";
import type { Scenario } from "../scenario.ts";
import { ranksOf } from "../worker-knobs.ts";
import type { FaultEvent } from "./fault-schema.ts";

/** GPUs of the cluster in order: each pool's workers, one behind the other. */
type Place = { readonly name: string; readonly workers: number; readonly gpus: number };

function placesOf(scenario: Scenario): readonly Place[] {
  const scenarios = poolScenarios(scenario);
  return poolsOf(scenario).map(({ name, workers }, i) => {
    const own = scenarios[i]!;
    return { name, workers, gpus: own.cluster.gpus_per_worker ?? ranksOf(own) };
  });
}

/** A worker by its pool's place among the scenario's pools and its number in it. */
export type FaultTarget = { readonly pool: number; readonly row: number };

/** The workers that an event strikes, in order; none for an event of no worker. */
export function targetsOf(scenario: Scenario, event: FaultEvent): readonly FaultTarget[] {
  if (event.kind === "metrics_blackout" || event.link !== undefined) return [];
  const places = placesOf(scenario);
  const all = places.flatMap(({ workers }, pool) =>
    Array.from({ length: workers }, (_, row) => ({ pool, row })),
  );
  if (event.kind === "node_loss" || event.kind === "rack_loss") {
    const { gpus_per_node: perNode, nodes_per_rack: perRack } = scenario.faults;
    const size = event.kind === "node_loss" ? perNode : perNode * perRack;
    const first = size * (event.node ?? event.rack ?? 0);
    let gpu = 0;
    return all.filter(({ pool }) => {
      const start = gpu;
      gpu += places[pool]!.gpus;
      return start < first + size && gpu > first;
    });
  }
  const pool = places.findIndex(({ name }) => name === event.pool);
  const group = event.pool === undefined ? all : all.filter((one) => one.pool === pool);
  return event.worker === undefined ? group : group.slice(event.worker, event.worker + 1);
}

/** The first fault that strikes nobody or lacks what its kind needs. */
export function checkFaults(scenario: Scenario): Problem | undefined {
  for (const [index, event] of scenario.faults.events.entries()) {
    const problem = checkEvent(scenario, event);
    if (problem === undefined) continue;
    const place = `faults.events.${String(index)}`;
    return { ...problem, where: `${place}.${problem.where ?? "kind"}` };
  }
  return undefined;
}

function checkEvent(scenario: Scenario, event: FaultEvent): Problem | undefined {
  const { kind, pool } = event;
  const names = poolsOf(scenario).map(({ name }) => name);
  if (pool !== undefined && !names.includes(pool)) {
    return {
      what: `there is no pool ${JSON.stringify(pool)}`,
      where: "pool",
      expected: `one of ${names.join(", ")}`,
    };
  }
  const needed = { node_loss: "node", rack_loss: "rack", slow: "factor", link: "factor" } as const;
  if (kind in needed) {
    const key = needed[kind as keyof typeof needed];
    if (event[key] === undefined) {
      return {
        what: `${kind} needs ${key}`,
        where: key,
        expected: `a number`,
        remedy: `add ${key}`,
      };
    }
  }
  if (kind === "slow" && event.factor! <= 0) {
    return { what: "a step cannot take no time", where: "factor", expected: "a number > 0" };
  }
  const misfit = checkLink(scenario, event);
  if (misfit !== undefined) return misfit;
  if (kind === "metrics_blackout" || event.link !== undefined) return undefined;
  if (targetsOf(scenario, event).length > 0) return undefined;
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
  { cluster }: Scenario,
  { kind, factor, link, worker, pool }: FaultEvent,
): Problem | undefined {
  if (kind === "link" && factor! > 1) {
    return {
      what: `a link cannot have ${String(factor)} times its bandwidth left`,
      where: "factor",
      expected: "a share from 0 (cut) to 1",
    };
  }
  if (link === undefined) return undefined;
  if (kind !== "link") {
    return { what: `${kind} strikes no link`, where: "link", remedy: "set kind: link" };
  }
  if (cluster.fabric === null) {
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
