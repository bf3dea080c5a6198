import { fail, ok, type Result } from "../core/index.ts";
import type { ArrivalSpec } from "./arrival-spec.ts";
import type { LengthSpec } from "./lengths.ts";
import { nearestName } from "./nearest-name.ts";
import { AGENTIC_RECIPES } from "./synth-agentic.ts";
import { AZURE_RECIPES } from "./synth-azure.ts";
import { MOONCAKE_RECIPES } from "./synth-mooncake.ts";
import type { PrefixGroups, SynthRecipe } from "./synth-recipe.ts";

/** What `parametricRecipe` lets its caller choose; lengths are tokens. */
export type ParametricOptions = {
  readonly arrivals?: ArrivalSpec;
  readonly input?: LengthSpec;
  readonly output?: LengthSpec;
  readonly prefix?: PrefixGroups;
  /** Tokens per block id; 512 with a prefix, else none. */
  readonly blockSize?: number;
  readonly durationS?: number;
};

/**
 * One flow of unrelated requests. Untold, it is the generated workload of the benchmarks: Poisson
 * at 10/s, lognormal lengths with means near 1,100 and 210 as in Azure 2023's conversations (1,155
 * and 211).
 */
export function parametricRecipe(options: ParametricOptions = {}): SynthRecipe {
  const { arrivals, input, output, prefix, durationS = 3600 } = options;
  return {
    name: "poisson-lognormal",
    summary: "Unrelated requests: Poisson arrivals, lognormal lengths; every part can be replaced",
    blockSize: options.blockSize ?? (prefix === undefined ? 0 : 512),
    tickUs: 0,
    burnInS: 0,
    durationS,
    flows: [
      {
        kind: "requests",
        name: "requests",
        arrivals: arrivals ?? { kind: "poisson", perS: 10 },
        input: input ?? { kind: "lognormal-mean", mean: 1100, p50: 750, max: 32_768 },
        output: output ?? { kind: "lognormal-mean", mean: 210, p50: 150, max: 4096 },
        ...(prefix === undefined ? {} : { prefix }),
      },
    ],
  };
}

/** Every recipe that can be had by name. */
export const SYNTH_RECIPES: readonly SynthRecipe[] = [
  parametricRecipe(),
  ...AZURE_RECIPES,
  ...MOONCAKE_RECIPES,
  ...AGENTIC_RECIPES,
];

/** The recipe of a name, or a problem that suggests the nearest one. */
export function findRecipe(name: string): Result<SynthRecipe> {
  const found = SYNTH_RECIPES.find((recipe) => recipe.name === name);
  if (found !== undefined) return ok(found);
  const names = SYNTH_RECIPES.map((recipe) => recipe.name);
  const nearest = nearestName(name, names);
  return fail({
    what: `there is no recipe named ${JSON.stringify(name)}`,
    expected: `one of ${names.join(", ")}`,
    ...(nearest === undefined ? {} : { remedy: `did you mean ${nearest}?` }),
  });
}
