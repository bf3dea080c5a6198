/** `headworks policies`: what a scenario may choose from, as the policies describe themselves. */

import { fail, nearestNames, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { stepTimeMeta } from "../../hardware/index.ts";
import {
  admissionPolicies,
  bypassPolicies,
  evictionPolicies,
  offloadPolicies,
  onboardPolicies,
  routerPolicies,
  schedulerPolicies,
  SCORE_SIGNALS,
} from "../../policies/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { wrapped } from "../report-text.ts";
import { styleFor } from "../style.ts";
import type { Style } from "../style.ts";
import type { Terminal } from "../terminal.ts";

type Entry = {
  readonly key: string;
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly wins: string;
  readonly loses: string;
  readonly knobs: readonly string[];
};

/** Prints all, or the one of that name. Errors: an unknown name, with the nearest. */
export function policiesCommand(
  name: string | undefined,
  flags: { readonly json?: boolean },
  terminal: Terminal,
): Result<number> {
  const all = entries();
  const chosen = name === undefined ? all : all.filter((one) => one.name === name);
  if (chosen.length === 0) return fail(unknown(name ?? "", all));
  if (flags.json === true) {
    terminal.out(`${JSON.stringify(chosen)}\n`);
    return ok(EXIT_DONE);
  }
  const style = styleFor(terminal.colour.out);
  const text = chosen.map((one) => entryLines(one, style, terminal.columns).join("\n"));
  terminal.out(`${text.join("\n\n")}\n`);
  return ok(EXIT_DONE);
}

function entries(): Entry[] {
  const policies = [
    ...routerPolicies.map(({ meta }) => ({ key: "router.policy", meta })),
    ...admissionPolicies.map(({ meta }) => ({ key: "admission", meta })),
    ...schedulerPolicies.map(({ meta }) => ({ key: "engine.scheduler", meta })),
    ...evictionPolicies.map(({ meta }) => ({ key: "kv.tiers.eviction", meta })),
    ...offloadPolicies.map(({ meta }) => ({ key: "kv.tiers.offload", meta })),
    ...onboardPolicies.map(({ meta }) => ({ key: "kv.onboard", meta })),
    ...bypassPolicies.map(({ meta }) => ({ key: "disagg.conditional", meta })),
  ].map(({ key, meta }) => ({
    ...meta,
    key,
    knobs: meta.knobs.map(
      (knob) =>
        `${knob.name} (${knob.unit}, ${String(knob.min)} … ${String(knob.max)}, ` +
        `default ${String(knob.default)}): ${knob.description}`,
    ),
  }));
  const score = {
    key: "router.score",
    name: "score",
    title: "A scoring expression: least score wins",
    source: "your own",
    wins: "a rule fits in a line, and should run in simulation and live alike",
    loses: "a rule needs memory or looks at several workers at once: write a module",
    knobs: SCORE_SIGNALS.map(({ name, description }) => `${name}: ${description}`),
  };
  const models = stepTimeMeta.map((meta) => ({
    key: "engine.step_time.type",
    name: meta.type,
    title: meta.what,
    source: meta.source,
    wins: meta.wins,
    loses: meta.loses,
    // Their knobs are keys of the scenario, which `headworks schema` prints.
    knobs: [],
  }));
  return [...policies, score, ...models];
}

function entryLines(entry: Entry, style: Style, columns: number): string[] {
  const part = (label: string, text: string): string[] =>
    wrapped(text, columns - 12).map(
      (line, index) => `  ${style.dim((index === 0 ? label : "").padEnd(7))} ${line}`,
    );
  return [
    `${style.dim(`${entry.key}:`)} ${style.accent(style.bold(entry.name))}  ${entry.title}`,
    ...part("wins", entry.wins),
    ...part("loses", entry.loses),
    ...part("source", entry.source),
    ...entry.knobs.flatMap((knob) => part("knob", knob)),
  ];
}

function unknown(name: string, all: readonly Entry[]): Parameters<typeof fail>[0] {
  const names = all.map((one) => one.name);
  const near = nearestNames(name, names)[0];
  return {
    what: `nothing is called ${JSON.stringify(name)}`,
    where: "policies",
    expected: `one of ${names.join(", ")}`,
    ...(near === undefined ? {} : { remedy: `did you mean ${near}?` }),
  };
}
