/** Reads TypeScript sources into what the layer checks need: imports and uses of inexact maths. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { parseSync } from "vite";

export type ImportKind =
  | "static"
  /** Erased by the compiler: `import type`, `export type`, `import("x").T`. */
  | "type"
  /** `import("x")`: loaded when reached. */
  | "dynamic"
  /** `new URL("./x.ts", import.meta.url)`: another program, such as a worker. */
  | "program";

export type Import = {
  readonly specifier: string;
  readonly kind: ImportKind;
  readonly line: number;
  /** Path from the root of the tree for a relative import that resolves. */
  readonly target?: string;
};

export type Finding = { readonly line: number; readonly text: string };

export type SourceFile = {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Names of `declare module "…"`. */
  readonly ambientModules: readonly string[];
  /** Uses of `Math`: the member's name, or undefined where it is not a plain member. */
  readonly mathUses: readonly { readonly line: number; readonly member: string | undefined }[];
  /** What cannot be judged, or is never right. */
  readonly faults: readonly Finding[];
  /** `**` and `**=`. */
  readonly powers: readonly Finding[];
};

export type SourceGraph = ReadonlyMap<string, SourceFile>;

type AstNode = { readonly type: string; readonly start: number; readonly [key: string]: unknown };

/** Every .ts and .tsx file under the given folders of `root`, by path from `root`. */
export function readSourceGraph(root: string, folders: readonly string[]): SourceGraph {
  const graph = new Map<string, SourceFile>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules" && entry.name !== "dist") visit(path);
      } else if (/\.tsx?$/.test(entry.name)) {
        graph.set(path, readSource(root, path));
      }
    }
  };
  for (const folder of folders) if (existsSync(join(root, folder))) visit(folder);
  return graph;
}

function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const { program, errors, comments } = parseSync(path, text);
  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length;
  const collector = new Collector(root, path, lineOf);
  for (const error of errors) collector.faults.push({ line: 1, text: error.message });
  for (const comment of comments) {
    if (/^\/\s*<reference/.test(comment.value)) {
      collector.fault(comment.start, "a triple-slash reference hides a dependency: import it");
    }
  }
  collector.visit(program as unknown as AstNode, undefined);
  return collector;
}

/** What is said of an import that cannot be followed. */
export const COMPUTED_IMPORT = "an import whose target is computed cannot be checked";

/** Walks one file's syntax tree. */
class Collector implements SourceFile {
  readonly path: string;
  readonly imports: Import[] = [];
  readonly ambientModules: string[] = [];
  readonly mathUses: { line: number; member: string | undefined }[] = [];
  readonly faults: Finding[] = [];
  readonly powers: Finding[] = [];
  readonly #root: string;
  readonly #lineOf: (offset: number) => number;

  constructor(root: string, path: string, lineOf: (offset: number) => number) {
    this.#root = root;
    this.path = path;
    this.#lineOf = lineOf;
  }

  fault(offset: number, text: string): void {
    this.faults.push({ line: this.#lineOf(offset), text });
  }

  visit(node: AstNode, parent: AstNode | undefined): void {
    this.#collectImport(node);
    this.#collectMaths(node, parent);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (isNode(child)) this.visit(child, node);
      }
    }
  }

  #collectImport(node: AstNode): void {
    switch (node.type) {
      case "ImportDeclaration":
        this.#add(node, node["source"], node["importKind"] === "type" ? "type" : "static");
        return;
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
        if (isNode(node["source"])) {
          this.#add(node, node["source"], node["exportKind"] === "type" ? "type" : "static");
        }
        return;
      case "ImportExpression":
        this.#add(node, node["source"], "dynamic");
        return;
      case "TSImportType":
        this.#add(node, node["source"], "type");
        return;
      case "TSExternalModuleReference":
        this.#add(node, node["expression"], "static");
        return;
      case "TSModuleDeclaration":
        if (isNode(node["id"]) && node["id"].type === "Literal") {
          this.ambientModules.push(String(node["id"]["value"]));
        }
        return;
      case "CallExpression":
        if (isIdentifier(node["callee"], "require")) {
          this.#add(node, (node["arguments"] as unknown[])[0], "static");
        }
        return;
      case "NewExpression":
        this.#collectProgram(node);
        return;
    }
  }

  /** `new URL("./worker.ts", import.meta.url)`; the emitted name ends in .js. */
  #collectProgram(node: AstNode): void {
    const [first, second] = node["arguments"] as unknown[];
    if (!isIdentifier(node["callee"], "URL") || !isNode(first) || !isNode(second)) return;
    const specifier = literalText(first);
    if (specifier === undefined || !specifier.startsWith(".")) return;
    const isHere = second.type === "MemberExpression" && isMetaProperty(second["object"]);
    if (isHere && this.#resolve(specifier) !== undefined) this.#add(node, first, "program");
  }

  #add(node: AstNode, source: unknown, kind: ImportKind): void {
    const specifier = isNode(source) ? literalText(source) : undefined;
    if (specifier === undefined) {
      this.fault(node.start, COMPUTED_IMPORT);
      return;
    }
    const line = this.#lineOf(node.start);
    if (!specifier.startsWith(".")) {
      this.imports.push({ specifier, kind, line });
      return;
    }
    const target = this.#resolve(specifier);
    if (target === undefined) this.fault(node.start, `there is no file ${specifier}`);
    else this.imports.push({ specifier, kind, line, target });
  }

  #resolve(specifier: string): string | undefined {
    // Vite's suffixes (?worker, ?raw) select a way to load the file before them.
    const path = posix.join(dirname(this.path), specifier.replace(/\?.*$/, ""));
    const candidates = [path, path.replace(/\.js$/, ".ts")];
    return candidates.find(
      (candidate) => /\.[a-z]+$/.test(candidate) && existsSync(join(this.#root, candidate)),
    );
  }

  #collectMaths(node: AstNode, parent: AstNode | undefined): void {
    const line = (): number => this.#lineOf(node.start);
    if (node["operator"] === "**" || node["operator"] === "**=") {
      this.powers.push({ line: line(), text: String(node["operator"]) });
    }
    if (!isIdentifier(node, "Math")) return;
    if (parent?.type !== "MemberExpression") {
      this.mathUses.push({ line: line(), member: undefined });
    } else if (parent["object"] === node) {
      const property = parent["property"] as AstNode;
      const member = parent["computed"] === true ? literalText(property) : String(property["name"]);
      this.mathUses.push({ line: line(), member });
    }
  }
}

function isNode(value: unknown): value is AstNode {
  return (
    typeof value === "object" && value !== null && typeof Reflect.get(value, "type") === "string"
  );
}

function isIdentifier(value: unknown, name: string): boolean {
  return isNode(value) && value.type === "Identifier" && value["name"] === name;
}

function isMetaProperty(value: unknown): boolean {
  return isNode(value) && value.type === "MetaProperty";
}

/** The text of a string literal, or of a template without holes. */
function literalText(node: AstNode): string | undefined {
  if (node.type === "Literal") {
    return typeof node["value"] === "string" ? node["value"] : undefined;
  }
  if (node.type !== "TemplateLiteral" || (node["expressions"] as unknown[]).length > 0) {
    return undefined;
  }
  const [quasi] = node["quasis"] as { readonly value: { readonly cooked: string } }[];
  return quasi?.value.cooked;
}
