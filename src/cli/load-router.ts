/** A user's own router: a scoring expression in the scenario, or a module of theirs. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { GuardedRouter, routerPolicies, SCORE_SIGNALS, ScoreRouter } from "../policies/index.ts";
import type { Router, RouterPolicy, RouterSetting } from "../policies/index.ts";
import type { Scenario } from "../sim/index.ts";

/** Makes the router of a process. */
export type RouterMaker = (setting: RouterSetting) => Result<Router>;

/** A router of the user's own, and its name among the policies. */
export type OwnRouter = { readonly name: string; readonly make: RouterMaker };

/** Name of a scoring expression. */
const SCORE = "score";

/** The user's own router: the module's, else the scenario's expression; undefined: there is none. Errors: those of either. */
export async function ownRouter(
  scenario: Scenario,
  path: string | undefined,
): Promise<Result<OwnRouter | undefined>> {
  if (path === undefined) return scoreRouter(scenario);
  const own = await moduleRouter(path, scenario);
  if (!own.ok) return own;
  const isTaken = routerPolicies.some(({ meta }) => meta.name === own.value.name);
  return ok(isTaken ? { ...own.value, name: `own ${own.value.name}` } : own.value);
}

/** The scenario's expression compiled; undefined: it has none. Errors: what the compiler says. */
async function scoreRouter(scenario: Scenario): Promise<Result<OwnRouter | undefined>> {
  const { score, on_error: onError } = scenario.router;
  if (score === null) return ok(undefined);
  const { compileExpression } = await import("../core/expression.ts");
  const names = SCORE_SIGNALS.map(({ name }) => name);
  const compiled = compileExpression(score, names, "router.score");
  if (!compiled.ok) return compiled;
  return ok({ name: SCORE, make: () => ok(new ScoreRouter(compiled.value, onError)) });
}

/**
 * The policy that a module exports as `policy`. Errors: no such file, a module that cannot be loaded, an export that is no
 * policy.
 */
async function moduleRouter(path: string, scenario: Scenario): Promise<Result<OwnRouter>> {
  const where = path;
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isUntyped = code === "ERR_UNKNOWN_FILE_EXTENSION";
    return fail({
      what: isUntyped
        ? "this Node does not run TypeScript"
        : `the module does not load: ${message}`,
      where,
      expected: "a module that exports `policy`",
      remedy: isUntyped
        ? "use Node 22.18 or newer, or compile the module to .js"
        : "`headworks policies new NAME` writes one to start from",
    });
  }
  const policy = loaded["policy"] as Partial<RouterPolicy> | undefined;
  if (typeof policy?.create !== "function" || typeof policy.meta?.name !== "string") {
    return fail({
      what: "the module exports no policy",
      where,
      expected: "export const policy: RouterPolicy, with `meta` and `create`",
      remedy: "`headworks policies new NAME` writes one to start from",
    });
  }
  const { create, meta } = policy as RouterPolicy;
  const knobs: Record<string, number> = {};
  for (const knob of meta.knobs ?? []) knobs[knob.name] = knob.default;
  Object.assign(knobs, scenario.router.knobs);
  const { on_error: onError } = scenario.router;
  return ok({
    name: meta.name,
    make: (setting) => made(create, knobs, setting, meta.name, onError),
  });
}

function made(
  create: RouterPolicy["create"],
  knobs: Readonly<Record<string, number>>,
  setting: RouterSetting,
  name: string,
  onError: "stop" | "fallback",
): Result<Router> {
  try {
    return ok(new GuardedRouter(create(knobs, setting), `policy ${name}`, onError));
  } catch (error) {
    return fail({ what: `policy ${name} threw ${(error as Error).message}`, where: "create" });
  }
}
