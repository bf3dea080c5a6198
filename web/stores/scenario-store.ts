/** The scenario that is being edited, and the way back. Owns the document and its history, nothing else. */

import { createStore } from "zustand/vanilla";
import { withValue } from "../scenario/document.ts";
import type { Path } from "../scenario/document.ts";
import type { ScenarioDocument } from "../workers/protocol.ts";

export type ScenarioState = {
  readonly document: ScenarioDocument;
  readonly past: readonly ScenarioDocument[];
  readonly future: readonly ScenarioDocument[];
  /** The field changed last: a drag of one slider is one step back, however many values it passed. */
  readonly lastPath: string;
};

/** Steps back that are remembered (assumption). */
const HISTORY = 200;

/** The scenario before anything is chosen: the demonstration that the build ran. */
export const DEMO_DOCUMENT: ScenarioDocument = {
  headworks: 1,
  name: "demo",
  model: "gpt-oss-120b",
  gpu: "h100-sxm",
  traffic: { source: { trace: "conversation-small" } },
  cluster: { workers: 8, parallelism: { tensor: 2 } },
  router: { policy: "round_robin" },
  slo: { ttft_s: 5, tpot_s: 0.05 },
};

export const scenarioStore = createStore<ScenarioState>(() => ({
  document: DEMO_DOCUMENT,
  past: [],
  future: [],
  lastPath: "",
}));

function push(document: ScenarioDocument, path: string): void {
  const { past, lastPath, document: old } = scenarioStore.getState();
  const isSame = path !== "" && path === lastPath;
  scenarioStore.setState({
    document,
    past: isSame ? past : [...past, old].slice(-HISTORY),
    future: [],
    lastPath: path,
  });
}

/** Changes one value; `undefined` gives the default back. */
export function setValue(path: Path, value: unknown): void {
  const { document } = scenarioStore.getState();
  push(withValue(document, path, value), path.join("."));
}

/** Changes a field's value, and what must stand beside it. */
export function setField(
  field: { readonly path: Path; readonly needs?: { readonly path: Path; readonly value: string } },
  value: unknown,
): void {
  const { document } = scenarioStore.getState();
  const { path, needs } = field;
  const ready = needs === undefined ? document : withValue(document, needs.path, needs.value);
  push(withValue(ready, path, value), path.join("."));
}

/** Changes several values as one step. */
export function setValues(changes: readonly (readonly [path: Path, value: unknown])[]): void {
  let { document } = scenarioStore.getState();
  for (const [path, value] of changes) document = withValue(document, path, value);
  push(document, "");
}

/** Ends a drag: the next change of the same field is a new step. */
export function settle(): void {
  scenarioStore.setState({ lastPath: "" });
}

/** Opens another scenario; the old one is a step back. */
export function openDocument(document: ScenarioDocument): void {
  push(document, "");
}

export function undo(): void {
  const { past, future, document } = scenarioStore.getState();
  const before = past.at(-1);
  if (before === undefined) return;
  scenarioStore.setState({
    document: before,
    past: past.slice(0, -1),
    future: [document, ...future],
    lastPath: "",
  });
}

export function redo(): void {
  const { past, future, document } = scenarioStore.getState();
  const [next, ...rest] = future;
  if (next === undefined) return;
  scenarioStore.setState({ document: next, past: [...past, document], future: rest, lastPath: "" });
}
