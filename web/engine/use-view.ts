/** Views of the shown run and of the baseline that the worker computes when a screen asks for them. */

import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { viewStore } from "../stores/view-store.ts";
import type { Brush } from "../stores/view-store.ts";
import type { ViewAnswers } from "../workers/protocol.ts";
import { engine, runStore, windowOf } from "./session.ts";

export type ViewPair<Answer> = {
  /** Of the shown run; the answer before stays until the new one is there. `null`: none yet. */
  readonly own: Answer | null;
  /** Of the baseline, while two runs are compared. */
  readonly beside: Answer | null;
};

type ViewName = keyof ViewAnswers;

/** Answers kept, so that a screen that is opened again is there at once (assumption: a few screens). */
const KEPT_MOST = 16;
const answers = new Map<string, unknown>();

function keyOf(name: ViewName, run: number, brush: Brush | null): string {
  return `${name} ${String(run)} ${brush === null ? "" : `${String(brush.fromS)} ${String(brush.toS)}`}`;
}

function known<Name extends ViewName>(
  name: Name,
  run: number | null,
  brush: Brush | null,
): ViewAnswers[Name] | null {
  if (run === null) return null;
  return (answers.get(keyOf(name, run, brush)) as ViewAnswers[Name] | undefined) ?? null;
}

async function answerOf<Name extends ViewName>(
  name: Name,
  run: number | null,
  brush: Brush | null,
): Promise<ViewAnswers[Name] | null> {
  if (run === null) return null;
  const before = known(name, run, brush);
  if (before !== null) return before;
  const answer = await engine.ask(name, { run, window: windowOf(brush) });
  if (!answer.ok) return null;
  answers.set(keyOf(name, run, brush), answer.value);
  const [oldest] = answers.keys();
  if (answers.size > KEPT_MOST && oldest !== undefined) answers.delete(oldest);
  return answer.value as ViewAnswers[Name];
}

/** One view of both runs, within the brush. */
export function useView<Name extends ViewName>(name: Name): ViewPair<ViewAnswers[Name]> {
  const run = useStore(runStore, ({ shown }) => shown.run);
  const other = useStore(runStore, ({ compares, baseline }) =>
    compares ? (baseline?.run ?? null) : null,
  );
  const brush = useStore(viewStore, (state) => state.brush);
  const [pair, setPair] = useState<ViewPair<ViewAnswers[Name]>>(() => ({
    own: known(name, run, brush),
    beside: known(name, other, brush),
  }));
  useEffect(() => {
    let isCurrent = true;
    void Promise.all([answerOf(name, run, brush), answerOf(name, other, brush)]).then(
      ([own, beside]) => {
        if (isCurrent) setPair({ own, beside });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [name, run, other, brush]);
  return pair;
}
