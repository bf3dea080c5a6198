import { describe, expect, it } from "vitest";
import { exportLosses, exportTrace, importTrace } from "../../src/trace/index.ts";
import { columns, idRows, imported, noted, refused } from "./import-support.ts";

describe("BurstGPT", () => {
  it("binds both column orders by name", () => {
    const v1 = imported(
      "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
        "5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,1087,230,1317,API log\n",
    );
    const v2 = imported(
      "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
        "5,,1.5,ChatGPT,472,18,490,Conversation log\n45,,2,GPT-4,1087,230,1317,API log\n",
    );
    expect(columns(v1)).toEqual({ us: [0, 40_000_000], input: [472, 1087], output: [18, 230] });
    expect(columns(v2)).toEqual(columns(v1));
    expect(v1.labels).toEqual({
      model: { values: ["ChatGPT", "GPT-4"], codes: Uint16Array.of(0, 1) },
      class: { values: ["Conversation log", "API log"], codes: Uint16Array.of(0, 1) },
    });
    expect(v2.labels).toEqual(v1.labels);
    expect(v2.sessions).toBeUndefined();
  });

  it("drops failures and counts them, or keeps them on request", () => {
    const text =
      "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
      "1,GPT-4,10,5,15,API log\n2,GPT-4,0,0,0,API log\n3,GPT-4,7,0,7,API log\n";
    expect(columns(imported(text)).input).toEqual([10]);
    expect(noted(imported(text), /dropped: no output tokens/)).toBe(2);
    const kept = imported(text, { zeroOutput: "keep" });
    expect(columns(kept).input).toEqual([10, 7]);
    expect(noted(kept, /dropped: no input tokens/)).toBe(1);
  });

  it("makes think time of the gap less the elapsed time, not below 0", () => {
    const { sessions, header } = imported(
      "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
        "10,a,2.5,M,1,1,2,C\n11,b,9,M,1,1,2,C\n20,a,1,M,1,1,2,C\n15,b,1,M,1,1,2,C\n30,a,,M,1,1,2,C\n40,a,1,M,1,1,2,C\n",
    );
    expect(Array.from(sessions!.session)).toEqual([0, 1, 1, 0, 0, 0]);
    expect(Array.from(sessions!.parent)).toEqual([-1, -1, 1, 0, 3, 4]);
    expect(Array.from(sessions!.delayUs)).toEqual([NaN, NaN, 0, 7_500_000, 9_000_000, NaN]);
    expect(header.importLog.some(({ reason }) => reason.includes("think time taken as 0"))).toBe(
      true,
    );
  });
});

