/**
 * Edges between recorded calls of agents, from their sessions and times. Source: the lowering of request traces in Dynamo's data
 * generator, whose rules these are, with one exception: a call sent while the one before it in its session still ran waits for that to
 * be sent, where Dynamo's replay has it wait for the end.
 */

import type { Draft } from "./draft.ts";
import { GraphDraft } from "./graph-draft.ts";
import {
  RELATION_JOIN,
  RELATION_SEQUENCE,
  RELATION_SPAWN,
  TRIGGER_COMPLETION,
  TRIGGER_DISPATCH,
} from "./trace.ts";

export type AgentCall = {
  readonly row: number;
  readonly line: number;
  readonly id: string | undefined;
  readonly session: string;
  readonly parentSession: string | undefined;
  readonly startUs: number;
  readonly endUs: number;
};

/** What a tool's event tells of the sub-agent it ran: who called, who took the result, whether anyone waited. */
export type AgentTool = {
  readonly source: string | undefined;
  readonly consumer: string | undefined;
  readonly child: string;
  readonly isBackground: boolean;
};

type Edge = Parameters<GraphDraft["addEdge"]>[0];
type Session = { readonly calls: AgentCall[]; readonly parent: string | undefined };

/** Puts the edges and tasks of calls into the draft's graph; one call for each of its rows, in their order, which is that of the starts. */
export function linkAgents(
  draft: Draft,
  calls: readonly AgentCall[],
  tools: readonly AgentTool[],
): void {
  const sessions = new Map<string, Session>();
  for (const call of calls) {
    const known = sessions.get(call.session);
    if (known === undefined) {
      sessions.set(call.session, { calls: [call], parent: call.parentSession });
    } else known.calls.push(call);
  }
  const edges: Edge[] = [];
  const toolOf = new Map(tools.map((tool) => [tool.child, tool]));
  for (const [name, session] of sessions) {
    session.calls.forEach((call, i) => {
      if (i > 0) edges.push(after(call, session.calls[i - 1]!, RELATION_SEQUENCE));
    });
    if (session.parent === undefined) continue;
    const parent = sessions.get(session.parent);
    const first = session.calls[0]!;
    const spawned = parent === undefined ? [] : child(session, parent, toolOf.get(name));
    if (spawned.length === 0) {
      draft.faults.note("repaired: a sub-agent whose parent has no call before it", first.line);
    }
    edges.push(...spawned);
  }
  edges.sort((a, b) => a.to - b.to);
  const graph = new GraphDraft();
  const tasks = new Map<string, number>();
  for (const { session, line } of calls) {
    const root = rootOf(session, sessions);
    let task = tasks.get(root);
    if (task === undefined) tasks.set(root, (task = tasks.size));
    graph.addRow(task, line);
  }
  for (const edge of edges) graph.addEdge(edge);
  draft.graph = graph;
}

/** The start of a sub-agent, and what waits for its end; none: no call of the parent came before it. */
function child(session: Session, parent: Session, tool: AgentTool | undefined): Edge[] {
  const first = session.calls[0]!;
  const last = session.calls.reduce((a, b) => (b.endUs >= a.endUs ? b : a));
  const told = parent.calls.findIndex(({ id }) => id !== undefined && id === tool?.source);
  const source =
    told >= 0 ? told : parent.calls.findLastIndex(({ startUs }) => startUs <= first.startUs);
  if (source < 0) return [];
  const edges = [after(first, parent.calls[source]!, RELATION_SPAWN)];
  if (tool?.isBackground === true) return edges;
  const consumer = parent.calls.find(
    ({ id, startUs }, i) =>
      i > source && (tool?.consumer === undefined ? startUs >= last.endUs : id === tool.consumer),
  );
  if (consumer === undefined) return edges;
  const delayUs = Math.max(0, consumer.startUs - last.endUs);
  edges.push({
    to: consumer.row,
    on: last.row,
    trigger: TRIGGER_COMPLETION,
    relation: RELATION_JOIN,
    delayUs,
  });
  return edges;
}

/** A call that started while the one it follows ran waits for that to be sent, another for its end. */
function after(call: AgentCall, on: AgentCall, relation: number): Edge {
  const isInFlight = call.startUs < on.endUs;
  const sinceUs = call.startUs - (isInFlight ? on.startUs : on.endUs);
  return {
    to: call.row,
    on: on.row,
    trigger: isInFlight ? TRIGGER_DISPATCH : TRIGGER_COMPLETION,
    relation,
    delayUs: Math.max(0, sinceUs),
  };
}

/** The session at the top, as far as the file has its calls; in a circle of parents, each its own. */
function rootOf(session: string, sessions: ReadonlyMap<string, Session>): string {
  const seen = new Set<string>();
  let at = session;
  for (;;) {
    if (seen.has(at)) return session;
    seen.add(at);
    const parent = sessions.get(at)!.parent;
    if (parent === undefined || !sessions.has(parent)) return at;
    at = parent;
  }
}
