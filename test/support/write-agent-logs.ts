/** Recordings as logs of agents and chats: Weka, Dynamo, Bailian, Applied Compute. */

import type { RecordedCall, Recording } from "./random-recording.ts";
import {
  agentOf,
  BlockNames,
  fileOf,
  marked,
  ms,
  never,
  seconds,
  shared,
  shuffled,
  styleOf,
  taskOf,
  type Style,
  type Written,
} from "./written-recording.ts";

/**
 * Weka: one object per task. It has one level of sub-agents, no clock that tasks share, no model of who joins: a parent's first call
 * after a blocking sub-agent's end waits for it. Ids are the task's own, unless their reader is told that system prompts are shared.
 */
export function writeWeka(recording: Recording, seed: number): Written {
  const style = styleOf(seed);
  const { blockSize } = style;
  const { leads, teller } = markers(recording, style);
  const isRelative = teller >= 0 && style.chance(0.5);
  const sharesSystem = style.chance(0.5);
  const hasRuns = style.chance(0.3);
  const tellsThink = recording.calls.map((call) => call.edges.length > 0 && style.chance(0.5));
  const tasks = recording.systemTokens.map((system, task) => {
    const calls = recording.calls.filter((call) => call.task === task);
    const startUs = Math.min(...calls.map((call) => call.startUs));
    const names = new BlockNames(style, true);
    const entry = (call: RecordedCall, fromUs: number): object => {
      const ids = names.chained(call.prompt, blockSize, false);
      return {
        t: seconds(call.startUs - fromUs),
        type: style.chance(0.5) ? "n" : "s",
        model: call.model,
        in: call.prompt.length,
        out: call.output,
        ...(hasRuns ? { hr: runsOf(ids) } : { hash_ids: marked(ids) }),
        api_time: seconds(call.endUs - call.startUs),
        ...(tellsThink[recording.calls.indexOf(call)] === true
          ? { think_time: seconds(call.thinkUs) }
          : {}),
      };
    };
    const requests: { readonly at: number; readonly entry: object }[] = [];
    recording.agents.forEach((agent, number) => {
      if (agent.task !== task) return;
      const own = calls.filter((call) => call.agent === number);
      const atUs = own[0]!.startUs - leads[number]!;
      if (agent.parent < 0) {
        requests.push(...own.map((call) => ({ at: call.startUs, entry: entry(call, startUs) })));
        return;
      }
      requests.push({
        at: atUs,
        entry: {
          type: "subagent",
          t: seconds(atUs - startUs),
          agent_id: `agent-${number}`,
          subagent_type: "Explore",
          status: agent.blocks ? "completed" : "async_launched",
          requests: own.map((call) => entry(call, isRelative ? atUs : startUs)),
        },
      });
    });
    requests.sort((a, b) => a.at - b.at);
    return {
      id: `task-${task}`,
      models: ["model-0", "model-1"],
      block_size: blockSize,
      hash_id_scope: "local",
      tool_tokens: Math.floor(system / 3),
      system_tokens: system - Math.floor(system / 3),
      requests: requests.map((one) => one.entry),
    };
  });
  return {
    ...fileOf(style, tasks, true),
    options: { shareSystem: sharesSystem },
    blockSize,
    hasTails: false,
    isTimed: false,
    arrivalUs: (call) => (call.edges.length === 0 ? 0 : NaN),
    edges: (call) =>
      call.edges.map((edge) =>
        edge.relation === "sequence" && tellsThink[recording.calls.indexOf(call)] === true
          ? { ...edge, delayUs: call.thinkUs }
          : edge,
      ),
    notBeforeUs: never,
    session: agentOf,
    task: taskOf,
    space: ({ task }, tokens) => {
      const system = recording.systemTokens[task]!;
      return sharesSystem && tokens <= system ? `system ${system}` : `task ${task}`;
    },
  };
}

/**
 * Times from the markers of sub-agents to their first calls. That times count from markers shows only where a call would lie before its
 * own: some sub-agent of the first task that has any must tell; −1: none can.
 */
function markers(
  { agents, calls, systemTokens }: Recording,
  style: Style,
): { readonly leads: readonly number[]; readonly teller: number } {
  const begins = systemTokens.map((_, task) => calls.find((call) => call.task === task)!.startUs);
  const room = agents.map(
    ({ task }, agent) => calls.find((call) => call.agent === agent)!.startUs - begins[task]!,
  );
  const first = agents.find(({ parent }) => parent >= 0)?.task;
  const teller = agents.findIndex(
    ({ parent, task }, agent) => parent >= 0 && task === first && room[agent]! > 0,
  );
  const leads = agents.map(({ parent }, agent) =>
    parent < 0 || agent === teller || style.chance(0.6)
      ? 0
      : style.random.int(1 + room[agent]! / 1000) * 1000,
  );
  return { leads, teller };
}

/** Ids as starts and lengths of consecutive ones, one list. */
function runsOf(ids: readonly bigint[]): number[] {
  const runs: number[] = [];
  for (const id of ids.map(Number)) {
    const last = runs.length - 2;
    if (last >= 0 && runs[last]! + runs[last + 1]! === id) runs[last + 1]!++;
    else runs.push(id, 1);
  }
  return runs;
}

/**
 * Dynamo's request trace: a line at the end of each call. It has no edges: a session's calls follow each other, a sub-agent follows
 * the last call that its parent sent before, and the parent's first call after its end waits for it, unless a tool's event says that it
 * ran in the background. Think time is the distance of the calls, waits for sub-agents included.
 */
