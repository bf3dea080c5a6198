/** Answers to questions about runs and traces: loaded when the first of them is asked. */

import { fail, ok } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import {
  clusterSize,
  latenciesWithin,
  pairedRuns,
  readReport,
  reportInsight,
  runLanes,
  slicePyramid,
  slowestWithin,
  sourcesWithin,
  WHOLE_RUN,
  windowInsight,
} from "../../src/plan/index.ts";
import { runTitle, writePerfetto, writeRequestsCsv, writeSeriesCsv } from "../../src/sim/index.ts";
import { cutTrace, exportTrace } from "../../src/trace/index.ts";
import { scenarioOf } from "./inputs.ts";
import type { ExportKind, Insight, Questions, TimeWindow, ToWorker, ViewAsk } from "./protocol.ts";
import type { KeptRun, RunDesk } from "./run-desk.ts";
import { previewOf } from "./trace-preview.ts";
import { keepTrace } from "./import-file.ts";
import { holdTrace, traceNamed } from "./traces.ts";

export type Asked = Extract<ToWorker, { kind: "ask" }>;
export type LateQuestion = Exclude<Asked, { name: "describe" | "preload" }>;

/** The answer, or the problem that stands in its way. */
export async function answerLate(message: LateQuestion, desk: RunDesk): Promise<Result<unknown>> {
  switch (message.name) {
    case "complete":
      return scenarioOf(message.ask.document);
    case "window":
      return viewOf(message.ask, desk, ({ result }, window) => windowInsight(result, window));
    case "latencies":
      return viewOf(message.ask, desk, ({ result }, window) => latenciesWithin(result, window));
    case "slowest":
      return viewOf(message.ask, desk, ({ result }, window) => slowestWithin(result, window));
    case "sources":
      return viewOf(message.ask, desk, ({ result, trace }, window) =>
        sourcesWithin(result, trace, window),
      );
    case "paired":
      return pairedOf(message.ask, desk);
    case "hold":
      desk.hold(message.ask.runs);
      return ok(null);
    case "pyramid":
      return pyramidOf(message.ask.run, desk);
    case "lanes":
      return lanesOf(message.ask.run, desk);
    case "export":
      return exportOf(message.ask, desk);
    case "openReport":
      return openedReport(message.ask);
    case "readTrace": {
      const { name, bytes, options } = message.ask;
      const trace = keepTrace(name, bytes, options);
      return trace.ok ? ok(previewOf(name, trace.value)) : trace;
    }
    case "previewTrace": {
      const trace = await traceNamed(message.ask.name);
      return trace.ok ? ok(previewOf(message.ask.name, trace.value)) : trace;
    }
    case "cutTrace": {
      const { name, cut, as } = message.ask;
      const trace = await traceNamed(name);
      if (!trace.ok) return trace;
      const part = cutTrace(trace.value, cut, as);
      if (!part.ok) return part;
      holdTrace(as, part.value);
      return ok(previewOf(as, part.value));
    }
    case "exportTrace": {
      const trace = await traceNamed(message.ask.name);
      return trace.ok ? ok(exportTrace(trace.value, "columns")) : trace;
    }
  }
}

/** What is seen of a report in a file. Its lists and optional parts are read here for the first time: damage shows. */
function openedReport({ name, document }: Questions["openReport"]["ask"]): Result<Insight> {
  const report = readReport(document, name);
  if (!report.ok) return report;
  try {
    return ok({ ...reportInsight(report.value), title: name });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return fail({
      what: `the report is not whole: ${error.message}`,
      where: name,
      remedy: "copy the file again, or run its scenario again with `--out`",
    });
  }
}

function viewOf(
  { run, window }: ViewAsk,
  desk: RunDesk,
  view: (kept: KeptRun, window: TimeWindow) => unknown,
): Result<unknown> {
  const kept = desk.find(run);
  return kept.ok ? ok(view(kept.value, window ?? WHOLE_RUN)) : kept;
}

function pairedOf(
  { run, baseline, window, name }: Extract<Asked, { name: "paired" }>["ask"],
  desk: RunDesk,
): Result<unknown> {
  const a = desk.find(baseline);
  if (!a.ok) return a;
  const b = desk.find(run);
  if (!b.ok) return b;
  return ok(pairedRuns(a.value.result, b.value.result, window ?? WHOLE_RUN, name));
}

function pyramidOf(run: number, desk: RunDesk): Result<unknown> {
  const kept = desk.find(run);
  if (!kept.ok) return kept;
  const { slices, report, requests } = kept.value.result;
  if (slices === undefined) return fail({ what: "this run recorded no steps" });
  const { workers } = clusterSize(report);
  let endUs = 0;
  for (const us of slices.endUs) endUs = Math.max(endUs, us);
  for (const us of requests?.finishUs ?? []) if (us > endUs) endUs = us;
  return ok(slicePyramid(slices, workers, endUs));
}

function lanesOf(run: number, desk: RunDesk): Result<unknown> {
  const kept = desk.find(run);
  if (!kept.ok) return kept;
  const lanes = runLanes(kept.value.result);
  return lanes === undefined ? fail({ what: "this run was not sampled over time" }) : ok(lanes);
}

function exportOf(
  { run, kind }: { readonly run: number; readonly kind: ExportKind },
  desk: RunDesk,
): Result<Uint8Array> {
  const kept = desk.find(run);
  if (!kept.ok) return kept;
  const pieces: string[] = [];
  const write = (text: string): void => {
    pieces.push(text);
  };
  if (!writeExport(kept.value, kind, write)) {
    return fail({ what: `this run has nothing for ${kind}`, remedy: "run it again" });
  }
  return ok(new TextEncoder().encode(pieces.join("")));
}

/** False when the run did not keep the columns that the file needs. */
function writeExport(
  { result }: KeptRun,
  kind: ExportKind,
  write: (text: string) => void,
): boolean {
  const { report, requests, series, slices } = result;
  if (kind === "requests.csv" && requests !== undefined) {
    writeRequestsCsv(requests, report.engine.clientPathMs, write);
  } else if (kind === "series.csv" && series !== undefined) writeSeriesCsv(series, write);
  else if (kind === "trace.perfetto.json" && slices !== undefined) {
    const name = runTitle(report);
    writePerfetto({ name, slices, ...(series === undefined ? {} : { series }) }, write);
  } else return false;
  return true;
}
