import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import type { HashRuns, Trace } from "../../src/trace/trace.ts";

export type Row = {
  readonly t: number;
  readonly input: number;
  readonly output: number;
  readonly ids?: readonly number[];
};

/** A trace of plain rows; block ids must be below `idCount`. */
export function traceOf(rows: readonly Row[], blockSize = 512, tickUs = 0): Trace {
  const hashed = rows.some((row) => row.ids !== undefined);
  return {
    header: {
      v: 1,
      name: "fixture",
      format: "fixture",
      blockSize: hashed ? blockSize : 0,
      partialTail: hashed ? "included" : "none",
      tickUs,
      importLog: [],
      transforms: [],
    },
    rows: rows.length,
    arrivalUs: Float64Array.from(rows, (row) => row.t),
    inputTokens: Uint32Array.from(rows, (row) => row.input),
    outputTokens: Uint32Array.from(rows, (row) => row.output),
    ...(hashed ? { hashes: runsOf(rows) } : {}),
  };
}

function runsOf(rows: readonly Row[]): HashRuns {
  const rowStart = [0];
  const start: number[] = [];
  const length: number[] = [];
  let idCount = 0;
  for (const row of rows) {
    let expected = -1;
    for (const id of row.ids ?? []) {
      if (id === expected) length[length.length - 1] = length.at(-1)! + 1;
      else {
        start.push(id);
        length.push(1);
      }
      expected = id + 1;
      idCount = Math.max(idCount, id + 1);
    }
    rowStart.push(start.length);
  }
  return {
    rowStart: Uint32Array.from(rowStart),
    start: Uint32Array.from(start),
    length: Uint32Array.from(length),
    idCount,
  };
}

/**
 * A file of the data beside the project, decompressed; undefined, with a line, when it is absent.
 */
export function sharedData(path: string): string | undefined {
  const root =
    process.env["HEADWORKS_DATA"] ?? resolve(import.meta.dirname, "../../../shared/data");
  const file = resolve(root, path);
  if (!existsSync(file)) {
    console.warn(`not checked against ${path}: not found under HEADWORKS_DATA or ../shared/data`);
    return undefined;
  }
  const bytes = readFileSync(file);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

/**
 * Mooncake rows, read without the project's importer: ids of these files are dense as they stand.
 */
export function mooncakeTrace(text: string): Trace {
  const rows = text
    .trim()
    .split("\n")
    .map((line) => {
      const row = JSON.parse(line) as Record<string, number> & { hash_ids: number[] };
      return {
        t: row["timestamp"]! * 1000,
        input: row["input_length"]!,
        output: row["output_length"]!,
        ids: row.hash_ids,
      };
    });
  return traceOf(rows);
}

/** Azure 2023 rows, read without the project's importer. */
export function azureTrace(text: string): Trace {
  const lines = text.trim().split(/\r?\n/).slice(1);
  const rows = lines.map((line) => {
    const [stamp = "", input, output] = line.split(",");
    const [day = "", fraction = "0"] = stamp.split(".");
    const t = Date.parse(`${day.replace(" ", "T")}Z`) * 1000 + Math.round(Number(fraction) / 10);
    return { t, input: Number(input), output: Number(output) };
  });
  const first = rows[0]!.t;
  return traceOf(rows.map((row) => ({ ...row, t: row.t - first })));
}
