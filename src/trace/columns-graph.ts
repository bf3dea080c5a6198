/** Call graph and hints of a trace as columns of its file. */

import type { ColumnData, ColumnTable, TableColumn } from "../core/index.ts";
import { RELATIONS, TRIGGERS, type AgentHints, type CallGraph } from "./trace.ts";

export function graphColumns(graph: CallGraph): TableColumn[] {
  return [
    { name: "task", data: graph.task },
    { name: "edgeStart", data: graph.edgeStart },
    { name: "edgeOn", data: graph.on },
    { name: "edgeTrigger", data: graph.trigger },
    { name: "edgeRelation", data: graph.relation },
    { name: "edgeDelay", unit: "us", data: graph.delayUs },
    ...(graph.notBeforeUs === undefined
      ? []
      : [{ name: "notBefore", unit: "us", data: graph.notBeforeUs }]),
  ];
}

export function hintColumns(hints: AgentHints | undefined): TableColumn[] {
  const { strictPriority, outputTokens, keepUs } = hints ?? {};
  return [
    ...(strictPriority === undefined ? [] : [{ name: "strictPriority", data: strictPriority }]),
    ...(outputTokens === undefined
      ? []
      : [{ name: "outputHint", unit: "token", data: outputTokens }]),
    ...(keepUs === undefined ? [] : [{ name: "keep", unit: "us", data: keepUs }]),
  ];
}

/** The column of a name and kind; undefined when the table has none. */
export function column<T extends ColumnData>(
  table: ColumnTable,
  name: string,
  Kind: abstract new (...args: never[]) => T,
): T | undefined {
  const found = table.columns.find((candidate) => candidate.name === name);
  return found?.data instanceof Kind ? found.data : undefined;
}

/** The graph in a table; a text when it is unsound, undefined when there is none. */
export function readGraph(
  table: ColumnTable,
  taskCount: number | undefined,
  rows: number,
): CallGraph | string | undefined {
  const task = column(table, "task", Int32Array);
  const edgeStart = column(table, "edgeStart", Uint32Array);
  const on = column(table, "edgeOn", Uint32Array);
  const trigger = column(table, "edgeTrigger", Uint8Array);
  const relation = column(table, "edgeRelation", Uint8Array);
  const delayUs = column(table, "edgeDelay", Float64Array);
  const notBeforeUs = column(table, "notBefore", Float64Array);
  const isWhole = task && edgeStart && on && trigger && relation && delayUs;
  if (!isWhole || taskCount === undefined) return undefined;
  const edges = on.length;
  const sameRows = task.length === rows && (notBeforeUs?.length ?? rows) === rows;
  const sameEdges =
    trigger.length === edges && relation.length === edges && delayUs.length === edges;
  if (!sameRows || !sameEdges || edgeStart.length !== rows + 1 || edgeStart[rows] !== edges) {
    return "its columns of calls differ in length";
  }
  for (let row = 0; row < rows; row++) {
    if (task[row]! >= taskCount) return "a task number is out of range";
    if (edgeStart[row]! > edgeStart[row + 1]!) return "its edges are out of order";
    for (let edge = edgeStart[row]!; edge < edgeStart[row + 1]!; edge++) {
      if (on[edge]! >= row) return "a call comes before one that it waits for";
      if (!(delayUs[edge]! >= 0)) return "a delay is negative";
      const isKnown = trigger[edge]! < TRIGGERS.length && relation[edge]! < RELATIONS.length;
      if (!isKnown) return "an edge is of no known kind";
    }
  }
  const graph = { task, taskCount, edgeStart, on, trigger, relation, delayUs };
  return notBeforeUs === undefined ? graph : { ...graph, notBeforeUs };
}

/** The hints in a table; a text when they are unsound, undefined when there are none. */
export function readHints(table: ColumnTable, rows: number): AgentHints | string | undefined {
  const strictPriority = column(table, "strictPriority", Uint32Array);
  const outputTokens = column(table, "outputHint", Uint32Array);
  const keepUs = column(table, "keep", Float64Array);
  const all = [strictPriority, outputTokens, keepUs].filter((one) => one !== undefined);
  if (all.length === 0) return undefined;
  if (all.some(({ length }) => length !== rows)) return "its columns of hints differ in length";
  return {
    ...(strictPriority === undefined ? {} : { strictPriority }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(keepUs === undefined ? {} : { keepUs }),
  };
}
