/** A trace → a file, compressed when its name ends in .gz, never half written. */

import { closeSync, existsSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { EXPORT_FORMATS, exportTrace } from "../trace/index.ts";
import type { ExportFormat, Trace } from "../trace/index.ts";

export type WriteTraceFlags = {
  readonly out: string;
  readonly to?: string;
  readonly force?: boolean;
};

/** The format to write, checked before the work. Errors: unknown; the file exists already. */
export function checkTarget(flags: WriteTraceFlags): Result<ExportFormat> {
  if (existsSync(flags.out) && flags.force !== true) {
    return fail({
      what: "the file exists already",
      where: flags.out,
      remedy: "name another file with --out, or add --force to replace it",
    });
  }
  const name = flags.to ?? formatByEnding(flags.out);
  const format = EXPORT_FORMATS.find((one) => one === name);
  if (format !== undefined) return ok(format);
  return fail({
    what: name === undefined ? "the format to write is not named" : `cannot write format ${name}`,
    where: flags.to === undefined ? flags.out : "--to",
    expected: `one of ${EXPORT_FORMATS.join(", ")}`,
    remedy: "add --to, or end the file's name in .jsonl, .csv or .columns (and .gz)",
  });
}

function formatByEnding(path: string): string | undefined {
  const name = path.replace(/\.gz$/, "");
  if (name.endsWith(".jsonl")) return "mooncake";
  if (name.endsWith(".csv")) return "csv";
  return name.endsWith(".columns") ? "columns" : undefined;
}

/** Writes the trace; bytes on disk. Errors: the place may not be written. */
export function writeTrace(trace: Trace, path: string, format: ExportFormat): Result<number> {
  const text = exportTrace(trace, format);
  // Level 9 and no time stamp: the same trace gives the same file.
  const bytes = path.endsWith(".gz") ? gzipSync(text, { level: 9 }) : text;
  const temporary = `${path}.${String(process.pid)}.part`;
  try {
    const file = openSync(temporary, "w");
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    closeSync(file);
    renameSync(temporary, path);
    return ok(bytes.length);
  } catch (error) {
    rmSync(temporary, { force: true });
    return fail({
      what: `the file cannot be written (${(error as Error).message})`,
      where: path,
      remedy: "name a file in a folder that exists and that you may write",
    });
  }
}