describe("Mooncake", () => {
  const row = (extra: string): string => `{${extra}, "input_length": 1000, "output_length": 5}`;

  it("accepts every alias", () => {
    const plain = imported('{"timestamp": 1.5, "input_length": 7, "output_length": 3}\n');
    const alias = imported('{"created_time":1.5,"input_tokens":7,"output_tokens":3}');
    expect(columns(alias)).toEqual(columns(plain));
    const [first, second] = [27482.0005, 27483.25];
    const float = imported(`${row(`"timestamp": ${first}`)}\n${row(`"timestamp": ${second}`)}`);
    // 27,482.0005 ms is half a microsecond past: rounded once, up.
    expect(columns(float).us).toEqual([0, 1249]);
  });

  it("keeps 64-bit ids apart that a float64 would merge", () => {
    const ids = ["18446744073709551615", "18446744073709551614", "9007199254740993"];
    const more = ["9007199254740992", "0", "4294967296", "4294967297", '"text"', '"text2"'];
    const text = [...ids, ...more]
      .map(
        (id, i) =>
          `{"timestamp": ${i}, "input_length": 4, "output_length": 1, "hash_ids": [${id}]}`,
      )
      .join("\n");
    expect(idRows(imported(`${text}\n${text}`))).toEqual(
      [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8].map((id) => [id]),
    );
  });

  it.each(["18446744073709551616", "-1", "1.5", "01", "null", "true", "[1]"])(
    "refuses id %s",
    (id) => {
      const problem = refused(
        `{"timestamp": 0, "input_length": 4, "output_length": 1, "hash_ids": [${id}]}`,
      );
      expect(problem.what).toMatch(/no block id|not JSON/);
      expect(problem.where).toContain("line 1");
    },
  );

  const hashed = (input: number, ids: number[]): string =>
    `{"timestamp": 0, "input_length": ${input}, "output_length": 1, "hash_ids": [${ids.join(",")}]}`;

  it("stores runs, and takes the tail from what the rows do", () => {
    const ceil = imported(`${hashed(1000, [5, 6])}\n${hashed(1100, [5, 6, 9])}`);
    expect(ceil.header.partialTail).toBe("included");
    expect(ceil.header.blockSize).toBe(512);
    expect(idRows(ceil)).toEqual([
      [0, 1],
      [0, 1, 2],
    ]);
    expect(Array.from(ceil.hashes!.length)).toEqual([2, 3]);
    const floor = imported(`${hashed(1030, [5, 6])}\n${hashed(1024, [5, 6])}`);
    expect(floor.header.partialTail).toBe("omitted");
  });

  it("removes tail ids when rows disagree about them", () => {
    const mixed = imported(
      `${hashed(1000, [5, 6])}\n${hashed(1000, [5])}\n${hashed(1024, [5, 7])}`,
    );
    expect(mixed.header.partialTail).toBe("omitted");
    expect(idRows(mixed)).toEqual([[0], [0], [0, 1]]);
    expect(mixed.hashes!.idCount).toBe(2);
    expect(noted(mixed, /partial tail blocks removed/)).toBe(1);
  });

  it("names a mismatch of ids and input, and a block size that would fit", () => {
    const problem = refused(hashed(64, [1, 2, 3, 4]));
    expect(problem.what).toContain("with 4 ids for 64 tokens");
    expect(problem.expected).toContain("--block-size 16 would fit");
    expect(imported(hashed(64, [1, 2, 3, 4]), { blockSize: 16 }).header.blockSize).toBe(16);
  });

  it("takes full blocks when the input length is missing", () => {
    const trace = imported('{"timestamp": 0, "output_length": 1, "hash_ids": [1, 2]}');
    expect(columns(trace).input).toEqual([1024]);
  });

  it("re-chains ids that follow different ids, so that equal ids mean equal prefixes", () => {
    const trace = imported(
      [hashed(1536, [1, 2, 3]), hashed(1536, [1, 4, 3]), hashed(1536, [1, 2, 3])].join("\n"),
    );
    expect(idRows(trace)).toEqual([
      [0, 1, 2],
      [0, 3, 4],
      [0, 1, 2],
    ]);
    expect(noted(trace, /re-chained/)).toBe(1);
    const loop = imported(hashed(1536, [1, 1, 1]));
    expect(idRows(loop)).toEqual([[0, 1, 2]]);
  });

  it("links the turns of a session by their delays", () => {
    const turn = (extra: string): string => `{"input_length": 9, "output_length": 1, ${extra}}`;
    const trace = imported(
      [
        turn('"session_id": "a", "timestamp": 5, "delay": 0'),
        turn('"session_id": "b", "timestamp": 1'),
        turn('"session_id": "a", "delay_ms": 250.5'),
        turn('"timestamp": 7'),
        turn('"session_id": "b", "timestamp": 9'),
        turn('"session_id": "a"'),
      ].join("\n"),
    );
    expect(columns(trace).us).toEqual([0, 4000, NaN, NaN, 6000, 8000]);
    expect(Array.from(trace.sessions!.session)).toEqual([0, 1, 1, 1, -1, 0]);
    expect(Array.from(trace.sessions!.parent)).toEqual([-1, -1, 1, 2, -1, 0]);
    expect(Array.from(trace.sessions!.delayUs)).toEqual([NaN, NaN, 250_500, 0, NaN, NaN]);
    expect(noted(trace, /without time or delay/)).toBe(1);
    expect(refused(turn('"session_id": "a", "delay": 3')).what).toContain("timestamp is missing");
  });

  it("starts a session anew when a window cuts its beginning off", () => {
    const turn = (extra: string): string => `{"input_length": 9, "output_length": 1, ${extra}}`;
    const text = [
      turn('"session_id": "a", "timestamp": 0'),
      turn('"session_id": "b", "timestamp": 10'),
      turn('"session_id": "a", "timestamp": 20'),
      turn('"session_id": "a", "delay": 4'),
    ].join("\n");
    const trace = imported(text, { window: { fromUs: 5000, toUs: 50_000 } });
    expect(columns(trace).us).toEqual([5000, 15_000, NaN]);
    expect(Array.from(trace.sessions!.parent)).toEqual([-1, -1, 1]);
    expect(noted(trace, /starts the session/)).toBe(1);
    expect(imported(text, { limit: 2 }).rows).toBe(2);
  });

  it("reads priority and labels, and says which keys it does not use", () => {
    const trace = imported(
      `${row('"timestamp": 0, "priority": -3, "policy_class": "gold", "request_id": "r1"')}\n` +
        `${row('"timestamp": 0, "cache_salt": 1, "request_id": "r2", "x": {"y": [1, "}"]}')}`,
    );
    expect(trace.priority).toEqual(Int16Array.of(-3, 0));
    expect(trace.labels!.class).toEqual({ values: ["gold", ""], codes: Uint16Array.of(0, 1) });
    expect(noted(trace, /key "request_id" is not used/)).toBe(2);
    expect(noted(trace, /key "cache_salt" is not used/)).toBe(1);
  });

  it("reads the hints of agents, and writes them again", () => {
    const text = [
      row('"timestamp": 0, "strict_priority": 4294967295, "osl": 12, "keep_ms": 0.25'),
      row('"timestamp": 1, "strict_priority": null, "osl": null, "keep_ms": null'),
      row('"timestamp": 2, "keep_ms": 60000, "priority": 3, "policy_class": "gold"'),
    ].join("\n");
    const trace = imported(text);
    const again = importTrace(exportTrace(trace, "mooncake"));
    if (!again.ok) throw new Error(again.problem.what);
    for (const one of [trace, again.value]) {
      expect(one.hints).toEqual({
        strictPriority: Uint32Array.of(4_294_967_295, 0, 0),
        outputTokens: Uint32Array.of(12, 0, 0),
        keepUs: Float64Array.of(250, 0, 60_000_000),
      });
      expect(one.priority).toEqual(Int16Array.of(0, 0, 3));
      expect(one.labels!.class!.values).toEqual(["", "gold"]);
    }
    expect(exportLosses(trace, "mooncake")).toEqual([]);
    expect(exportLosses(trace, "csv")).toContain("hints of agents");
  });

  it.each([
    ['"strict_priority": -1', 'strict_priority "-1"'],
    ['"osl": 1.5', 'osl "1.5"'],
    ['"keep_ms": -3', 'keep_ms "-3"'],
    ['"keep_ms": "soon"', 'keep_ms "\\"soon\\""'],
  ])("refuses the hint %s", (hint, named) => {
    expect(refused(row(`"timestamp": 0, ${hint}`)).what).toContain(named);
  });

  it.each([
    [
      '{"timestamp": 0, "input_length": "12", "output_length": 1}',
      'input_length "\\"12\\"" is not a number',
    ],
    ['{"timestamp": 0, "input_length": 1e9, "output_length": 1}', "input_length"],
    ['{"timestamp": -1, "input_length": 1, "output_length": 1}', 'timestamp "-1" is negative'],
    [
      '{"timestamp": NaN, "input_length": 1, "output_length": 1}',
      'timestamp "NaN" is not a number',
    ],
    ['{"timestamp": 0, "input_length": 1}', "output tokens is missing"],
    ['{"timestamp": 0, "input_length": null, "output_length": 1}', "input tokens is missing"],
    ['{"input_length": 1, "output_length": 1}', "timestamp is missing"],
    ['{"timestamp": 0, "input_length": 1, "output_le', "is cut off"],
    ['{"timestamp": 0, "input_length": 1, "output_length": 1} x', "text after the object"],
    ['{"timestamp": 0 "input_length": 1}', "is not JSON"],
  ])("names the fault of %s", (line, what) => {
    const good = '{"timestamp": 0, "input_length": 1, "output_length": 1}\n';
    const problem = refused(good + line, { name: "m.jsonl" });
    expect(problem.what).toContain(what);
    expect(problem.where).toMatch(/^m\.jsonl, line 2/);
    expect(imported(good + line, { maxBadRows: 1 }).rows).toBe(1);
  });
});

