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
  const {
    LineCounter,
    isMap,
    isPair,
    isScalar,
    isSeq,
    parseDocument: parse,
  } = await import("yaml");
  const lines = new LineCounter();
  let node: unknown = parse(text, { lineCounter: lines, prettyErrors: false }).contents;
  let offset: number | undefined;
  for (const segment of problem.where.split(".")) {
    if (isSeq(node)) {
      const item = node.items[Number(segment)];
      if (!isMap(item)) break;
      node = item;
      if (item.range) offset = item.range[0];
      continue;
    }
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
