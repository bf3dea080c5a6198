/**
 * The scenario in the address, and short keys for what is looked at. Browsers never send the part behind the #.
 */

import { runStore } from "../engine/session.ts";
import { openDocument, scenarioStore } from "../stores/scenario-store.ts";
import { isScreen, notify, viewStore } from "../stores/view-store.ts";
import type { ScenarioDocument } from "../workers/protocol.ts";
import { packShared, readLink } from "./link-codec.ts";

/** The fragment of a scenario, with the baseline where one is compared. */
export async function linkOf(
  document: ScenarioDocument,
  baseline: ScenarioDocument | null,
): Promise<string> {
  const { screen, brush } = viewStore.getState();
  const packed = await packShared(
    baseline === null ? { s: document } : { s: document, b: baseline },
  );
  const view = screen === "overview" ? "" : `&t=${screen}`;
  const range = brush === null ? "" : `&r=${brush.fromS.toFixed(3)}-${brush.toS.toFixed(3)}`;
  return `#${packed}${view}${range}`;
}

/** Opens the fragment's scenario and view; a bad one is said, and what stands stays. */
export async function openLink(hash: string): Promise<void> {
  const view = /[#&]t=(\w+)/.exec(hash)?.[1];
  if (view !== undefined && isScreen(view)) viewStore.setState({ screen: view });
  const [, from, to] = /&r=([\d.]+)-([\d.]+)/.exec(hash) ?? [];
  if (from !== undefined && to !== undefined) {
    viewStore.setState({ brush: { fromS: Number(from), toS: Number(to) } });
  }
  if (!hash.startsWith("#v")) return;
  const shared = await readLink(hash);
  if (!shared.ok) {
    runStore.setState({ linkProblem: shared.problem });
    return;
  }
  openDocument(shared.value.s);
  const { b: baseline } = shared.value;
  if (baseline !== undefined) {
    const { runBaseline } = await import("../engine/session.ts");
    void runBaseline(baseline).then((outcome) => {
      if (!outcome.ok) notify(`The link's baseline has no result: ${outcome.problem.what}.`);
    });
  }
}

/** Keeps the address in step with the scenario, and the scenario with the address. */
export function keepAddress(): void {
  let written = location.hash;
  const write = async (): Promise<void> => {
    const { document } = scenarioStore.getState();
    const { baseline } = runStore.getState();
    const hash = await linkOf(document, baseline?.document ?? null);
    if (document !== scenarioStore.getState().document || hash === written) return;
    written = hash;
    history.replaceState(null, "", hash);
  };
  scenarioStore.subscribe(() => void write());
  viewStore.subscribe((state, before) => {
    if (state.screen !== before.screen || state.brush !== before.brush) void write();
  });
  addEventListener("hashchange", () => {
    if (location.hash === written) return;
    written = location.hash;
    void openLink(location.hash);
  });
}
