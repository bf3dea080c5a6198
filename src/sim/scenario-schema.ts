/** The scenario's JSON Schema, for editors that complete and check files, and lookups in it. */

import { z } from "zod";
import { scenarioSchema } from "./scenario.ts";
import { quantityOf } from "./scenario-quantities.ts";

/** The few parts of a JSON Schema node that are read here. */
export type SchemaNode = {
  type?: string | string[];
  description?: string;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: boolean | SchemaNode;
  anyOf?: SchemaNode[];
  oneOf?: SchemaNode[];
  [key: string]: unknown;
};

/**
 * JSON Schema (draft 2020-12) of a scenario file as users write it: defaults may be left out, and
 * keys that end in a unit also take text with a unit ("50 ms").
 */
export function scenarioJsonSchema(): SchemaNode {
  const node = plainNode(z.toJSONSchema(scenarioSchema, { io: "input" }));
  allowQuantities(node);
  return {
    ...node,
    $id: "urn:headworks:scenario:1",
    title: "Headworks scenario, version 1",
  };
}

/** zod adds non-enumerable methods to its output; a plain copy is what is published. */
function plainNode(node: object): SchemaNode {
  return JSON.parse(JSON.stringify(node)) as SchemaNode;
}

function allowQuantities(node: SchemaNode): void {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    if (quantityOf(key) !== undefined) allowText(child);
    allowQuantities(child);
  }
  for (const branch of branches(node)) if (branch !== node) allowQuantities(branch);
}

function allowText(node: SchemaNode): void {
  if (node.anyOf !== undefined) node.anyOf.push({ type: "string" });
  else if (typeof node.type === "string") node.type = [node.type, "string"];
}

function branches(node: SchemaNode): SchemaNode[] {
  const nested = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  return nested.length === 0 ? [node] : nested;
}

/** Keys that may stand in the object at `path`, every variant's; empty when it is no object. */
export function keysAt(root: SchemaNode, path: readonly string[]): string[] {
  let nodes = branches(root);
  for (const segment of path) {
    nodes = nodes.flatMap((node) => {
      const child = Object.hasOwn(node.properties ?? {}, segment)
        ? node.properties?.[segment]
        : undefined;
      return child === undefined ? [] : branches(child);
    });
  }
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** Every key of the schema with its full path, for a key written in the wrong section. */
export function allPaths(root: SchemaNode, prefix = ""): { key: string; path: string }[] {
  return branches(root).flatMap((node) =>
    Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
      const path = prefix === "" ? key : `${prefix}.${key}`;
      return [{ key, path }, ...allPaths(child, path)];
    }),
  );
}