export function writeDynamo(recording: Recording, seed: number, isAgentic: boolean): Written {
  const style = styleOf(seed);
  const { blockSize, chance } = style;
  const names = new BlockNames(style, false);
  const epochMs = 1_760_000_000_000;
  const requestId = (call: number): string => `request-${call}`;
  const lines: { readonly atUs: number; readonly event: object }[] = [];
  recording.calls.forEach((call, index) => {
    const { parent } = recording.agents[call.agent]!;
    lines.push({
      atUs: call.endUs,
      event: {
        schema: "dynamo.request.trace.v1",
        event_type: "request_end",
        event_time_unix_ms: epochMs + ms(call.endUs),
        event_source: "dynamo",
        ...(isAgentic
          ? {
              agent_context: {
                session_id: `s${call.agent}`,
                ...(parent < 0 ? {} : { parent_session_id: `s${parent}` }),
              },
            }
          : {}),
        request: {
          request_id: requestId(index),
          model: call.model,
          output_tokens: call.output,
          request_received_ms: epochMs + ms(call.startUs),
          total_time_ms: ms(call.endUs - call.startUs),
          replay: {
            trace_block_size: blockSize,
            input_length: call.prompt.length,
            input_sequence_hashes: marked(names.chained(call.prompt, blockSize, true)),
          },
        },
      },
    });
  });
  recording.agents.forEach(({ parent, blocks: isBlocking, spawnedBy, joinedBy }, agent) => {
    if (!isAgentic || parent < 0 || (isBlocking && chance(0.5))) return;
    const atUs = recording.calls[spawnedBy]!.endUs;
    lines.push({
      atUs,
      event: {
        schema: "dynamo.request.trace.v1",
        event_type: "tool_end",
        event_time_unix_ms: epochMs + ms(atUs),
        agent_context: { session_id: `s${parent}` },
        tool: {
          tool_call_id: `tool-${agent}`,
          tool_class: "Agent",
          started_at_unix_ms: epochMs,
          ended_at_unix_ms: epochMs,
          claude: {
            source_request_id: requestId(spawnedBy),
            ...(joinedBy < 0 ? {} : { consumer_request_id: requestId(joinedBy) }),
            child_session_id: `s${agent}`,
            execution_mode: isBlocking ? "blocking" : "background",
          },
        },
      },
    });
  });
  lines.sort((a, b) => a.atUs - b.atUs);
  const values = lines.map(({ event }) => (chance(0.5) ? { timestamp: epochMs, event } : event));
  return {
    ...fileOf(style, values),
    options: {},
    blockSize,
    hasTails: true,
    isTimed: true,
    arrivalUs: (call) => call.startUs,
    edges: (call) => (isAgentic ? call.edges : []),
    notBeforeUs: never,
    session: isAgentic ? agentOf : () => -1,
    task: taskOf,
    space: shared,
  };
}

/**
 * Bailian: a chat per line, each with its parent. It has no ends: the distance of two chats' starts stands for the service of the first
 * and the thought before the second. Blocks are hashed alone; equal ones behind different texts have equal ids.
 */
export function writeBailian(recording: Recording, seed: number): Written {
  const style = styleOf(seed);
  const names = new BlockNames(style, false);
  const chats = shuffled(
    style,
    recording.calls.map((_, i) => i + 1),
  );
  const rows = recording.calls.map((call, index) => ({
    chat_id: chats[index],
    parent_chat_id: call.edges.length === 0 ? -1 : chats[call.edges[0]!.on],
    timestamp: seconds(call.startUs),
    input_length: call.prompt.length,
    output_length: call.output,
    type: "text",
    turn: 1,
    hash_ids: marked(names.alone(call.prompt, 16)),
  }));
  return {
    ...fileOf(style, rows),
    options: { format: "bailian" },
    blockSize: 16,
    hasTails: true,
    isTimed: true,
    arrivalUs: (call) => call.startUs,
    edges: (call) =>
      call.edges.map((edge) => ({
        ...edge,
        delayUs: call.startUs - recording.calls[edge.on]!.startUs,
      })),
    notBeforeUs: never,
    session: taskOf,
    task: taskOf,
    space: shared,
  };
}

/** Applied Compute: a line of lengths per session. It has no times of arrival, no block ids, and a prompt always holds the whole of the one before. */
export function writeApplied(recording: Recording, seed: number): Written {
  const style = styleOf(seed);
  const { blockSize } = style;
  const rows = recording.systemTokens.map((_, task) => {
    const calls = recording.calls.filter((call) => call.task === task);
    const later = calls.slice(1);
    return {
      num_turns: later.length,
      input_prompt_length: calls[0]!.prompt.length,
      assistant_response_length: calls.slice(0, -1).map((call) => call.output),
      tool_call_output_length: later.map(
        (call, i) => call.prompt.length - calls[i]!.prompt.length - calls[i]!.output,
      ),
      tool_call_latency: later.map((call) => seconds(call.edges[0]!.delayUs)),
      final_assistant_response_length: calls.at(-1)!.output,
    };
  });
  return {
    ...fileOf(style, rows),
    options: { blockSize },
    blockSize,
    hasTails: false,
    isTimed: false,
    arrivalUs: (call) => (call.edges.length === 0 ? 0 : NaN),
    edges: (call) => call.edges,
    notBeforeUs: never,
    session: taskOf,
    task: taskOf,
    space: ({ task }) => `task ${task}`,
  };
}
