/**
 * Ties the stores to the engine: a change of the scenario stops the run in progress and starts a new one;
 * the old result stays until the new one is there. Traces that the user brought are kept here, in the page's memory,
 * for workers that start later.
 */

import type { Result } from "../../src/core/index.ts";
import { DEMO_DOCUMENT, scenarioStore } from "../stores/scenario-store.ts";
import { createRunStore } from "../stores/run-store.ts";
import type { ShownRun } from "../stores/run-store.ts";
import { viewStore } from "../stores/view-store.ts";
import type { Brush } from "../stores/view-store.ts";
import type {
  ImportOptions,
  Insight,
  ScenarioDocument,
  TimeWindow,
  TracePreview,
} from "../workers/protocol.ts";
import { EngineClient } from "./client.ts";
import type { StartedRun } from "./client.ts";
import { firstResult } from "./first-result.ts";

/** Changes within this time are one change: a slider that is dragged, ms (assumption: two frames). */
const DEBOUNCE_MS = 30;
const US_PER_S = 1e6;

/** The file itself, not its bytes: the browser keeps it on disk. */
type BroughtTrace = { readonly file: Blob; readonly options: ImportOptions };

/** Traces brought to this page, by the name that scenarios call them. */
export const broughtTraces = new Map<string, BroughtTrace>();

export const engine = new EngineClient(() => {
  void bringAll(engine);
});

/** Gives a worker every trace that was brought to this page. */
export async function bringAll(client: EngineClient): Promise<void> {
  for (const [name, { file, options }] of broughtTraces) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    await client.ask("readTrace", { name, bytes, options });
  }
}

export const runStore = createRunStore({
  run: null,
  document: DEMO_DOCUMENT,
  insight: firstResult(),
  tookMs: null,
});

let current: StartedRun<Insight> | undefined;
let timer = 0;
let changedAt = 0;
let lastChange = -Infinity;
/** Before, nothing asks for the engine: the stored answer stands without it. */
let isStarted = false;

/** Runs the scenario now. */
export function runNow(): void {
  clearTimeout(timer);
  current?.stop();
  const { document } = scenarioStore.getState();
  const started = engine.run(document, (progress) => {
    if (current === started) runStore.setState({ progress });
  });
  current = started;
  runStore.setState({ isStale: true });
  const since = changedAt === 0 ? performance.now() : changedAt;
  changedAt = 0;
  void started.outcome.then((outcome) => {
    if (current !== started) return;
    current = undefined;
    if (outcome.ok === true) {
      show({
        run: started.run,
        document,
        insight: outcome.value,
        tookMs: performance.now() - since,
      });
    } else if (outcome.ok === "stopped") {
      runStore.setState({ progress: null });
    } else {
      runStore.setState({ problem: outcome.problem, progress: null });
    }
  });
}

function show(shown: ShownRun): void {
  runStore.setState({ shown, isStale: false, progress: null, problem: null });
  if (shown.document !== DEMO_DOCUMENT) rememberLater(shown);
  // A stored answer that was made the baseline has columns now.
  const { baseline } = runStore.getState();
  if (baseline?.run === null && baseline.document === shown.document) setBaseline(shown);
  void refreshWindow();
}

/** Stops the run in progress; with `keep`, what was done until then is shown. */
export function stopRun(keep: boolean): void {
  current?.stop(keep);
}

/** Makes the shown run the baseline and shows the two together. */
export function pinBaseline(): void {
  setBaseline(runStore.getState().shown);
}

export function dropBaseline(): void {
  setBaseline(null);
}

/** The baseline's columns stay in the worker as long as it is one. */
function setBaseline(baseline: ShownRun | null): void {
  runStore.setState({ baseline, compares: baseline !== null });
  if (isStarted) {
    const runs = typeof baseline?.run === "number" ? [baseline.run] : [];
    void engine.ask("hold", { runs });
  }
  void refreshWindow();
}

/** Runs a document beside the shown one and makes it the baseline. Runs of the shown scenario go first. */
export async function runBaseline(document: ScenarioDocument): Promise<Result<ShownRun>> {
  for (;;) {
    await current?.outcome;
    const started = engine.run(document);
    const outcome = await started.outcome;
    if (outcome.ok === "stopped") continue;
    if (!outcome.ok) return outcome;
    const baseline = { run: started.run, document, insight: outcome.value, tookMs: null };
    setBaseline(baseline);
    return { ok: true, value: baseline };
  }
}

/** Reads a trace file into the engine and remembers it for other workers. */
export async function bringTrace(
  name: string,
  file: Blob,
  options: ImportOptions,
): Promise<Result<TracePreview>> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const preview = await engine.ask("readTrace", { name, bytes, options });
  if (preview.ok) broughtTraces.set(name, { file, options });
  return preview;
}

/** The brushed stretch as the worker takes it. */
export function windowOf(brush: Brush | null): TimeWindow | null {
  return brush === null ? null : { fromUs: brush.fromS * US_PER_S, toUs: brush.toS * US_PER_S };
}

/** Asks again for the parts within the brush; drops answers that a newer brush has overtaken. */
async function refreshWindow(): Promise<void> {
  const { brush } = viewStore.getState();
  const { shown, baseline } = runStore.getState();
  if (brush === null || shown.run === null) {
    if (runStore.getState().windowed !== null) runStore.setState({ windowed: null });
    return;
  }
  const window = windowOf(brush);
  const [own, other] = await Promise.all([
    engine.ask("window", { run: shown.run, window }),
    typeof baseline?.run === "number"
      ? engine.ask("window", { run: baseline.run, window })
      : undefined,
  ]);
  if (viewStore.getState().brush !== brush || runStore.getState().shown !== shown) return;
  if (!own.ok || own.value === null) return;
  const windowed = { shown: own.value, baseline: other?.ok === true ? other.value : null };
  runStore.setState({ windowed });
}

/** Remembers what was looked at long enough to mean something. */
let remembering = 0;
const REMEMBER_MS = 4000;

function rememberLater({ document, insight }: ShownRun): void {
  clearTimeout(remembering);
  remembering = globalThis.setTimeout(() => {
    void import("../share/recent.ts").then(({ remember }) =>
      remember({ at: Date.now(), name: insight.title, verdict: insight.verdict.text, document }),
    );
  }, REMEMBER_MS);
}

/** Starts listening to the scenario and to the brush. */
export function startSession(): void {
  scenarioStore.subscribe((state, before) => {
    if (state.document === before.document) return;
    const now = performance.now();
    if (changedAt === 0) changedAt = now;
    current?.stop();
    current = undefined;
    runStore.setState({ isStale: true, progress: null });
    clearTimeout(timer);
    // A single change runs at once; those of a drag wait for each other.
    const isDrag = now - lastChange < DEBOUNCE_MS * 4;
    lastChange = now;
    timer = globalThis.setTimeout(runNow, isDrag ? DEBOUNCE_MS : 0);
  });
  viewStore.subscribe((state, before) => {
    if (state.brush !== before.brush) void refreshWindow();
  });
  isStarted = true;
  runNow();
}
