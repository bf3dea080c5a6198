/** The dependency table of the project, as data. A zone is a folder; the longest prefix wins. */

export type Zone = {
  readonly folder: string;
  /** PURE: no host, no time, no randomness of its own, no engine-dependent mathematics. */
  readonly pure: boolean;
  /** Zones it may import, apart from itself. */
  readonly mayImport: readonly string[];
  /** Packages it may import; `undefined`: every dependency (not devDependency) of package.json. */
  readonly packages?: readonly string[];
  readonly mayImportNode: boolean;
  /** Files that are used from outside: everything else must be reachable from one of them. */
  readonly entries: readonly string[];
  /** Whether a README.md is needed once the folder has files. */
  readonly needsReadme: boolean;
};

function pureZone(name: string, mayImport: readonly string[], packages: readonly string[]): Zone {
  return {
    folder: `src/${name}`,
    pure: true,
    mayImport: mayImport.map((zone) => `src/${zone}`),
    packages,
    mayImportNode: false,
    entries: ["index.ts"],
    needsReadme: true,
  };
}

function hostZone(folder: string, mayImport: readonly string[], entries: readonly string[]): Zone {
  const src = folder.startsWith("src/");
  return {
    folder,
    pure: false,
    mayImport: mayImport.map((zone) => `src/${zone}`),
    mayImportNode: src,
    entries,
    needsReadme: src,
  };
}

const PURE = ["core", "hardware", "trace", "policies", "sim", "plan"];

export const ZONES: readonly Zone[] = [
  pureZone("core", [], ["seedrandom", "mathjs", "@stdlib/math-base-special-*"]),
  pureZone("hardware", ["core"], ["fflate"]),
  pureZone("trace", ["core"], ["fflate", "csv-parse"]),
  // Step-time estimates only, through the interface that hardware exports.
  pureZone("policies", ["core", "hardware"], []),
  pureZone("sim", ["core", "hardware", "trace", "policies"], ["zod"]),
  pureZone("plan", PURE.slice(0, -1), ["zod"]),
  // Never sim: a live run cannot depend on simulated state.
  hostZone("src/live", ["core", "hardware", "trace", "policies"], ["index.ts"]),
  hostZone("src/cli", [...PURE, "live"], ["main.ts"]),
  // Views see the protocol and the policies' metadata; the engine runs inside workers only.
  hostZone(
    "web",
    ["core", "policies"],
    // The build chooses one of the two ways to start the worker (.ci/page.mjs).
    ["main.tsx", "vite.config.ts", "engine/start-worker.ts", "engine/start-worker-inline.ts"],
  ),
  hostZone("web/workers", PURE, []),
];

/**
 * Files that another zone imports past the folder's index, lazily only: each costs too much to load
 * for a user who does not need it (mathjs: 580 ms).
 */
export const LAZY_DEEP_IMPORTS: readonly { readonly from: string; readonly target: string }[] = [
  { from: "src/cli", target: "src/core/quantity.ts" },
  { from: "src/cli", target: "src/core/expression.ts" },
  { from: "web/workers", target: "src/core/expression.ts" },
  { from: "web", target: "src/core/quantity.ts" },
  { from: "web/workers", target: "src/core/quantity.ts" },
];

/** What a page may know of its worker: the types of their messages, which cost nothing to load. */
export const WORKER_PROTOCOL = "web/workers/protocol.ts";

/** Modules that the page's build makes out of data (.ci/page.mjs). */
export const BUILT_MODULES = "virtual:headworks/";

/** Files that import what a user names: a module with a router of their own. */
export const COMPUTED_IMPORTS: readonly string[] = [
  "src/cli/load-router.ts",
  "src/cli/typescript-module.ts",
];

/** Files that use a development dependency where it is installed, and say so where it is not. */
export const OPTIONAL_PACKAGES: Readonly<Record<string, string>> = {
  "src/cli/typescript-module.ts": "vite",
};

/** Packages that only these files may load: units at the edge, and the solver of `calibrate`. */
export const PACKAGE_OWNERS: Readonly<Record<string, readonly string[]>> = {
  mathjs: ["src/core/quantity.ts", "src/core/expression.ts", "src/cli/linear-solver.ts"],
};

/** Source files that only tests use. Each needs a reason. */
export const TEST_SUPPORT: readonly string[] = [];

/**
 * The parts of Math that IEEE 754 or ECMAScript define to the last bit. Everything else may differ
 * between two engines, or between two versions of one.
 */
export const EXACT_MATH: ReadonlySet<string> = new Set(
  (
    "sqrt floor round ceil trunc min max abs imul fround clz32 sign " +
    "PI E LN2 LN10 LOG2E LOG10E SQRT2 SQRT1_2"
  ).split(" "),
);
