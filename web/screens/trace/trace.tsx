/** What is in a trace: preview, quality, shape; and a part of it to run with. */

import { useEffect } from "react";
import { useStore } from "zustand";
import { countText } from "../../../src/core/index.ts";
import { ProblemText } from "../../app/problem-banner.tsx";
import { setValue } from "../../stores/scenario-store.ts";
import { importStore, previewTrace } from "../../stores/import-store.ts";
import { notify, show } from "../../stores/view-store.ts";
import { openFile } from "../../share/open-file.ts";
import { Columns } from "./columns.tsx";
import { Cut } from "./cut.tsx";
import { Facts } from "./facts.tsx";

export function Trace() {
  const { preview, problem, isReading, file } = useStore(importStore);
  useEffect(() => {
    if (importStore.getState().preview === null && importStore.getState().problem === null) {
      void previewTrace("conversation-small");
    }
  }, []);
  return (
    <>
      <section className="figure" aria-label="Open a trace">
        <h3>Trace</h3>
        <p className="row">
          <input
            type="file"
            aria-label="Trace file"
            data-testid="trace-file"
            onChange={(event) => {
              const picked = event.target.files?.[0];
              if (picked !== undefined) void openFile(picked);
            }}
          />
          <span className="faint">
            CSV or JSON Lines, gzipped or not; it is read in this page and sent nowhere.
          </span>
        </p>
        {isReading ? <p role="status">Reading {file?.name}…</p> : null}
      </section>
      {problem === null ? null : (
        <div className="problem" role="alert">
          <ProblemText problem={problem} />
          {file === null ? null : <Columns file={file} />}
          {preview === null ? null : (
            <p className="faint">Below is the trace that was read before.</p>
          )}
        </div>
      )}
      {preview === null ? null : (
        <>
          <div className="row pad-above pad-below">
            <h2>{preview.name}</h2>
            <span className="faint">
              {preview.format}, {countText(preview.rows)} requests
            </span>
            <span className="spacer" />
            <button
              type="button"
              className="strong"
              onClick={() => {
                setValue(["traffic", "source"], { trace: preview.name });
                show("overview");
                notify(`The scenario now replays ${preview.name}.`);
              }}
            >
              Run the scenario with it
            </button>
          </div>
          <Facts preview={preview} />
          <Cut key={preview.name} preview={preview} />
        </>
      )}
    </>
  );
}
