/** Text of a scenario file → plain document; positions of faults in that text. */

import { fail, ok } from "../core/index.ts";
import type { Problem, Result } from "../core/index.ts";

/**
 * YAML or JSON text → document. JSON takes the short way, without the YAML parser.
 * Errors: a syntax error with line and column, two documents in one file.
 */
export async function parseDocument(text: string, name: string): Promise<Result<unknown>> {
  if (/^\s*\{/.test(text)) {
    try {
      return ok(JSON.parse(text) as unknown);
    } catch {
      // Broken JSON, or YAML in flow style: the YAML parser decides, and names line and column.
    }
  }
  const { LineCounter, parseAllDocuments } = await import("yaml");
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  if (!("length" in documents) || documents.length === 0) return ok(null);
  const first = documents[0];
  const fault = documents.flatMap((one) => [...one.errors, ...one.warnings])[0];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    return fail({
      what: `YAML: ${sentence(fault.message)}`,
      where: `${name}:${String(line)}:${String(col)}`,
      expected: "a scenario in YAML or JSON",
      remedy: "correct that line (indentation, quotes, colons)",
    });
  }
  if (first === undefined || documents.length > 1) {
    return fail({
      what: `the file holds ${String(documents.length)} documents`,
      where: name,
      expected: "one scenario",
      remedy: "put each scenario in a file of its own",
    });
  }
  try {
    return ok(first.toJS({ maxAliasCount: 100 }) as unknown);
  } catch (error) {
    // The library throws on aliases that multiply without end.
    return fail({ what: `YAML: ${sentence((error as Error).message)}`, where: name });
  }
}

function sentence(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/[.:]$/, "");
}

/** The problem with `FILE:LINE:COLUMN: ` before its path, where the path stands in the file. */
export async function withPosition(problem: Problem, text: string, name: string): Promise<Problem> {
  if (problem.where === undefined) return { ...problem, where: name };
  const { LineCounter, isMap, isPair, isScalar, parseDocument: parse } = await import("yaml");
  const lines = new LineCounter();
  let node: unknown = parse(text, { lineCounter: lines, prettyErrors: false }).contents;
  let offset: number | undefined;
  for (const segment of problem.where.split(".")) {
    if (!isMap(node)) break;
    const pair = node.items.find(
      (one) => isPair(one) && isScalar(one.key) && String(one.key.value) === segment,
    );
    if (pair === undefined) break;
    if (isScalar(pair.key) && pair.key.range) offset = pair.key.range[0];
    node = pair.value;
  }
  if (offset === undefined) return { ...problem, where: `${name}: ${problem.where}` };
  const { line, col } = lines.linePos(offset);
  return { ...problem, where: `${name}:${String(line)}:${String(col)}: ${problem.where}` };
}

/** `--set path=value`: a path of keys joined by dots, and a YAML value. */
export type Override = { readonly path: readonly string[]; readonly value: unknown };

/** Reads one override. Errors: no `=`, an empty path, a value that is no YAML. */
export async function parseOverride(text: string): Promise<Result<Override>> {
  const equals = text.indexOf("=");
  const path = text.slice(0, Math.max(equals, 0)).trim().split(".");
  if (equals < 0 || path.some((segment) => !/^\w[\w-]*$/.test(segment))) {
    return fail({
      what: `the override ${JSON.stringify(text)} cannot be read`,
      where: "--set",
      expected: "PATH=VALUE, for example engine.max_num_seqs=512",
      remedy: "join the keys with dots, and put the value after =",
    });
  }
  const raw = text.slice(equals + 1).trim();
  const value = await parseValue(raw, text);
  return value.ok ? ok({ path, value: value.value }) : value;
}

async function parseValue(raw: string, text: string): Promise<Result<unknown>> {
  // The common cases without loading the YAML parser, which costs a quarter of a cold start.
  if (raw === "true" || raw === "false") return ok(raw === "true");
  if (/^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/.test(raw)) return ok(Number(raw));
  if (/^[A-Za-z_][\w./-]*$/.test(raw) && !/^(null|true|false)$/i.test(raw)) return ok(raw);
  const parsed = await parseDocument(raw, `--set ${text}`);
  return parsed;
}

/** A copy of the document with the override in place; missing sections are made. */
export function applyOverride(document: unknown, override: Override): Result<unknown> {
  return setAt(document, override.path, override.value, []);
}

function setAt(
  node: unknown,
  path: readonly string[],
  value: unknown,
  walked: readonly string[],
): Result<unknown> {
  const [key, ...rest] = path;
  if (key === undefined) return ok(value);
  const absent = node === undefined || node === null;
  if (!absent && (typeof node !== "object" || Array.isArray(node))) {
    const at = walked.join(".");
    return fail({
      what: `${at} is no section, so ${key} cannot be set in it`,
      where: `--set ${[...walked, ...path].join(".")}`,
      expected: "a path through sections to one key",
      remedy: `set ${at} itself, or correct the path`,
    });
  }
  const section = absent ? {} : (node as Record<string, unknown>);
  const child = setAt(Object.hasOwn(section, key) ? section[key] : undefined, rest, value, [
    ...walked,
    key,
  ]);
  if (!child.ok) return child;
  // Built from entries: a key called __proto__ stays a key, and the schema refuses it.
  const entries = Object.entries(section).filter(([name]) => name !== key);
  return ok(Object.fromEntries([...entries, [key, child.value]]));
}
