/**
 * Expressions that users write: arithmetic over named numbers, parsed by mathjs and compiled to plain functions.
 *
 * Only what is listed here is allowed: no assignment, no access, no function beyond the list, no name beyond those
 * given. mathjs evaluates nothing: equal results in every engine come from the deterministic functions of maths.ts.
 *
 * Not exported from index.ts: mathjs takes half a second to load. The edges import this file when a document holds an
 * expression.
 */
import { parse } from "mathjs";
import type { MathNode } from "mathjs";
import { exp, ln, pow } from "./maths.ts";
import { nearestNames } from "./nearest.ts";
import { fail, ok } from "./result.ts";
import type { Result } from "./result.ts";

/** Computes an expression from numbers in the order of the names it was compiled with. */
export type Compiled = {
  /** Places, among the names given, of those it reads. */
  readonly reads: readonly number[];
  readonly evaluate: (values: ArrayLike<number>) => number;
};

type Term = (values: ArrayLike<number>) => number;

const LENGTH_LIMIT = 10_000; // assumption: no formula is longer; keeps parsing short
const DEPTH_LIMIT = 100; // assumption: deeper nesting is a mistake or an attack

const FUNCTIONS: Readonly<
  Record<string, { least: number; most: number; of: (...x: number[]) => number }>
> = {
  min: { least: 1, most: 100, of: (...x) => Math.min(...x) },
  max: { least: 1, most: 100, of: (...x) => Math.max(...x) },
  abs: { least: 1, most: 1, of: (x) => Math.abs(x) },
  floor: { least: 1, most: 1, of: (x) => Math.floor(x) },
  ceil: { least: 1, most: 1, of: (x) => Math.ceil(x) },
  round: { least: 1, most: 1, of: (x) => Math.round(x) },
  sqrt: { least: 1, most: 1, of: (x) => Math.sqrt(x) },
  exp: { least: 1, most: 1, of: exp },
  log: { least: 1, most: 1, of: ln },
};

const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "^": pow,
  "<": (a, b) => Number(a < b),
  "<=": (a, b) => Number(a <= b),
  ">": (a, b) => Number(a > b),
  ">=": (a, b) => Number(a >= b),
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
};

const UNARY: Readonly<Record<string, (a: number) => number>> = {
  "-": (a) => -a,
  "+": (a) => a,
  not: (a) => Number(a === 0),
};

/**
 * Compiles an expression over the given names. Comparisons give 1 or 0. Errors: no expression, an unknown name (with the
 * nearest known one), anything that is not on the list; `where` names the place.
 */
export function compileExpression(
  text: string,
  names: readonly string[],
  where: string,
): Result<Compiled> {
  if (text.length > LENGTH_LIMIT) {
    return fail({
      what: "the expression is too long",
      where,
      expected: `${LENGTH_LIMIT} characters`,
    });
  }
  let node: MathNode;
  try {
    node = parse(text);
  } catch (error) {
    return fail({ what: `no expression: ${(error as Error).message}`, where, expected: EXAMPLE });
  }
  const reads = new Set<number>();
  const term = compileNode(node, { names, where, reads, depth: 0 });
  if (!term.ok) return term;
  return ok({ reads: [...reads].sort((a, b) => a - b), evaluate: term.value });
}

const EXAMPLE = "prefill_blocks_new + 0.5 * active_blocks + 20 * (queue_ms > 200)";

type Scope = {
  readonly names: readonly string[];
  readonly where: string;
  readonly reads: Set<number>;
  readonly depth: number;
};

/** The parts of mathjs's nodes that are read here. */
type Parts = {
  readonly type: string;
  readonly value?: unknown;
  readonly name?: string;
  readonly op?: string;
  readonly content?: MathNode;
  readonly args?: readonly MathNode[];
  readonly fn?: { readonly name?: string };
  readonly condition?: MathNode;
  readonly trueExpr?: MathNode;
  readonly falseExpr?: MathNode;
};

