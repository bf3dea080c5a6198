/** Why the scenario as it stands has no result, where, and what to do. The last result stays below. */

import { useStore } from "zustand";
import { runStore } from "../engine/session.ts";
import { remediesOf } from "../scenario/remedies.ts";
import { scenarioStore, setValue, undo } from "../stores/scenario-store.ts";
import type { Problem } from "../workers/protocol.ts";

export function ProblemBanner() {
  return (
    <>
      <LinkProblem />
      <ScenarioProblem />
    </>
  );
}

function LinkProblem() {
  const problem = useStore(runStore, (state) => state.linkProblem);
  if (problem === null) return null;
  return (
    <div className="problem" role="alert">
      <ProblemText problem={problem} />
      <p className="row">
        <button
          type="button"
          onClick={() => {
            runStore.setState({ linkProblem: null });
          }}
        >
          Close
        </button>
        <span className="faint">What was on screen stays.</span>
      </p>
    </div>
  );
}

/** What is wrong, where, what was expected, what to do. */
export function ProblemText({ problem }: { readonly problem: Problem }) {
  return (
    <>
      <p>
        <strong>✕ {problem.where === undefined ? "" : `${problem.where}: `}</strong>
        {problem.what}.
      </p>
      {problem.expected === undefined ? null : <p>Expected: {problem.expected}.</p>}
      {problem.remedy === undefined ? null : <p>What to do: {problem.remedy}.</p>}
    </>
  );
}

function ScenarioProblem() {
  const problem = useStore(runStore, (state) => state.problem);
  const canUndo = useStore(scenarioStore, (state) => state.past.length > 0);
  if (problem === null) return null;
  const remedies = remediesOf(problem);
  return (
    <div className="problem" role="alert">
      <ProblemText problem={problem} />
      <p className="row">
        {remedies.map(({ path, value }) => (
          <button
            key={path.join(".")}
            type="button"
            onClick={() => {
              setValue(path, value);
            }}
          >
            Set {path.join(".")} = {String(value)}
          </button>
        ))}
        {canUndo ? (
          <button type="button" onClick={undo}>
            Undo the last change
          </button>
        ) : null}
        <span className="faint">The result below is the last that could be computed.</span>
      </p>
    </div>
  );
}
