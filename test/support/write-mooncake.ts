/** Recordings in the formats that grew out of Mooncake's: delta rows, and calls that wait for calls by name. */

import type { RecordedCall, RecordedEdge, Recording } from "./random-recording.ts";
import {
  agentOf,
  BlockNames,
  fileOf,
  marked,
  ms,
  never,
  shared,
  shuffled,
  styleOf,
  taskOf,
  type RecordedHints,
  type Written,
} from "./written-recording.ts";

/**
 * Mooncake's delta rows: a session's turns in the order of the file, each with its new text alone. Later turns have a delay after the
 * end of the one before, or a time, from which no delay can be told, or both.
 */
export function writeDelta(recording: Recording, seed: number): Written {
  const style = styleOf(seed);
  const { blockSize } = style;
  const names = new BlockNames(style, false);
  const tells = recording.calls.map(() => ["delay", "time", "both"][style.random.int(3)]!);
  const rows = recording.calls.map((call, index) => {
    const [edge] = call.edges;
    const before = edge === undefined ? undefined : recording.calls[edge.on]!;
    const known = before === undefined ? 0 : before.prompt.length + before.output;
    const text = call.prompt.slice(known);
    const tell = tells[index];
    return {
      session_id: `s${call.task}`,
      ...(edge === undefined || tell !== "delay" ? { timestamp: ms(call.startUs) } : {}),
      ...(edge === undefined || tell === "time" ? {} : { delay: ms(edge.delayUs) }),
      input_length: text.length,
      output_length: call.output,
      hash_ids: marked(names.chained(text, blockSize, true, edge === undefined ? "" : `${index}`)),
    };
  });
  const tellOf = (call: RecordedCall): string => tells[recording.calls.indexOf(call)]!;
  const timeOf = (call: RecordedCall): number =>
    call.edges.length > 0 && tellOf(call) === "delay" ? NaN : call.startUs;
  // A time tells nothing where the turn before has none: the turn is released at once.
  const unknown = ({ on }: RecordedEdge): number =>
    Number.isNaN(timeOf(recording.calls[on]!)) ? 0 : NaN;
  return {
    ...fileOf(style, rows),
    options: { format: "mooncake_delta", blockSize },
    blockSize,
    hasTails: false,
    isTimed: true,
    arrivalUs: timeOf,
    edges: (call) =>
      call.edges.map((edge) =>
        tellOf(call) === "time" ? { ...edge, delayUs: unknown(edge) } : edge,
      ),
    notBeforeUs: never,
    session: taskOf,
    task: taskOf,
    space: shared,
  };
}

/** Hints that differ from call to call, most of them absent. */
function hintsOf({ output }: RecordedCall): RecordedHints {
  return {
    priority: output % 3 === 0 ? (output % 7) - 3 : 0,
    strictPriority: output % 4 === 0 ? output : 0,
    outputTokens: output % 5 === 0 ? 2 * output : 0,
    keepUs: output % 6 === 0 ? output * 250 : 0,
  };
}

function hintFields({ priority, strictPriority, outputTokens, keepUs }: RecordedHints): object {
  return {
    ...(priority === 0 ? {} : { priority }),
    ...(strictPriority === 0 ? {} : { strict_priority: strictPriority }),
    ...(outputTokens === 0 ? {} : { osl: outputTokens }),
    ...(keepUs === 0 ? {} : { keep_ms: ms(keepUs) }),
  };
}

/** The time of a call that nothing holds back; others have none. */
const rootTime = (call: RecordedCall): number => (call.edges.length === 0 ? call.startUs : NaN);

/** `agentic_mooncake`, version 2: every edge. Names of blocks and of sessions are a play's own where the scope is local. */
export function writeAgentic(recording: Recording, seed: number): Written {
  const style = styleOf(seed);
  const { blockSize, chance } = style;
  const isLocal = chance(0.5);
  const isHeld = chance(0.5);
  const file = new BlockNames(style, false);
  const plays = recording.systemTokens.map(() => (isLocal ? new BlockNames(style, true) : file));
  const firstAgent = recording.systemTokens.map((_, task) =>
    recording.agents.findIndex((agent) => agent.task === task),
  );
  const startUs = firstAgent.map(
    (agent) => recording.calls.find((call) => call.agent === agent)!.startUs,
  );
  const rows = recording.calls.map((call, index) => ({
    request_id: `request-${index}`,
    play_id: `play-${call.task}`,
    session_id: isLocal ? `s${call.agent - firstAgent[call.task]!}` : `s${call.agent}`,
    model: call.model,
    input_length: call.prompt.length,
    output_length: call.output,
    hash_ids: marked(plays[call.task]!.chained(call.prompt, blockSize, true)),
    ...(isHeld || call.edges.length === 0 ? { not_before_ms: ms(call.startUs) } : {}),
    ...hintFields(hintsOf(call)),
    dependencies: call.edges.map(({ on, trigger, relation, delayUs }) => ({
      request_id: `request-${on}`,
      trigger,
      delay_ms: ms(delayUs),
      relation,
    })),
  }));
  const header = {
    schema: "dynamo.agentic_mooncake",
    version: 2,
    block_size: blockSize,
    hash_id_scope: isLocal ? "local" : "global",
    source: { format: "test", digest: "" },
  };
  return {
    ...fileOf(style, [header, ...shuffled(style, rows)]),
    options: {},
    blockSize,
    hasTails: true,
    isTimed: true,
    arrivalUs: rootTime,
    edges: (call) => call.edges,
    hints: hintsOf,
    notBeforeUs: (call) =>
      isHeld && call.edges.length > 0 ? call.startUs - startUs[call.task]! : 0,
    session: agentOf,
    task: taskOf,
    space: isLocal ? ({ task }) => `task ${task}` : shared,
  };
}

/**
 * `agentic_mooncake`, version 1: calls wait for the ends of others, and then once, for the agent and for its tools. It has no edges
 * from a call's being sent and no relations; tasks are what hangs together.
 */
export function writeAgenticV1(recording: Recording, seed: number): Written {
  const style = styleOf(seed);
  const { blockSize } = style;
  const names = new BlockNames(style, false);
  const rows = recording.calls.map((call, index) => ({
    request_id: `request-${index}`,
    session_id: `s${call.agent}`,
    input_length: call.prompt.length,
    output_length: call.output,
    hash_ids: marked(names.chained(call.prompt, blockSize, true)),
    ...(call.edges.length === 0
      ? { timestamp: ms(call.startUs) }
      : { delay: ms(call.thinkUs), tool_wait_ms: 0.25 }),
    wait_for: call.edges.map(({ on }) => `request-${on}`),
  }));
  return {
    ...fileOf(style, shuffled(style, rows)),
    options: { format: "agentic_mooncake", blockSize },
    blockSize,
    hasTails: true,
    isTimed: true,
    arrivalUs: rootTime,
    edges: (call) =>
      call.edges.map(({ on }) => ({
        on,
        trigger: "completion",
        relation: "sequence",
        delayUs: call.thinkUs + 250,
      })),
    notBeforeUs: never,
    session: agentOf,
    task: taskOf,
    space: shared,
  };
}
