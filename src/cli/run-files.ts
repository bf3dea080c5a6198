/** A finished run → the files of `--out`. */

import type { Result } from "../core/index.ts";
import { runTitle, writePerfetto, writeRequestsCsv, writeSeriesCsv } from "../sim/index.ts";
import type { SimulationResult } from "../sim/index.ts";
import { writeFolder } from "./output-folder.ts";
import type { FileWriter, OutputFile } from "./output-folder.ts";

/** Writes every file that the result has data for; the paths written, report.json last. */
export async function writeRunFiles(
  folder: string,
  result: SimulationResult,
  command: string,
): Promise<Result<readonly string[]>> {
  const { reportHtml } = await import("./report-html.ts");
  const { report, requests, series, slices } = result;
  const files = new Map<OutputFile, FileWriter>();
  if (requests !== undefined) {
    files.set("requests.csv", (write) => {
      writeRequestsCsv(requests, report.engine.clientPathMs, write);
    });
  }
  if (series !== undefined) {
    files.set("series.csv", (write) => {
      writeSeriesCsv(series, write);
    });
  }
  if (slices !== undefined) {
    const input = {
      name: runTitle(report),
      slices,
      ...(series === undefined ? {} : { series }),
    };
    files.set("trace.perfetto.json", (write) => {
      writePerfetto(input, write);
    });
  }
  files.set("report.html", (write) => {
    write(reportHtml(result, command));
  });
  files.set("report.json", (write) => {
    write(`${JSON.stringify(report, null, 2)}\n`);
  });
  return writeFolder(folder, files);
}
