/** Router processes that tell each other everything at once decide as one. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { randomRuns } from "../support/random-scenario.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns, waitsAtRouter } from "./law-runs.ts";

test(
  "any number of synchronised router processes give the digest of one",
  () => {
    let differ = 0;
    fc.assert(
      fc.property(randomRuns, fc.constantFrom(2, 3, 5), (run, replicas) => {
        const { scenario } = run;
        const digest = (count: number, sync: number | null): string => {
          const router = {
            ...scenario.router,
            // Losses are each process's own, and so is what it counts of running answers.
            kv_event_loss: 0,
            // A queue's head that only some workers may serve holds back its own process alone.
            rules: waitsAtRouter(scenario.router.queue) ? [] : scenario.router.rules,
            // So are the places in its queue.
            queue: {
              ...scenario.router.queue,
              request_limit_per_worker: null,
              token_limit_per_worker: null,
              cached_token_limit_per_worker: null,
              // And whose turn it is there.
              fair_by: "none" as const,
              classes: [],
            },
            knobs: { ...scenario.router.knobs },
            replicas: count,
            replica_sync_s: sync,
          };
          if (router.policy === "dynamo_kv") router.knobs["track_output_blocks"] = 0;
          return simulate({ ...run, scenario: { ...scenario, router } }).report.digest;
        };
        const one = digest(1, 0);
        expect(digest(replicas, 0)).toBe(one);
        if (digest(replicas, null) !== one) differ++;
      }),
      lawRuns(150),
    );
    // Without a word between them they do differ.
    expect(differ).toBeGreaterThan(15);
  },
  LAW_TIMEOUT_MS,
);
