/** Judges a source graph by the rules of ./rules.ts. Each finding is one line of text. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import type { Zone } from "./rules.ts";
import { COMPUTED_IMPORT } from "./source-graph.ts";
import {
  COMPUTED_IMPORTS,
  OPTIONAL_PACKAGES,
  BUILT_MODULES,
  EXACT_MATH,
  LAZY_DEEP_IMPORTS,
  PACKAGE_OWNERS,
  TEST_SUPPORT,
  WORKER_PROTOCOL,
  ZONES,
} from "./rules.ts";
import type { Import, SourceFile, SourceGraph } from "./source-graph.ts";

const CODE = /\.[cm]?[jt]sx?$/;

/** Everything wrong with the tree, in a stable order; empty when all is well. */
export function checkLayers(root: string, graph: SourceGraph): string[] {
  const dependencies = dependenciesOf(root);
  const findings: string[] = [];
  for (const file of graph.values()) {
    const zone = zoneOf(file.path);
    if (zone === undefined) {
      findings.push(`${file.path}: belongs to no folder of the dependency table`);
      continue;
    }
    for (const { line, text } of file.faults) {
      if (text === COMPUTED_IMPORT && COMPUTED_IMPORTS.includes(file.path)) continue;
      findings.push(`${file.path}:${line}: ${text}`);
    }
    if (zone.pure) findings.push(...impurities(file));
    for (const each of file.imports) {
      const fault =
        each.target === undefined
          ? packageFault(file, zone, each, dependencies)
          : importFault(zone, each, each.target);
      if (fault !== undefined) findings.push(`${file.path}:${each.line}: ${fault}`);
    }
  }
  const folders = foldersWithFiles(root, graph);
  return [...findings, ...unseen(root, graph), ...folders, ...cycles(graph), ...dead(graph)];
}

function zoneOf(path: string): Zone | undefined {
  const holding = ZONES.filter((zone) => path.startsWith(`${zone.folder}/`));
  return holding.toSorted((a, b) => b.folder.length - a.folder.length)[0];
}

function impurities(file: SourceFile): string[] {
  const powers = file.powers.map(({ line, text }) => ({ line, what: `the ${text} operator` }));
  const uses = file.mathUses
    .filter(({ member }) => member === undefined || !EXACT_MATH.has(member))
    .map(({ line, member }) => ({ line, what: `Math${member ? `.${member}` : " as a value"}` }));
  return [...powers, ...uses].map(
    ({ line, what }) => `${file.path}:${line}: ${what} is not the same number in every engine`,
  );
}

function importFault(zone: Zone, each: Import, target: string): string | undefined {
  const other = zoneOf(target);
  if (other === undefined) {
    // Styles and pictures belong to the page, data files to whoever builds the page.
    const ofPage = zone.folder.startsWith("web") && /^(web|models|traces)\//.test(target);
    return ofPage ? undefined : `imports ${target}, which is outside the dependency table`;
  }
  if (other === zone) return undefined;
  if (zone.folder === "web" && other.folder === "web/workers") {
    if (isProgram(each) || (target === WORKER_PROTOCOL && each.kind === "type")) return undefined;
  }
  if (!zone.mayImport.includes(other.folder))
    return `${zone.folder} may not import ${other.folder}`;
  if (target === `${other.folder}/index.ts`) return undefined;
  const lazy = LAZY_DEEP_IMPORTS.some(
    (allowed) => allowed.from === zone.folder && allowed.target === target,
  );
  if (lazy && (each.kind === "dynamic" || each.kind === "type")) return undefined;
  return `imports ${target} past ${other.folder}/index.ts`;
}

/** A worker is started, not imported. */
function isProgram(each: Import): boolean {
  return each.kind === "program" || /\?worker\b/.test(each.specifier);
}

