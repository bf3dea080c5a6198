/**
 * The folder of a run's files. Each file is written beside its place and then renamed, so that no
 * reader ever sees half of one; a folder that holds something else is left alone.
 */

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fail, ok } from "../core/index.ts";
import type { Problem, Result } from "../core/index.ts";

/** Everything a run may leave; report.json marks the folder as ours. */
export const OUTPUT_FILES = [
  "requests.csv",
  "series.csv",
  "trace.perfetto.json",
  "report.html",
  "report.json",
] as const;
export type OutputFile = (typeof OUTPUT_FILES)[number];

/** Gives the text of one file, piece by piece. */
export type FileWriter = (write: (text: string) => void) => void;

/**
 * Makes the folder if need be and checks that it may be written, before the work starts.
 * Errors: a file in its place, a folder of something else, no right to write.
 */
export function prepareFolder(folder: string): Result<string> {
  try {
    makeFolder(resolve(folder));
    const names = readdirSync(folder).filter((name) => !name.startsWith("."));
    const foreign = names.filter((name) => !OUTPUT_FILES.some((one) => one === name));
    if (names.length > 0 && !holdsReport(folder)) {
      return fail({
        what: `the folder holds other files (${(foreign.length > 0 ? foreign : names).slice(0, 3).join(", ")})`,
        where: folder,
        expected: "a new or empty folder, or one written by an earlier run",
        remedy: "name another folder with --out",
      });
    }
    const probe = join(folder, `.headworks-${String(process.pid)}`);
    closeSync(openSync(probe, "w"));
    rmSync(probe);
    return ok(folder);
  } catch (error) {
    return fail(folderProblem(folder, error as NodeJS.ErrnoException));
  }
}

/** Node 20's own recursive mkdir never returns where a folder may not be made (below /proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  mkdirSync(path);
}

function holdsReport(folder: string): boolean {
  const path = join(folder, "report.json");
  if (!existsSync(path)) return false;
  return readFileSync(path, "utf8").slice(0, 200).includes('"headworks.report.v');
}

function folderProblem(folder: string, error: NodeJS.ErrnoException): Problem {
  const denied = error.code === "EACCES" || error.code === "EPERM" || error.code === "EROFS";
  const notFolder = error.code === "EEXIST" || error.code === "ENOTDIR";
  const why = denied ? "may not be written" : notFolder ? "is no folder" : "cannot be written";
  return {
    what: `the output folder ${why}${denied || notFolder ? "" : ` (${error.message})`}`,
    where: folder,
    expected: "a folder that this user may write",
    remedy: "name another folder with --out",
  };
}

/**
 * Writes the files and removes those that an earlier run left and this one does not write.
 * report.json comes last: where it is, the rest is complete.
 */
export function writeFolder(
  folder: string,
  files: ReadonlyMap<OutputFile, FileWriter>,
): Result<readonly string[]> {
  const ready: [temporary: string, path: string][] = [];
  try {
    for (const name of OUTPUT_FILES) {
      const writer = files.get(name);
      if (writer === undefined) continue;
      const temporary = join(folder, `.${name}.${String(process.pid)}`);
      ready.push([temporary, join(folder, name)]);
      writeWhole(temporary, writer);
    }
    for (const name of OUTPUT_FILES)
      if (!files.has(name)) rmSync(join(folder, name), { force: true });
    for (const [temporary, path] of ready) renameSync(temporary, path);
    return ok(ready.map(([, path]) => path));
  } catch (error) {
    for (const [temporary] of ready) rmSync(temporary, { force: true });
    return fail(folderProblem(folder, error as NodeJS.ErrnoException));
  }
}

/** Bytes collected before a write (assumption: fewer system calls than pieces). */
const BUFFER_CHARS = 1 << 18;

function writeWhole(path: string, writer: FileWriter): void {
  const file = openSync(path, "w");
  try {
    let pending = "";
    const flush = (): void => {
      const bytes = Buffer.from(pending, "utf8");
      let written = 0;
      while (written < bytes.length) written += writeSync(file, bytes, written);
      pending = "";
    };
    writer((text) => {
      pending += text;
      if (pending.length >= BUFFER_CHARS) flush();
    });
    flush();
  } finally {
    closeSync(file);
  }
}
