/** What encoder workers must be beside the rest of a scenario. */

import type { Problem } from "../../core/index.ts";
import type { FaultEvent } from "../faults/fault-schema.ts";
import type { Scenario } from "../scenario.ts";
import { ENCODERS } from "./encoder-schema.ts";

/** The first rule that `cluster.encoders` breaks; `undefined`: none, or there are none. */
export function checkEncoders({ cluster, traffic, engine }: Scenario): Problem | undefined {
  const { encoders, pools } = cluster;
  if (encoders === null) return undefined;
  if (traffic.images === null) {
    return {
      what: "there are encoder workers, and no request brings an image",
      where: "cluster.encoders",
      expected: "traffic.images beside it",
      remedy: "add traffic.images: {}, or remove cluster.encoders",
    };
  }
  if (engine.step_time !== null && engine.step_time.type !== "kernels") {
    return {
      what: `step times of type ${engine.step_time.type} do not say how long an image takes`,
      where: "cluster.encoders",
      expected: "engine.step_time.type: kernels, or no step_time",
    };
  }
  const index = pools.findIndex(({ name }) => name === ENCODERS);
  if (index < 0) return undefined;
  return {
    what: `a pool has the name of the encoder workers, ${ENCODERS}`,
    where: `cluster.pools.${String(index)}.name`,
    expected: "another name",
  };
}

/** Whether a fault is of encoder workers. */
export function isOfEncoders({ cluster }: Scenario, { pool }: FaultEvent): boolean {
  return cluster.encoders !== null && pool === ENCODERS;
}

const KINDS: readonly FaultEvent["kind"][] = ["crash", "kill"];

/** What is wrong with a fault of encoder workers; `undefined`: nothing. */
export function encoderEvent(scenario: Scenario, event: FaultEvent): Problem | undefined {
  const { encoders } = scenario.cluster;
  if (!KINDS.includes(event.kind)) {
    return {
      what: `encoder workers know no ${event.kind}`,
      where: "kind",
      expected: KINDS.join(" or "),
      remedy: "choose one of them, or name another pool",
    };
  }
  if ((event.worker ?? 0) < encoders!.workers) return undefined;
  return {
    what: `a fault strikes encoder worker ${String(event.worker)}, which does not exist`,
    where: "worker",
    expected: `0 to ${String(encoders!.workers - 1)}`,
    remedy: "correct the number, or add encoder workers",
  };
}