function packageFault(
  file: SourceFile,
  zone: Zone,
  { specifier }: Import,
  dependencies: readonly string[],
): string | undefined {
  if (specifier.startsWith(BUILT_MODULES) && zone.folder.startsWith("web")) return undefined;
  const bare = specifier.replace(/^node:/, "");
  if (specifier.startsWith("node:") || builtinModules.includes(bare)) {
    if (!zone.mayImportNode) return `${zone.folder} may not import ${specifier}`;
    return specifier === bare ? `write node:${bare}` : undefined;
  }
  const parts = specifier.split("/");
  const name = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const owners = PACKAGE_OWNERS[name];
  if (owners !== undefined && !owners.includes(file.path)) {
    return `${name} is loaded by ${owners.join(" and ")} only`;
  }
  // Vite itself configures the page's build and is no part of the page.
  const tool =
    (file.path === "web/vite.config.ts" && /^(vite$|@vitejs\/)/.test(name)) ||
    OPTIONAL_PACKAGES[file.path] === name;
  if (!dependencies.includes(name) && !tool) return `${name} is not a dependency in package.json`;
  const allowed = zone.packages?.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
  return allowed === false ? `${zone.folder} may not import the package ${name}` : undefined;
}

function dependenciesOf(root: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  return Object.keys(manifest.dependencies ?? {});
}

/** A check that saw less than there is proves nothing. */
function unseen(root: string, graph: SourceGraph): string[] {
  const onDisk = ["src", "web"].filter((folder) => existsSync(join(root, folder)));
  const files = onDisk.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
      .filter((path) => CODE.test(path) && !/\/(node_modules|dist)\//.test(path)),
  );
  if (files.length === 0) return ["there is no source file"];
  return files
    .filter((path) => !graph.has(path))
    .map((path) =>
      /\.tsx?$/.test(path) ? `${path}: was not read` : `${path}: sources are .ts or .tsx`,
    );
}

/** Each folder in use has its entry, its README and, when pure, a compiler that knows no host. */
function foldersWithFiles(root: string, graph: SourceGraph): string[] {
  const findings: string[] = [];
  for (const zone of ZONES) {
    if (![...graph.keys()].some((path) => zoneOf(path) === zone)) continue;
    const needed = [...zone.entries.slice(0, 1), ...(zone.needsReadme ? ["README.md"] : [])];
    for (const name of needed) {
      if (!existsSync(join(root, zone.folder, name))) findings.push(`${zone.folder}: no ${name}`);
    }
    if (!zone.pure) continue;
    const config = join(root, zone.folder, "tsconfig.json");
    const options = existsSync(config)
      ? (JSON.parse(readFileSync(config, "utf8")) as { compilerOptions?: object }).compilerOptions
      : undefined;
    const { lib, types } = (options ?? {}) as { lib?: unknown; types?: unknown };
    if (JSON.stringify([lib, types]) !== '[["es2023"],[]]') {
      findings.push(`${zone.folder}: tsconfig.json must set lib ["es2023"] and types []`);
    }
  }
  return findings;
}

/** Cycles between files, types included: two files that need each other are one file. */
function cycles(graph: SourceGraph): string[] {
  const findings: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) findings.push(`cycle: ${[...path.slice(at), file].join(" → ")}`);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const each of graph.get(file)?.imports ?? []) {
      // A page and its worker may know each other's types: they are two programs.
      if (each.target !== undefined && !isProgram(each)) visit(each.target);
    }
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return findings;
}

/** Files that no entry reaches. Tests do not count as users. */
function dead(graph: SourceGraph): string[] {
  const alive = new Set<string>();
  const visit = (file: string): void => {
    if (alive.has(file)) return;
    alive.add(file);
    for (const { target } of graph.get(file)?.imports ?? []) {
      if (target !== undefined) visit(target);
    }
  };
  for (const zone of ZONES) for (const entry of zone.entries) visit(`${zone.folder}/${entry}`);
  for (const file of TEST_SUPPORT) visit(file);
  const specifiers = new Set(
    [...graph.values()].flatMap((file) => file.imports.map((each) => each.specifier)),
  );
  const isUsed = (file: SourceFile): boolean =>
    alive.has(file.path) || file.ambientModules.some((name) => specifiers.has(name));
  const unused = [...graph.values()].filter((file) => !isUsed(file));
  return unused.map((file) => `${file.path}: dead file, no entry reaches it`);
}
