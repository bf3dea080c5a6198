import { describe, expect, it } from "vitest";
import {
  exportTrace,
  inspectTrace,
  RELATION_JOIN,
  RELATION_SEQUENCE,
  RELATION_SPAWN,
  TRIGGER_COMPLETION,
  TRIGGER_DISPATCH,
  type Trace,
} from "../../src/trace/index.ts";
import { bytes, columns, idRows, imported, noted, refused } from "./import-support.ts";

/** Edges of every row, as plain numbers. */
function edgeRows(trace: Trace): { on: number; trigger: number; relation: number; us: number }[][] {
  const { edgeStart, on, trigger, relation, delayUs } = trace.graph!;
  return Array.from({ length: trace.rows }, (_, row) => {
    const edges = [];
    for (let e = edgeStart[row]!; e < edgeStart[row + 1]!; e++) {
      edges.push({ on: on[e]!, trigger: trigger[e]!, relation: relation[e]!, us: delayUs[e]! });
    }
    return edges;
  });
}

const lines = (...rows: unknown[]): string =>
  rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n");

const after = (on: number, us: number) => ({
  on,
  trigger: TRIGGER_COMPLETION,
  relation: RELATION_SEQUENCE,
  us,
});

describe("agentic_mooncake", () => {
  const header = { schema: "dynamo.agentic_mooncake", version: 2, block_size: 64 };
  const call = (request_id: string, rest: object = {}): object => ({
    request_id,
    play_id: "p",
    session_id: "s",
    input_length: 128,
    output_length: 5,
    hash_ids: [1, 2],
    ...rest,
  });
  const needs = (request_id: string, rest: object = {}) => ({
    dependencies: [
      { request_id, trigger: "completion", delay_ms: 2, relation: "sequence", ...rest },
    ],
  });

  it("version 2: typed edges, rows in any order, not before a time of the task", () => {
    const trace = imported(
      lines(
        header,
        call("b", { ...needs("a"), not_before_ms: 1500 }),
        call("c", {
          session_id: "t",
          ...needs("a", { trigger: "dispatch", relation: "spawn", delay_ms: 0.5 }),
        }),
        call("a", { not_before_ms: 1000, priority: -3, strict_priority: 7, osl: 40, keep_ms: 250 }),
      ),
    );
    expect(trace.header).toMatchObject({ format: "agentic_mooncake", blockSize: 64 });
    expect(columns(trace).us).toEqual([0, NaN, NaN]);
    expect(edgeRows(trace)).toEqual([
      [],
      [after(0, 2000)],
      [{ on: 0, trigger: TRIGGER_DISPATCH, relation: RELATION_SPAWN, us: 500 }],
    ]);
    expect(Array.from(trace.graph!.notBeforeUs!)).toEqual([0, 500_000, 0]);
    expect(Array.from(trace.sessions!.session)).toEqual([0, 0, 1]);
    expect(Array.from(trace.sessions!.parent)).toEqual([-1, 0, -1]);
    expect(Array.from(trace.priority!)).toEqual([-3, 0, 0]);
    expect(Array.from(trace.hints!.strictPriority!)).toEqual([7, 0, 0]);
    expect(Array.from(trace.hints!.outputTokens!)).toEqual([40, 0, 0]);
    expect(Array.from(trace.hints!.keepUs!)).toEqual([250_000, 0, 0]);
    expect(idRows(trace)[2]).toEqual([0, 1]);
  });

  it("names of sessions and, where the header says so, of blocks are a play's own", () => {
    const rows = [call("a"), call("b", { play_id: "q" })];
    const local = imported(lines({ ...header, hash_id_scope: "local" }, ...rows));
    expect(idRows(local)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(Array.from(local.sessions!.session)).toEqual([0, 1]);
    expect(idRows(imported(lines({ ...header, hash_id_scope: "global" }, ...rows)))).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(refused(lines(header, ...rows, { ...header, block_size: 32 })).what).toBe(
      "block_size is 32",
    );
    expect(refused(lines({ ...header, hash_id_scope: "word" }, ...rows)).what).toMatch(/scope is/);
  });

  it("leaves out calls without output where that is wished, and what waits for them", () => {
    const rows = [call("a", { output_length: 0 }), call("b", needs("a")), call("c")];
    const options = { zeroOutput: "drop" } as const;
    expect(refused(lines(header, ...rows), options).what).toMatch(
      /waits for a call that was dropped/,
    );
    const trace = imported(lines(header, ...rows, call("d", needs("c"))), {
      ...options,
      maxBadRows: 1,
    });
    expect(edgeRows(trace)).toEqual([[], [after(0, 2000)]]);
    expect(noted(trace, /no output tokens/)).toBe(1);
  });

  it("version 1: wait_for with two delays; tasks are what hangs together", () => {
    const v1 = (request_id: string, rest: object = {}): object => ({
      request_id,
      input_length: 10,
      output_length: 1,
      ...rest,
    });
    const trace = imported(
      lines(
        v1("x", { timestamp: 4, wait_for: [] }),
        v1("y", { timestamp: 4 }),
        v1("z", { wait_for: ["x"], delay: 3, tool_wait_ms: 0.25 }),
        v1("w", { wait_for: ["x", "z"] }),
      ),
    );
    expect(edgeRows(trace)).toEqual([[], [], [after(0, 3250)], [after(0, 0), after(2, 0)]]);
    expect(Array.from(trace.graph!.task)).toEqual([0, 1, 0, 0]);
    expect(trace.graph!.taskCount).toBe(2);
  });

  it.each([
    [
      "an unknown call",
      [call("a", needs("nobody"))],
      /waits for a call that the file does not have/,
    ],
    ["itself", [call("a", needs("a"))], /in a circle/],
    ["a circle", [call("a", needs("b")), call("b", needs("a"))], /in a circle/],
    ["a name twice", [call("a"), call("a")], /request_id "a" is used twice/],
    ["no name", [call("a", { request_id: undefined })], /request_id is missing/],
    ["a negative delay", [call("a"), call("b", needs("a", { delay_ms: -1 }))], /delay_ms is -1/],
    ["a trigger", [call("a"), call("b", needs("a", { trigger: "hope" }))], /trigger is unknown/],
    ["a relation", [call("a"), call("b", needs("a", { relation: "x" }))], /relation is unknown/],
    ["no prompt", [call("a", { input_length: 0, hash_ids: [] })], /input_length is 0/],
    ["a text for a count", [call("a", { output_length: "5" })], /output_length is "5"/],
    ["half a line", ['{"request_id": "a", '], /is cut off/],
    [
      "an object for a name",
      [{ request_id: "a", input_length: 9, output_length: 1, wait_for: [{ t: 1 }] }],
      /wait_for has an object for a name/,
    ],
    ["a version", [{ ...header, version: 9 }], /version is 9/],
  ])("refuses %s, with its line", (_, rows, message) => {
    const problem = refused(lines(header, call("ok"), ...rows));
    expect(problem.what).toMatch(message);
    expect(problem.where).toMatch(/line \d/);
  });

  it("leaves out what waits for a bad call, and counts it", () => {
    const rows = [call("ok"), call("a", needs("nobody")), call("b", needs("a"))];
    const trace = imported(lines(header, ...rows), { maxBadRows: 2 });
    expect(trace.rows).toBe(1);
    expect(noted(trace, /bad row skipped/)).toBe(2);
    expect(refused(lines(header, ...rows), { maxBadRows: 1 }).what).toMatch(/more than 1 bad rows/);
  });

  it("comes back from an export and from columns as it was", () => {
    const trace = imported(
      lines(
        header,
        call("a", { not_before_ms: 3, strict_priority: 1, policy_class: "gold" }),
        call("b", { ...needs("a"), not_before_ms: 9, osl: 3 }),
        call("c", { ...needs("b", { relation: "join" }), play_id: "p" }),
      ),
    );
    for (const format of ["agentic_mooncake", "columns"] as const) {
      const again = imported(exportTrace(trace, format));
      const { header: was, ...body } = trace;
      const { header: is, ...same } = again;
      expect(same).toEqual(body);
      expect(is.blockSize).toBe(was.blockSize);
    }
  });

  it("a window keeps whole tasks, a limit cuts none loose", () => {
    const play = (name: string, at: number): object[] => [
      call(`${name}0`, { play_id: name, not_before_ms: at }),
      call(`${name}1`, { play_id: name, ...needs(`${name}0`) }),
      call(`${name}2`, { play_id: name, ...needs(`${name}1`) }),
    ];
    const file = lines(header, ...play("a", 0), ...play("b", 5000));
    const windowed = imported(file, { window: { fromUs: 1_000_000, toUs: 9_000_000 } });
    expect(windowed.rows).toBe(3);
    expect(columns(windowed).us[0]).toBe(4_000_000);
    const limited = imported(file, { limit: 4 });
    expect(edgeRows(limited)).toEqual([[], [after(0, 2000)], [after(1, 2000)], []]);
  });
});

describe("mooncake-delta", () => {
  it("puts prompts together from turns and answers", () => {
    const rows = [
      { timestamp: 0, session_id: "a", input_length: 1024, output_length: 100, hash_ids: [7, 8] },
      { session_id: "a", delay: 5, input_length: 500, output_length: 30, hash_ids: [9] },
      { timestamp: 2, session_id: "b", input_length: 1024, output_length: 10, hash_ids: [7, 8] },
      { session_id: "a", delay: 5, input_length: 1, output_length: 1, hash_ids: [3] },
    ];
    const trace = imported(lines(...rows), { format: "mooncake_delta" });
    expect(columns(trace).input).toEqual([1024, 1624, 1655, 1024]);
    // 1624 tokens are three whole blocks: two of the turn before, one with the answer.
    expect(idRows(trace)).toEqual([
      [0, 1],
      [0, 1, 2],
      [0, 1, 2],
      [0, 1],
    ]);
    expect(
      refused(lines(...rows), { format: "mooncake_delta", window: { fromUs: 0, toUs: 1 } }).what,
    ).toMatch(/window/);
  });
});

describe("weka", () => {
  const ids = (...list: number[]): number[] => list;
  const call = (t: number, over: object = {}): object => ({
    t,
    type: "n",
    model: "m",
    in: 128,
    out: 9,
    hash_ids: ids(1, 2),
    ...over,
  });
  const task = (requests: object[], over: object = {}): object => ({
    id: "x",
    models: ["m"],
    block_size: 64,
    hash_id_scope: "local",
    tool_tokens: 64,
    system_tokens: 0,
    requests,
    ...over,
  });

  it("lowers a stream with think time, a blocking and a background sub-agent", () => {
    const trace = imported(
      lines(
        task([
          call(0, { api_time: 4 }),
          {
            type: "subagent",
            t: 2,
            status: "completed",
            requests: [call(0, { api_time: 3 }), call(5, { api_time: 2, think_time: 1.5 })],
          },
          {
            type: "subagent",
            t: 6,
            status: "async_launched",
            requests: [call(0, { api_time: 90 })],
          },
          call(12, { api_time: 1, think_time: 8 }),
        ]),
      ),
    );
    const start = trace.rows;
    expect(start).toBe(5);
    expect(trace.header.untimed).toBe(true);
    // In order of their starts: main 0, child 2, background 6, child 7, main 12.
    expect(edgeRows(trace)).toEqual([
      [],
      [{ on: 0, trigger: TRIGGER_DISPATCH, relation: RELATION_SPAWN, us: 2e6 }],
      [{ on: 0, trigger: TRIGGER_COMPLETION, relation: RELATION_SPAWN, us: 2e6 }],
      [after(1, 1.5e6)],
      [after(0, 8e6), { on: 3, trigger: TRIGGER_COMPLETION, relation: RELATION_JOIN, us: 3e6 }],
    ]);
    expect(Array.from(trace.graph!.task)).toEqual([0, 0, 0, 0, 0]);
    expect(new Set(trace.sessions!.session).size).toBe(3);
    expect(inspectTrace(trace).sessions!.tasks!.edges).toEqual({
      sequence: 2,
      spawn: 2,
      join: 1,
      replay_barrier: 0,
    });
  });

  it("keeps ids of tasks apart, unless a system prompt is shared", () => {
    const file = lines(task([call(0)]), task([call(0, { hash_ids: ids(1, 9) })]));
    expect(idRows(imported(file))).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(idRows(imported(file, { shareSystem: true }))).toEqual([
      [0, 1],
      [0, 2],
    ]);
  });

  it("takes a flattened sub-agent out of the stream by its prompt", () => {
    const trace = imported(
      lines(
        task([
          call(0, { api_time: 30 }),
          call(5, { api_time: 2, hash_ids: ids(50, 51) }),
          call(9, { api_time: 2, hash_ids: ids(50, 51, 52), in: 192 }),
          call(40, { api_time: 2, hash_ids: ids(1, 2, 3), in: 192 }),
        ]),
      ),
    );
    expect(edgeRows(trace)).toEqual([
      [],
      [{ on: 0, trigger: TRIGGER_DISPATCH, relation: RELATION_SPAWN, us: 5e6 }],
      [after(1, 2e6)],
      [after(0, 10e6), { on: 2, trigger: TRIGGER_COMPLETION, relation: RELATION_JOIN, us: 29e6 }],
    ]);
  });

  it("takes the times of all sub-agents to count from their marker when some come before it", () => {
    const agent = (t: number, inner: number, over: object = {}): object => ({
      type: "subagent",
      t,
      status: "async_launched",
      requests: [call(inner, { api_time: 1, ...over })],
    });
    const file = (...agents: object[]): string =>
      lines(task([call(0, { api_time: 1 }), ...agents]));
    const delays = (text: string): number[] =>
      edgeRows(imported(text))
        .flat()
        .map(({ us }) => us);
    expect(delays(file(agent(10, 4), agent(20, 30)))).toEqual([13e6, 49e6]);
    expect(delays(file(agent(10, 14), agent(20, 30)))).toEqual([13e6, 29e6]);
  });

  it("keeps the join of a sub-agent where calls without work are dropped", () => {
    const agent = {
      type: "subagent",
      t: 1,
      requests: [call(0, { api_time: 3 }), call(5, { api_time: 1, in: 0, hash_ids: [] })],
    };
    const empty = call(9, { in: 0, hash_ids: [] });
    const trace = imported(lines(task([call(0, { api_time: 1 }), agent, empty, call(12)])));
    expect(edgeRows(trace).at(-1)).toEqual([
      after(0, 11e6),
      { on: 1, trigger: TRIGGER_COMPLETION, relation: RELATION_JOIN, us: 8e6 },
    ]);
    expect(noted(trace, /dropped: no input tokens/)).toBe(2);
  });

  it("shares no blocks by token counts that no prompt has", () => {
    const huge = task([call(0)], { tool_tokens: 1e300 });
    expect(refused(lines(huge), { shareSystem: true }).what).toMatch(/tool_tokens is 1e\+300/);
    expect(refused(lines(task([call(0, { hash_ids: [1] })]))).where).toMatch(
      /requests\[0\].hash_ids/,
    );
  });

  it("reads an object spread over lines, and names the place of a fault", () => {
    const spread = JSON.stringify(task([call(0), call(3)]), null, 2);
    expect(imported(spread).rows).toBe(2);
    const bad = refused(lines(task([call(0)]), task([call(0), call(1, { in: -4 })])));
    expect(bad.where).toMatch(/line 2, column requests\[1\]\.in/);
    expect(refused(lines(task([call(0, { hash_ids: [2 ** 40, 1] })]))).what).toMatch(/too large/);
  });
});

describe("dynamo.request.trace.v1", () => {
  const event = (received: number, over: object = {}, context?: object): object => ({
    schema: "dynamo.request.trace.v1",
    event_type: "request_end",
    event_time_unix_ms: received + 100,
    ...(context === undefined ? {} : { agent_context: context }),
    request: {
      request_id: `r${received}`,
      output_tokens: 4,
      request_received_ms: received,
      total_time_ms: 100,
      replay: { trace_block_size: 32, input_length: 40, input_sequence_hashes: [1, 2] },
      ...over,
    },
  });

  it("keeps all 64 bits of a hash", () => {
    // The two differ in their last bit, which a float64 does not have.
    const raw = (received: number, hash: string): string =>
      JSON.stringify(event(received)).replace("[1,2]", `[18446744073709551614,${hash}]`);
    const trace = imported(lines(raw(1000, "9007199254740993"), raw(1010, "9007199254740992")));
    expect(trace.header.blockSize).toBe(32);
    expect(idRows(trace)).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(trace.graph).toBeUndefined();
  });

  it("orders by arrival, follows sessions, and starts sub-agents", () => {
    const trace = imported(
      lines(
        { timestamp: 1, event: event(5050, {}, { session_id: "kid", parent_session_id: "top" }) },
        event(5000, {}, { session_id: "top" }),
        { ...event(0), event_type: "tool_end", tool: {} },
        event(5400, {}, { session_id: "top" }),
      ),
    );
    expect(columns(trace).us).toEqual([0, 50_000, 400_000]);
    expect(edgeRows(trace)).toEqual([
      [],
      [{ on: 0, trigger: TRIGGER_DISPATCH, relation: RELATION_SPAWN, us: 50_000 }],
      // The agent's first call after its sub-agent's end took the result.
      [
        after(0, 300_000),
        { on: 1, trigger: TRIGGER_COMPLETION, relation: RELATION_JOIN, us: 250_000 },
      ],
    ]);
    expect(Array.from(trace.graph!.task)).toEqual([0, 0, 0]);
    expect(noted(trace, /tool_end/)).toBe(1);
  });

  it("has an agent wait for what its tools' events say, and for no sub-agent in the background", () => {
    const of = (session_id: string, parent?: string): object => ({
      session_id,
      ...(parent === undefined ? {} : { parent_session_id: parent }),
    });
    const tool = (claude: object): object => ({
      schema: "dynamo.request.trace.v1",
      event_type: "tool_end",
      event_time_unix_ms: 5000,
      agent_context: { session_id: "top" },
      tool: { tool_call_id: "t", tool_class: "Agent", claude },
    });
    const calls = [
      event(5000, {}, of("top")),
      event(5200, {}, of("kid", "top")),
      event(5400, {}, of("top")),
      event(5800, {}, of("top")),
    ];
    const joins = (...events: object[]): object[] =>
      edgeRows(imported(lines(...calls, ...events)))
        .flat()
        .filter(({ relation }) => relation === RELATION_JOIN);
    const join = (us: number): object => ({
      on: 1,
      trigger: TRIGGER_COMPLETION,
      relation: RELATION_JOIN,
      us,
    });
    const told = { child_session_id: "kid", source_request_id: "r5000" };
    expect(joins()).toEqual([join(100_000)]);
    expect(joins(tool({ ...told, execution_mode: "background" }))).toEqual([]);
    expect(
      joins(tool({ ...told, execution_mode: "blocking", consumer_request_id: "r5800" })),
    ).toEqual([join(500_000)]);
    expect(refused(lines(...calls, tool({ ...told, execution_mode: "maybe" }))).what).toMatch(
      /execution_mode is "maybe"/,
    );
  });

  it("takes the time of writing for the end where no service time is told", () => {
    const bare = (received: number): object =>
      event(received, { total_time_ms: null }, { session_id: "a" });
    expect(edgeRows(imported(lines(bare(1000), bare(1300))))).toEqual([[], [after(0, 200_000)]]);
  });

  it("refuses a request's name used twice, and a session with two parents", () => {
    const twice = { request_id: "r" };
    expect(refused(lines(event(1, twice), event(2, twice))).what).toMatch(/"r" is used twice/);
    const child = (received: number, parent_session_id: string): object =>
      event(received, {}, { session_id: "a", parent_session_id });
    const problem = refused(lines(child(1, "b"), child(2, "c")));
    expect(problem.what).toMatch(/parent_session_id is "c"/);
    expect(problem.where).toMatch(/line 2/);
  });

  it("refuses a mix of rows with and without agents, and of block sizes", () => {
    const mixed = refused(lines(event(1, {}, { session_id: "a" }), event(2)));
    expect(mixed.what).toMatch(/agent_context is missing/);
    const replay = { trace_block_size: 64, input_length: 1, input_sequence_hashes: [1] };
    expect(refused(lines(event(1), event(2, { replay }))).what).toMatch(/trace_block_size is 64/);
  });
});

describe("bailian and applied compute", () => {
  it("chains ids of single blocks, and links chats to their parents", () => {
    const chat = (
      chat_id: number,
      parent_chat_id: number,
      timestamp: number,
      hash_ids: number[],
    ) => ({
      chat_id,
      parent_chat_id,
      timestamp,
      input_length: 16 * hash_ids.length,
      output_length: 2,
      type: "text",
      turn: 1,
      hash_ids,
    });
    const trace = imported(
      lines(
        chat(1, -1, 0, [5, 6]),
        chat(2, 1, 2.5, [5, 6, 6]),
        chat(3, 1, 3, [9, 6]),
        chat(4, 99, 4, [1]),
      ),
    );
    // Block 6 behind 5 is another prefix than 6 behind 9.
    expect(idRows(trace)).toEqual([[0, 1], [0, 1, 2], [3, 4], [5]]);
    expect(edgeRows(trace)).toEqual([[], [after(0, 2.5e6)], [after(0, 3e6)], []]);
    expect(noted(trace, /parent is not in the file/)).toBe(1);
  });

  it("expands a session of lengths into growing prompts", () => {
    const session = {
      num_turns: 2,
      input_prompt_length: 100,
      assistant_response_length: [10, 20],
      tool_call_output_length: [30, 40],
      tool_call_latency: [1.5, 0],
      final_assistant_response_length: 7,
    };
    const trace = imported(lines(session));
    expect(columns(trace)).toEqual({
      us: [0, NaN, NaN],
      input: [100, 140, 200],
      output: [10, 20, 7],
    });
    expect(edgeRows(trace)).toEqual([[], [after(0, 1.5e6)], [after(1, 0)]]);
    expect(idRows(trace).map((row) => row.length)).toEqual([6, 8, 12]);
    const short = refused(lines({ ...session, tool_call_latency: [1] }));
    expect(short.what).toMatch(/tool_call_latency has 1 entries/);
  });

  it("refuses lengths and times that cannot be, and passes over calls without output", () => {
    const session = {
      num_turns: 2,
      input_prompt_length: 100,
      assistant_response_length: [0, 20],
      tool_call_output_length: [30, 40],
      tool_call_latency: [1.5, 2],
      final_assistant_response_length: 7,
    };
    for (const [key, list] of [
      ["assistant_response_length", [1.5, 2]],
      ["tool_call_output_length", ["3", 4]],
      ["tool_call_latency", [null, 1]],
      ["tool_call_latency", [1e300, 1]],
    ] as const) {
      const problem = refused(lines({ ...session, [key]: list }));
      expect(problem.what).toBe(`${key}[0] cannot be`);
      expect(problem.expected).toMatch(/tokens|seconds/);
    }
    const kept = imported(lines(session), { zeroOutput: "drop" });
    expect(columns(kept)).toEqual({ us: [0, NaN], input: [130, 190], output: [20, 7] });
    expect(edgeRows(kept)).toEqual([[], [after(0, 2e6)]]);
    const gap = { ...session, assistant_response_length: [20, 0] };
    expect(edgeRows(imported(lines(gap), { zeroOutput: "drop" }))).toEqual([[], [after(0, 3.5e6)]]);
  });

  it("refuses a chat's name used twice", () => {
    const chat = {
      chat_id: 1,
      parent_chat_id: -1,
      timestamp: 0,
      input_length: 3,
      output_length: 1,
      hash_ids: [1],
    };
    expect(refused(lines(chat, chat)).what).toBe('chat_id "1" is used twice');
  });

  it("every cut of a file is an error or a trace, never a throw", () => {
    const file = bytes(
      lines({
        chat_id: 1,
        parent_chat_id: -1,
        timestamp: 0,
        input_length: 3,
        output_length: 1,
        hash_ids: [1],
      }),
    );
    for (let end = 1; end < file.length; end++) refused(file.subarray(0, end));
  });
});
