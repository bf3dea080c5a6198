/** The whole scenario as text, for everything that the fields do not reach. */

import { useState } from "react";
import { useStore } from "zustand";
import { openDocument, scenarioStore } from "../stores/scenario-store.ts";

export function JsonEditor() {
  const document = useStore(scenarioStore, (state) => state.document);
  const [problem, setProblem] = useState("");
  const text = JSON.stringify(document, null, 2);
  return (
    <details>
      <summary>As text</summary>
      <textarea
        key={text}
        className="full code"
        rows={18}
        spellCheck={false}
        aria-label="Scenario as JSON"
        aria-invalid={problem !== ""}
        defaultValue={text}
        onBlur={(event) => {
          try {
            const parsed: unknown = JSON.parse(event.target.value);
            if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
              setProblem("a scenario is a mapping: { … }");
              return;
            }
            setProblem("");
            if (JSON.stringify(parsed) !== JSON.stringify(document)) {
              openDocument(parsed as typeof document);
            }
          } catch (error) {
            setProblem(error instanceof Error ? error.message : "no JSON");
          }
        }}
      />
      {problem === "" ? null : <p className="field-problem">{problem}</p>}
    </details>
  );
}
