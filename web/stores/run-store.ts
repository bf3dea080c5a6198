/** The results on screen: the present run, the baseline it is compared with, and what is being computed. */

import { createStore } from "zustand/vanilla";
import type {
  Insight,
  Problem,
  Progress,
  ScenarioDocument,
  WindowInsight,
} from "../workers/protocol.ts";

/** A finished run: where its columns lie and the document that made it. */
export type ShownRun = {
  /** Number in the worker; `null`: the stored answer, whose columns no worker has. */
  readonly run: number | null;
  readonly document: ScenarioDocument;
  readonly insight: Insight;
  /** From the change to the answer, ms; `null`: stored. */
  readonly tookMs: number | null;
};

export type RunState = {
  readonly shown: ShownRun;
  readonly baseline: ShownRun | null;
  /** Whether the views overlay the baseline. */
  readonly compares: boolean;
  /** Set while the shown result is older than the scenario. */
  readonly isStale: boolean;
  readonly progress: Progress | null;
  /** Why the scenario as it stands has no result; the shown one is the last that had. */
  readonly problem: Problem | null;
  /** A link or a file that could not be opened; said once, until it is closed. */
  readonly linkProblem: Problem | null;
  /** The parts of the shown and the baseline run within the brushed time; `null`: no brush. */
  readonly windowed: {
    readonly shown: WindowInsight;
    readonly baseline: WindowInsight | null;
  } | null;
};

export type RunStore = ReturnType<typeof createRunStore>;

/** The store begins with an answer: there is always a result on screen. */
export function createRunStore(first: ShownRun) {
  return createStore<RunState>(() => ({
    shown: first,
    baseline: null,
    compares: false,
    isStale: false,
    progress: null,
    problem: null,
    linkProblem: null,
    windowed: null,
  }));
}
