/**
 * Document (from YAML or JSON) → scenario. The first fault is reported with its path, what was
 * expected there and what to do; how many more there are is said too.
 */

import type { z } from "zod";
import { fail, nearestNames, ok } from "../core/index.ts";
import type { Problem, QuantityParser, Result } from "../core/index.ts";
import { scenarioSchema } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { crossCheck } from "./scenario-checks.ts";
import { quantityOf, resolveQuantities } from "./scenario-quantities.ts";
import { allPaths, keysAt, scenarioJsonSchema } from "./scenario-schema.ts";

type Issue = z.core.$ZodIssue;

/**
 * A complete scenario from a plain document. `parseQuantity` turns texts with units ("50 ms") into
 * numbers in the unit of their key; without it they are refused.
 * The shorthand `trace` is moved to `traffic.source.trace`.
 */
export function parseScenario(document: unknown, parseQuantity?: QuantityParser): Result<Scenario> {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    return fail(notAScenario(document));
  }
  const resolved = resolveQuantities(document, parseQuantity);
  if (!resolved.ok) return resolved;
  const parsed = scenarioSchema.safeParse(resolved.value);
  if (!parsed.success) return fail(firstProblem(parsed.error.issues, resolved.value));
  const { trace, ...scenario } = parsed.data;
  if (trace === undefined) return checked(scenario);
  const source = scenario.traffic.source;
  if (source.trace !== undefined || source.synth !== undefined) {
    return fail({
      what: "traffic has two sources: the shorthand trace and traffic.source",
      where: "trace",
      expected: "one source of requests",
      remedy: "remove trace, or remove traffic.source.trace and traffic.source.synth",
    });
  }
  return checked({
    ...scenario,
    traffic: { ...scenario.traffic, source: { ...source, trace } },
  });
}

function checked(scenario: Scenario): Result<Scenario> {
  const problem = crossCheck(scenario);
  return problem === undefined ? ok(scenario) : fail(problem);
}

function notAScenario(document: unknown): Problem {
  const empty = document === null || document === undefined || document === "";
  return {
    what: empty ? "the scenario is empty" : `the scenario is ${kindOf(document)}`,
    expected: "a mapping of sections such as cluster, engine and traffic",
    remedy: "start with the line `trace: FILE`; `headworks schema` prints every key",
  };
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") return `the text ${JSON.stringify(shortened(value))}`;
  return `the ${typeof value} ${shortened(String(value))}`;
}

function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

function firstProblem(issues: readonly Issue[], document: unknown): Problem {
  const first = issues[0];
  if (first === undefined) return { what: "the scenario is invalid" };
  const problem = problemOf(first, document);
  const more = issues.length - 1;
  if (more === 0) return problem;
  const note = more === 1 ? "one more fault follows" : `${String(more)} more faults follow`;
  return {
    ...problem,
    remedy: problem.remedy === undefined ? note : `${problem.remedy} (${note})`,
  };
}

function problemOf(issue: Issue, document: unknown): Problem {
  const path = issue.path.map(String);
  const where = path.join(".");
  if (issue.code === "unrecognized_keys") return unknownKey(issue.keys[0] ?? "", path);
  const value = valueAt(document, path);
  const expected = expectation(issue);
  const missing = value === undefined && path.length > 0;
  const remedy = remedyFor(issue, value, path);
  return {
    what: missing ? "a required value is missing" : `${kindOf(value)} is not allowed here`,
    ...(where === "" ? {} : { where }),
    expected,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

function unknownKey(key: string, path: readonly string[]): Problem {
  const schema = scenarioJsonSchema();
  const known = keysAt(schema, path);
  const section = path.length === 0 ? "the scenario" : path.join(".");
  return {
    what: `unknown key ${JSON.stringify(shortened(key))}`,
    where: [...path, shortened(key)].join("."),
    expected: `a key of ${section}: ${known.join(", ")}`,
    remedy: `${suggestion(key, known, allPaths(schema))}`,
  };
}

function suggestion(
  key: string,
  known: readonly string[],
  everywhere: readonly { key: string; path: string }[],
): string {
  const near = nearestNames(key, known)[0];
  if (near !== undefined) return `did you mean ${near}?`;
  const name = nearestNames(
    key,
    everywhere.map((one) => one.key),
  )[0];
  const elsewhere = everywhere.find((one) => one.key === name);
  if (elsewhere !== undefined) return `did you mean ${elsewhere.path}?`;
  return "remove it; `headworks schema` prints every key";
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const segment of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[segment];
  }
  return value;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `a ${nameOfType(issue.expected)}`;
    case "too_small":
      return `a number ${issue.inclusive === true ? "≥" : ">"} ${String(issue.minimum)}`;
    case "too_big":
      return `a number ${issue.inclusive === true ? "≤" : "<"} ${String(issue.maximum)}`;
    case "invalid_value":
      return oneOf(issue.values);
    case "invalid_union":
      return "options" in issue && Array.isArray(issue.options)
        ? oneOf(issue.options)
        : "another type of value";
    default:
      return issue.message;
  }
}

function nameOfType(type: string): string {
  return type === "object" || type === "record" ? "mapping" : type;
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map(String).join(", ");
  return values.length === 1 ? names : `one of ${names}`;
}

function remedyFor(issue: Issue, value: unknown, path: readonly string[]): string | undefined {
  if (issue.code === "invalid_value" || issue.code === "invalid_union") {
    const options: readonly unknown[] =
      issue.code === "invalid_value"
        ? issue.values
        : "options" in issue && Array.isArray(issue.options)
          ? issue.options
          : [];
    const near = nearestNames(String(value), options.map(String))[0];
    if (near !== undefined) return `did you mean ${near}?`;
  }
  if (value === undefined) return `add ${path.at(-1) ?? "it"}`;
  if (typeof value === "string" && issue.code === "invalid_type") {
    return quantityOf(path.at(-1) ?? "") === undefined
      ? "write a plain number, without quotes or unit"
      : 'write a number, or one with a unit such as "50 ms"';
  }
  return "correct the value, or remove the key to get its default";
}
