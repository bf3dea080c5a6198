/** A report of the command line as the baseline: its numbers beside those computed here. */

import { engine, runStore } from "../engine/session.ts";
import { openDocument } from "../stores/scenario-store.ts";
import { notify, viewStore } from "../stores/view-store.ts";
import type { ScenarioDocument } from "../workers/protocol.ts";

/** Shows a parsed report, read by the engine; what is wrong with it is said. */
export async function openReport(document: object, name: string): Promise<void> {
  const opened = await engine.ask("openReport", { name, document });
  if (!opened.ok) {
    runStore.setState({ linkProblem: opened.problem });
    return;
  }
  const insight = opened.value;
  const scenario = insight.report.scenario as unknown as ScenarioDocument;
  runStore.setState({
    baseline: { run: null, document: scenario, insight, tookMs: null },
    compares: true,
  });
  openDocument(scenario);
  viewStore.setState({ screen: "overview" });
  notify(`Opened ${name}: its numbers are the baseline, its scenario runs here.`);
}
