/** A file's bytes → a trace: every format that Headworks reads. */

import { fail, ok } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import { importTrace, inflate, looksGzipped } from "../../src/trace/index.ts";
import type { ImportOptions, Trace } from "../../src/trace/index.ts";
import { holdTrace } from "./traces.ts";

/** Largest text inside a gz file (assumption: what a tab can hold beside its columns). */
const INFLATED_MOST = 1024 * 1024 * 1024;

/** Reads a file's bytes into a trace and keeps it under the name. */
export function keepTrace(name: string, bytes: Uint8Array, options: ImportOptions): Result<Trace> {
  const text = looksGzipped(bytes) ? inflate(bytes, INFLATED_MOST) : ok(bytes);
  if (!text.ok) return fail({ ...text.problem, where: name });
  const trace = importTrace(text.value, { name, ...options });
  if (trace.ok) holdTrace(name, trace.value);
  return trace;
}