function compileNode(node: MathNode, outer: Scope): Result<Term> {
  const parts = node as unknown as Parts;
  const scope = { ...outer, depth: outer.depth + 1 };
  if (scope.depth > DEPTH_LIMIT) {
    return fail({ what: "the expression is nested too deeply", where: scope.where });
  }
  switch (parts.type) {
    case "ConstantNode":
      return constant(parts.value, scope);
    case "SymbolNode":
      return symbol(parts.name ?? "", scope);
    case "ParenthesisNode":
      return compileNode(parts.content!, scope);
    case "OperatorNode":
      return operator(parts.op ?? "", parts.args ?? [], scope);
    case "FunctionNode":
      return call(parts.fn?.name ?? "", parts.args ?? [], scope);
    case "ConditionalNode":
      return conditional(parts, scope);
    case "RelationalNode":
      return refuse("chained comparisons", scope, "write a < b and b < c");
    default:
      return refuse(`${parts.type.replace(/Node$/, "").toLowerCase()} expressions`, scope);
  }
}

function refuse(what: string, { where }: Scope, remedy?: string): Result<Term> {
  return fail({
    what: `${what} are not allowed here`,
    where,
    expected: `arithmetic, comparisons, ? :, ${Object.keys(FUNCTIONS).join(", ")}`,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function constant(value: unknown, scope: Scope): Result<Term> {
  if (typeof value === "boolean") return ok(() => Number(value));
  return typeof value === "number" ? ok(() => value) : refuse("texts", scope);
}

function symbol(name: string, { names, where, reads }: Scope): Result<Term> {
  const at = names.indexOf(name);
  if (at < 0) {
    const near = nearestNames(name, names)[0];
    return fail({
      what: `unknown name "${name}"`,
      where,
      expected: `one of ${names.join(", ")}`,
      ...(near === undefined ? {} : { remedy: `did you mean ${near}?` }),
    });
  }
  reads.add(at);
  return ok((values) => values[at]!);
}

function operator(op: string, args: readonly MathNode[], scope: Scope): Result<Term> {
  const terms = compileAll(args, scope);
  if (!terms.ok) return terms;
  const [first, second] = terms.value;
  const unary = args.length === 1 ? UNARY[op] : undefined;
  if (unary !== undefined) return ok((values) => unary(first!(values)));
  const binary = args.length === 2 ? BINARY[op] : undefined;
  if (binary === undefined) return refuse(`"${op}"`, scope);
  return ok((values) => binary(first!(values), second!(values)));
}

function call(name: string, args: readonly MathNode[], scope: Scope): Result<Term> {
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (known === undefined) return refuse(`calls of "${name}"`, scope);
  if (args.length < known.least || args.length > known.most) {
    return fail({ what: `${name} does not take ${args.length} arguments`, where: scope.where });
  }
  const terms = compileAll(args, scope);
  if (!terms.ok) return terms;
  const list = terms.value;
  const { of } = known;
  if (list.length === 1) return ok((values) => of(list[0]!(values)));
  if (list.length === 2) return ok((values) => of(list[0]!(values), list[1]!(values)));
  return ok((values) => of(...list.map((term) => term(values))));
}

function conditional({ condition, trueExpr, falseExpr }: Parts, scope: Scope): Result<Term> {
  const terms = compileAll([condition!, trueExpr!, falseExpr!], scope);
  if (!terms.ok) return terms;
  const [test, yes, no] = terms.value;
  return ok((values) => (test!(values) === 0 ? no!(values) : yes!(values)));
}

function compileAll(nodes: readonly MathNode[], scope: Scope): Result<Term[]> {
  const terms: Term[] = [];
  for (const node of nodes) {
    const term = compileNode(node, scope);
    if (!term.ok) return term;
    terms.push(term.value);
  }
  return ok(terms);
}
