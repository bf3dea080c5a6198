/**
 * Which workers serve a LoRA adapter: as many as the scenario says, the first of a rendezvous ranking that are up and that the
 * request may go to. While they stay up an adapter's requests stay with them, and no other worker has to load it.
 *
 * Source: Dynamo's LoRA filter (lib/llm/src/lora/filter.rs and routing/hrw.rs, 2026). Theirs sizes each adapter's replica set
 * by its load and hashes with blake3; here the size is the scenario's and the hash our own.
 */

import { rendezvousRanking, workerBits } from "../policies/index.ts";
import type { RouterRequest, WorkerFacts } from "../policies/index.ts";
import { adapterDraws } from "./adapters.ts";
import type { RowDraws } from "./row-draws.ts";
import type { SimulationInputs } from "./simulation-inputs.ts";

export class AdapterPlaces {
  private readonly draws: RowDraws;
  private readonly replicas: number;
  private readonly facts: readonly WorkerFacts[];
  private readonly up: Uint8Array;
  /** By adapter and the labels that are required: its workers, as long as nobody's health changes. */
  private readonly known = new Map<number, Map<number, Uint32Array>>();

  constructor(draws: RowDraws, replicas: number, facts: readonly WorkerFacts[]) {
    this.draws = draws;
    this.replicas = replicas;
    this.facts = facts;
    this.up = new Uint8Array(facts.length).fill(1);
  }

  /** Narrows a request to the workers of its row's adapter, unless the row itself has asked for workers. */
  apply(request: RouterRequest, row: number): void {
    if (request.pinned >= 0 || request.allowed !== undefined) return;
    const adapter = this.draws.at(row);
    if (adapter > 0) request.allowed = this.workersOf(adapter, request.requiredLabels);
  }

  setHealth(place: number, isUp: boolean): void {
    this.up[place] = isUp ? 1 : 0;
    this.known.clear();
  }

  private workersOf(adapter: number, required: number): Uint32Array {
    let byLabels = this.known.get(adapter);
    if (byLabels === undefined) {
      byLabels = new Map();
      this.known.set(adapter, byLabels);
    }
    let bits = byLabels.get(required);
    if (bits === undefined) {
      const chosen = rendezvousRanking(adapter, this.facts.length)
        .filter((place) => this.up[place] === 1)
        .filter((place) => (this.facts[place]!.labels & required) === required)
        .slice(0, this.replicas);
      bits = workerBits(chosen, this.facts.length);
      byLabels.set(required, bits);
    }
    return bits;
  }
}

/** The adapters' places behind a desk; undefined: every worker serves all. */
export function adapterPlaces(
  { scenario, trace }: SimulationInputs,
  facts: readonly WorkerFacts[],
): AdapterPlaces | undefined {
  const { adapter_replicas: replicas } = scenario.router;
  const draws = replicas === null ? undefined : adapterDraws(scenario, trace);
  return draws && new AdapterPlaces(draws, replicas!, facts);
}
