/** A user's own router: a scoring expression in the scenario, or a module of theirs. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { GuardedRouter, routerPolicies, SCORE_SIGNALS, ScoreRouter } from "../policies/index.ts";
import type { Router, RouterPolicy, RouterSetting } from "../policies/index.ts";
import type { Scenario } from "../sim/index.ts";
import { importStripped, needsStripping } from "./typescript-module.ts";

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
  const imported = await importModule(path);
  if (!imported.ok) return imported;
  const loaded = imported.value;
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

async function importModule(path: string): Promise<Result<Record<string, unknown>>> {
  const file = resolve(path);
  try {
    if (needsStripping(file) && existsSync(file)) return await importStripped(file);
    return ok((await import(pathToFileURL(file).href)) as Record<string, unknown>);
  } catch (error) {
    return fail({
      what: `the module does not load: ${stripVTControlCharacters((error as Error).message).trim()}`,
      where: path,
      expected: "a module that exports `policy`",
      remedy: "`headworks policies new NAME` writes one to start from",
    });
  }
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