describe("other formats", () => {
  it("reads vidur and splitwise-sim", () => {
    const vidur =
      "arrived_at,num_prefill_tokens,num_decode_tokens\n0,374,44\n4.314579010009766,396,109\n";
    expect(columns(imported(vidur)).us).toEqual([0, 4_314_579]);
    const splitwise =
      "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n" +
      "0,2,0,1,1,4096,32\n1,2,0,3,1,2048,8\n";
    expect(columns(imported(splitwise))).toEqual({
      us: [0, 2_000_000],
      input: [4096, 2048],
      output: [32, 8],
    });
  });

  it("guesses generic columns, and units from their suffix", () => {
    const text = "id,request_received_ms,prompt_tokens,completion_tokens\nx,1.5,10,20\ny,3,30,40\n";
    expect(columns(imported(text))).toEqual({ us: [0, 1500], input: [10, 30], output: [20, 40] });
    const json = '{"arrival_time_ns": 1500, "input_toks": 3, "output_toks": 4}\n';
    expect(imported(json + json).rows).toBe(2);
  });

  it("binds by a column map, with a unit, any delimiter and quotes", () => {
    const options = {
      columns: { arrival: "When", input: "P", output: "C" },
      timeUnit: "ms",
    } as const;
    for (const text of [
      "When;P;C;Note\n1;10;20;x\n4;30;40;y\n",
      "When\tP\tC\n1\t10\t20\n4\t30\t40\n",
      'Note,When,P,C\n"a, ""b""\nc",1,10,20\r\n"",4,"30",40\r\n',
    ]) {
      const normal = text.replaceAll("\r\n", "\n");
      for (const version of [normal, normal.replaceAll("\n", "\r\n")]) {
        expect(columns(imported(version, options)), version).toEqual({
          us: [0, 3000],
          input: [10, 30],
          output: [20, 40],
        });
      }
    }
    const missing = refused("a,b,c\n1,2,3\n", { columns: { arrival: "zeit" } });
    expect(missing.what).toContain('no column named "zeit"');
    expect(missing.expected).toContain("a, b, c");
  });

  it.each([
    ["s", 0.2, 0],
    ["ms", 200, 0],
    ["us", 200_000, 0],
    ["ns", 200_000_000, 0],
    ["s", 0.2, 1_700_000_000],
    ["ms", 200, 1_700_000_000_000],
    ["us", 200_000, 1_700_000_000_000_000],
  ])("guesses %s from the rate or the size of the numbers", (unit, gap, origin) => {
    const rows = Array.from({ length: 50 }, (_, i) => `${origin + i * gap},5,6`);
    const trace = imported(`t,in,out\n${rows.join("\n")}\n`);
    expect(trace.arrivalUs[49]).toBeCloseTo(49 * 200_000, -1);
    expect(noted(trace, new RegExp(`times taken as ${unit}\\b`))).toBe(50);
    expect(trace.header.epochUnixUs === undefined).toBe(origin === 0);
  });

  it("cuts by window and limit", () => {
    const rows = Array.from({ length: 20 }, (_, i) => `${100 + i},${i + 1},6`);
    const text = `arrived_at,num_prefill_tokens,num_decode_tokens\n${rows.join("\n")}\n`;
    const window = { fromUs: 5_000_000, toUs: 9_000_000 };
    expect(columns(imported(text, { window })).input).toEqual([6, 7, 8, 9]);
    expect(columns(imported(text, { window, limit: 2 })).us).toEqual([0, 1_000_000]);
    expect(columns(imported(text, { limit: 3 })).input).toEqual([1, 2, 3]);
    expect(refused(text, { window: { fromUs: 1e9, toUs: 2e9 } }).what).toContain("window");
  });
});
