/** A file that was dropped or picked: a scenario, a report, or else a trace. */

import { openReport } from "./open-report.ts";
import { runStore } from "../engine/session.ts";
import { valueAt, withValue } from "../scenario/document.ts";
import { openDocument } from "../stores/scenario-store.ts";
import { notify, viewStore } from "../stores/view-store.ts";
import type { ScenarioDocument } from "../workers/protocol.ts";
import { importStore, readTraceFile } from "../stores/import-store.ts";

/** Scenarios and reports are small; a larger JSON file is a trace. */
const DOCUMENT_MOST = 32 * 1024 * 1024;
/** How scenarios and reports begin, and traces do not. */
const DOCUMENT_HEAD = /^\s*\{\s*"(headworks|schema": *"headworks)/;
/** A file that cannot be read, which has been said. */
const BROKEN = Symbol("broken");

export async function openFile(file: File): Promise<void> {
  // What is said of a file before is over, and a dialog would hide what is shown of this one.
  runStore.setState({ linkProblem: null });
  viewStore.setState({ dialog: "none" });
  const isYaml = /\.ya?ml$/i.test(file.name);
  const isJson = /\.json$/i.test(file.name);
  if ((isYaml || isJson) && file.size < DOCUMENT_MOST) {
    const text = await file.text();
    const document = isYaml ? await parseYaml(text, file.name) : parseJson(text, file.name);
    if (document === BROKEN) return;
    if (document !== undefined) {
      openDocumentFile(document, file.name);
      return;
    }
  }
  viewStore.setState({ screen: "trace" });
  await readTraceFile(file, {});
  const { problem } = importStore.getState();
  if (problem === null) notify(`Read ${file.name}. It stays in this page.`);
}

async function parseYaml(text: string, name: string): Promise<unknown> {
  const { parseDocument } = await import("yaml");
  const parsed = parseDocument(text, { prettyErrors: true });
  const [error] = parsed.errors;
  if (error === undefined) return parsed.toJS() as unknown;
  runStore.setState({
    linkProblem: {
      what: error.message.split("\n")[0] ?? "no YAML",
      where: name,
      expected: "a scenario in YAML or JSON",
      remedy: "correct the file and drop it again",
    },
  });
  return BROKEN;
}

/** `undefined` for several JSON documents one after another: that is a trace. */
function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!DOCUMENT_HEAD.test(text)) return undefined;
    runStore.setState({
      linkProblem: {
        what: `the file is no whole JSON (${(error as Error).message})`,
        where: name,
        expected: "a scenario, or a report of `headworks run --json`",
        remedy: "the file may be cut off: copy it again and drop it again",
      },
    });
    return BROKEN;
  }
}

/** Opens a parsed scenario or report; anything else is said. */
export function openDocumentFile(document: unknown, name: string): void {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    runStore.setState({
      linkProblem: {
        what: `${name} is no scenario and no report`,
        where: name,
        expected: "a mapping of sections, a report of `headworks run --json`, or a trace",
        remedy: "traces are CSV or JSON Lines: one request a line",
      },
    });
    return;
  }
  if ("schema" in document && String(document.schema).startsWith("headworks.")) {
    void openReport(document, name);
    return;
  }
  openDocument(withoutShorthand(document as ScenarioDocument));
  viewStore.setState({ screen: "overview" });
  notify(`Opened the scenario ${name}.`);
}

/** The shorthand `trace` where the panel edits it. */
function withoutShorthand(document: ScenarioDocument): ScenarioDocument {
  const { trace, ...rest } = document;
  const path = ["traffic", "source", "trace"];
  if (trace === undefined || valueAt(rest, path.slice(0, 2)) !== undefined) return document;
  return withValue(rest, path, trace);
}
