/** Everything that can leave the page, by the reader's hand: a link, files, the command line. */

import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { problemText } from "../../src/core/index.ts";
import { engine, runStore } from "../engine/session.ts";
import { scenarioStore } from "../stores/scenario-store.ts";
import { notify } from "../stores/view-store.ts";
import type { ExportKind } from "../workers/protocol.ts";
import { commandLine } from "./command-line.ts";
import { linkOf } from "./link.ts";
import { openFile } from "./open-file.ts";
import { saveBytes, saveText } from "./save.ts";

async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify(`${what} copied.`);
  } catch {
    notify(
      `This browser does not let the page copy: select the text of the ${what.toLowerCase()}.`,
    );
  }
}

function fileName(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, "-").slice(0, 60) || "headworks";
}

export function ShareDialog() {
  const document = useStore(scenarioStore, (state) => state.document);
  const { shown, baseline, isStale } = useStore(runStore);
  const [link, setLink] = useState("");
  useEffect(() => {
    void linkOf(document, baseline?.document ?? null).then((hash) => {
      setLink(location.href.split("#")[0] + hash);
    });
  }, [document, baseline]);
  const command = commandLine(document);
  const name = fileName(shown.insight.title);
  const { report } = shown.insight;

  async function exportRun(kind: ExportKind): Promise<void> {
    if (shown.run === null) return;
    const file = await engine.ask("export", { run: shown.run, kind });
    if (file.ok) saveBytes(file.value, `${name}.${kind}`, "application/octet-stream");
    else notify(problemText(file.problem));
  }
  async function exportYaml(): Promise<void> {
    const { stringify } = await import("yaml");
    saveText(stringify(document), `${name}.yaml`, "application/yaml");
  }

  return (
    <>
      <Copied
        label="Link"
        text={link}
        note="Holds the whole scenario after the #, which is never sent. Traces are only named."
      />
      <Copied label="Command line" text={command} note="Gives the same digest on any machine." />
      <h3>Files</h3>
      <div className="row">
        <button
          type="button"
          onClick={() => {
            void exportYaml();
          }}
        >
          Scenario (YAML)
        </button>
        <button
          type="button"
          onClick={() => {
            saveText(
              `${JSON.stringify(report, null, 2)}\n`,
              `${name}.report.json`,
              "application/json",
            );
          }}
        >
          Report (JSON)
        </button>
        <ExportButton kind="requests.csv" label="Requests (CSV)" onExport={exportRun} />
        <ExportButton kind="series.csv" label="Time series (CSV)" onExport={exportRun} />
        <ExportButton kind="trace.perfetto.json" label="Steps (Perfetto)" onExport={exportRun} />
      </div>
      <p className="faint">
        {isStale
          ? "Files are of the result on screen, which is older than the scenario. "
          : "Every chart has its own PNG, SVG and CSV. "}
        Result {report.digest}, seed {report.seed}, version {report.versions.headworks}.
      </p>
      <h3>Open</h3>
      <label className="row">
        A scenario, a report of the command line, or a trace:
        <input
          type="file"
          data-testid="open-file"
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file !== undefined) void openFile(file);
          }}
        />
      </label>
    </>
  );
}

function Copied({
  label,
  text,
  note,
}: {
  readonly label: string;
  readonly text: string;
  readonly note: string;
}) {
  return (
    <div>
      <div className="row">
        <h3>{label}</h3>
        <span className="spacer" />
        <button
          type="button"
          onClick={() => {
            void copy(text, label);
          }}
        >
          Copy
        </button>
      </div>
      <textarea className="full code" rows={3} readOnly aria-label={label} value={text} />
      <p className="hint">{note}</p>
    </div>
  );
}

function ExportButton({
  kind,
  label,
  onExport,
}: {
  readonly kind: ExportKind;
  readonly label: string;
  readonly onExport: (kind: ExportKind) => Promise<void>;
}) {
  return (
    <button
      type="button"
      onClick={() => {
        void onExport(kind);
      }}
    >
      {label}
    </button>
  );
}
