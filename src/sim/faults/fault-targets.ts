/** Which workers a fault of the scenario strikes. */

import type { ClusterNetwork } from "../network/index.ts";
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

/** Whether an event takes a node or a rack, with whoever is there. */
export function takesNodes({ kind }: Pick<FaultEvent, "kind">): boolean {
  return kind === "node_loss" || kind === "rack_loss";
}

/**
 * The workers that an event strikes, in order; none for an event of no worker. Without a fabric workers fill nodes in order;
 * who is in a fabric's nodes is `workersInNodes`.
 */
export function targetsOf(scenario: Scenario, event: FaultEvent): readonly FaultTarget[] {
  if (event.kind === "metrics_blackout" || event.link !== undefined) return [];
  const places = placesOf(scenario);
  const all = places.flatMap(({ workers }, pool) =>
    Array.from({ length: workers }, (_, row) => ({ pool, row })),
  );
  if (takesNodes(event)) {
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

/** Numbers of the workers that have a GPU in the node or rack of an event, where a fabric has placed them. */
export function workersInNodes(
  { faults }: Scenario,
  { kind, node, rack }: FaultEvent,
  { topology, workers }: ClusterNetwork,
): readonly number[] {
  const isHit = (at: number): boolean =>
    kind === "node_loss" ? at === node : topology.rackOf(at, faults.nodes_per_rack) === rack;
  return Array.from({ length: workers }, (_, id) => id).filter((id) =>
    topology.nodesOf(id).some(isHit),
  );
}
