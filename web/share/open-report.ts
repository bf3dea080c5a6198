/** A report of the command line as the baseline: its numbers beside those computed here. */

import { runStore } from "../engine/session.ts";
import { openDocument } from "../stores/scenario-store.ts";
import { notify, viewStore } from "../stores/view-store.ts";
import type { Report, ScenarioDocument } from "../workers/protocol.ts";

const MAJOR = /^headworks\.report\.v1$/;

/** Whether the parts that the page shows are there: a damaged file must not break the page later. */
function isReport(document: object): document is Report {
  const { schema, latency, requests, scenario, kv, slo, throughput, digest, pools, workers } =
    document as Partial<Report>;
  return (
    MAJOR.test(String(schema)) &&
    typeof digest === "string" &&
    Array.isArray(pools) &&
    Array.isArray(workers) &&
    [latency, requests, scenario, kv, slo, throughput].every(
      (part) => typeof part === "object" && part !== null,
    )
  );
}

export function openReport(document: object, name: string): void {
  if (!isReport(document)) {
    runStore.setState({
      linkProblem: {
        what: `${name} is a report that this page cannot read`,
        where: name,
        expected: "headworks.report.v1, whole",
        remedy: "write it again with `headworks run --json` or `--out`",
      },
    });
    return;
  }
  const scenario = document.scenario as unknown as ScenarioDocument;
  runStore.setState({
    baseline: {
      run: null,
      document: scenario,
      insight: {
        report: document,
        title: name,
        verdict: { mood: "fair", text: "A report of the command line." },
        cluster: { workers: document.workers.length, gpus: 0, kvBlocks: 0, kvTokens: 0, seats: 0 },
        series: null,
        whole: null,
        groups: [],
      },
      tookMs: null,
    },
    compares: true,
  });
  openDocument(scenario);
  viewStore.setState({ screen: "overview" });
  notify(`Opened ${name}: its numbers are the baseline, its scenario runs here.`);
}
