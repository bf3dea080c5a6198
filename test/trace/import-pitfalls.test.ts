import { describe, expect, it } from "vitest";
import { spreadTicks } from "../../src/trace/index.ts";
import { bytes, columns, imported, noted, refused } from "./import-support.ts";

const AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens";

describe("calendar times", () => {
  const start = "2024-05-10 00:00:00.000000+00:00,1,1";
  const offset = (time: string): number =>
    imported(`${AZURE}\n${start}\n${time},10,20\n`).arrivalUs[1]!;

  it("rounds seven-digit fractions once, half up", () => {
    expect(offset("2024-05-10 00:00:00.0000014")).toBe(1);
    expect(offset("2024-05-10 00:00:00.0000015")).toBe(2);
    expect(offset("2024-05-10 00:00:00.9999995")).toBe(1_000_000);
    // Nine digits: only the seventh decides, so that nothing is rounded twice.
    expect(offset("2024-05-10 00:00:00.000001499")).toBe(1);
  });

  it("reads missing fractions and every zone", () => {
    expect(offset("2024-05-10 00:00:07+00:00")).toBe(7_000_000);
    expect(offset("2024-05-10T00:00:07Z")).toBe(7_000_000);
    expect(offset("2024-05-10T00:00:07.269Z")).toBe(7_269_000);
    expect(offset("2024-05-10 02:00:07+02:00")).toBe(7_000_000);
    expect(offset("2024-05-09 19:00:07-0500")).toBe(7_000_000);
    expect(offset("2024-05-10 00:00:07")).toBe(7_000_000);
  });

  it("crosses days, months and leap days as Date does", () => {
    for (const day of ["2024-05-11", "2024-06-01", "2025-01-01", "2028-02-29", "2099-12-31"]) {
      const expected = (Date.parse(`${day}T00:00:00Z`) - Date.parse("2024-05-10T00:00:00Z")) * 1000;
      expect(offset(`${day} 00:00:00`)).toBe(expected);
    }
  });

  it.each(["2023-02-29 00:00:00", "2024-13-01 00:00:00", "2024-05-10 24:00:00", "2024-05-10", "x"])(
    "refuses %s",
    (time) => {
      const problem = refused(`${AZURE}\n${start}\n${time},10,20\n`, { name: "a.csv" });
      expect(problem.what).toContain(`TIMESTAMP "${time}" is not a calendar time`);
      expect(problem.where).toBe("a.csv, line 3, column TIMESTAMP");
      expect(problem.remedy).toContain("--max-bad-rows");
    },
  );

  it("keeps the wall clock of the first row", () => {
    const trace = imported(`${AZURE}\n${start}\n`);
    expect(trace.header.epochUnixUs).toBe(Date.parse("2024-05-10T00:00:00Z") * 1000);
  });
});

describe("text", () => {
  const rows = ["2023-11-16 18:15:46.6805900,374,44", "2023-11-16 18:15:50.9951690,396,109"];
  const expected = columns(imported([AZURE, ...rows, ""].join("\n")));

  it.each([
    ["CRLF", [AZURE, ...rows, ""].join("\r\n")],
    ["no final newline", [AZURE, ...rows].join("\n")],
    ["CRLF without a final newline", [AZURE, ...rows].join("\r\n")],
    ["a byte-order mark", `\ufeff${[AZURE, ...rows].join("\n")}`],
    ["blank lines", [AZURE, "", rows[0], "", "", rows[1], "", ""].join("\n")],
    ["quoted fields", [AZURE, ...rows.map((row) => `"${row.replaceAll(",", '","')}"`)].join("\n")],
    ["blanks around names and numbers", [AZURE, ...rows].join("\n").replaceAll(",", " , ")],
    ["lower-case names", [AZURE.toLowerCase(), ...rows].join("\n")],
  ])("imports the same with %s", (_, text) => {
    expect(columns(imported(text))).toEqual(expected);
  });

  it("binds Azure LMM columns by name and labels rows by their images", () => {
    const trace = imported(
      "TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n" +
        "2024-10-15T12:00:00.269Z,0,10,20\n2024-10-15T12:00:00.270Z,4,30,40\n",
    );
    expect(columns(trace)).toEqual({ us: [0, 1000], input: [10, 30], output: [20, 40] });
    expect(Array.from(trace.labels!.class!.codes, (c) => trace.labels!.class!.values[c])).toEqual([
      "text",
      "image",
    ]);
  });
});

describe("order and ticks", () => {
  it("sorts rows stably and counts those that go backwards", () => {
    const trace = imported(
      "arrived_at,num_prefill_tokens,num_decode_tokens\n3,1,1\n1,2,1\n3,3,1\n2,4,1\n",
    );
    expect(columns(trace)).toEqual({
      us: [0, 1_000_000, 2_000_000, 2_000_000],
      input: [2, 4, 1, 3],
      output: [1, 1, 1, 1],
    });
    expect(noted(trace, /going backwards/)).toBe(2);
  });

  const ticking = (times: number[]): string =>
    times.map((t) => `{"timestamp": ${t}, "input_length": 9, "output_length": 1}`).join("\n");

  it("sees 3 s ticks with a few ms of play", () => {
    const times = Array.from(
      { length: 300 },
      (_, i) => 3000 * Math.floor(i / 10) + (i % 30 < 10 ? 1 : 0),
    );
    const trace = imported(ticking(times));
    expect(trace.header.tickUs).toBeGreaterThan(2_990_000);
    expect(trace.header.tickUs).toBeLessThan(3_010_000);
  });

  it("sees whole seconds with gaps, and none in irregular times", () => {
    const seconds = Array.from({ length: 60 }, (_, i) => 1000 * (i * i + 3 * i));
    expect(imported(ticking(seconds)).header.tickUs).toBe(2_000_000);
    const irregular = Array.from({ length: 60 }, (_, i) => (i * i * 7.717 + i * 1.001).toFixed(3));
    expect(imported(ticking(irregular.map(Number))).header.tickUs).toBe(0);
  });

  it("spreads ties within the tick, seeded, in order, and only on request", () => {
    const times = Array.from({ length: 300 }, (_, i) => 3000 * Math.floor(i / 10));
    const trace = imported(ticking(times));
    const spread = spreadTicks(trace, 7);
    expect(spread.arrivalUs).toEqual(spreadTicks(trace, 7).arrivalUs);
    expect(spread.arrivalUs).not.toEqual(spreadTicks(trace, 8).arrivalUs);
    spread.arrivalUs.forEach((time, row) => {
      const tick = trace.arrivalUs[row]!;
      expect(time >= tick && time < tick + 3_000_000).toBe(true);
      expect(time >= (spread.arrivalUs[row - 1] ?? 0)).toBe(true);
    });
    const mean =
      spread.arrivalUs.reduce((sum, time, row) => sum + time - trace.arrivalUs[row]!, 0) / 300;
    expect(mean / 1_500_000).toBeCloseTo(1, 0);
    expect(spread.header.transforms.at(-1)).toMatch(/3000000 us, seed 7/);
    expect(spreadTicks(spread, 7)).toBe(spread);
  });
});

describe("bad rows", () => {
  const file = (row: string): string => `${AZURE}\n2024-05-10 00:00:00,5,6\n${row}\n`;
  const at = "2024-05-10 00:00:01";

  it.each([
    [`${at},12a,7`, 'ContextTokens "12a" is not a number', "column ContextTokens"],
    [`${at},-5,7`, 'ContextTokens "-5" is negative', "column ContextTokens"],
    [`${at},5,1.5`, 'GeneratedTokens "1.5" is not a whole number', "column GeneratedTokens"],
    [`${at},10000001,7`, "is absurdly large", "column ContextTokens"],
    [`${at},99999999999999999999,7`, "is absurdly large", "column ContextTokens"],
    [`${at},,7`, "ContextTokens is empty", "column ContextTokens"],
    [`${at},nan,7`, 'ContextTokens "nan" is not a number', "column ContextTokens"],
    [`${at},5`, "has 2 fields where the header has 3", "line 3"],
    [`${at},5,6,7`, "has 4 fields where the header has 3", "line 3"],
    [`"${at},5,6`, "quoted field that does not end", "line 3"],
    [`"${at}"x,5,6`, "text after a closing quote", "line 3"],
    [`,5,6`, "timestamp is missing", "line 3"],
  ])("names the place of %s", (row, what, where) => {
    const problem = refused(file(row), { name: "azure.csv" });
    expect(problem.what).toContain(what);
    expect(problem.where).toContain("azure.csv, line 3");
    expect(problem.where).toContain(where);
    expect(problem.remedy).toBeDefined();
  });

  it("skips and counts up to the limit, and keeps the good rows", () => {
    const text = file(`${at},x,7\n${at},-1,7\n${at},8,9`);
    const trace = imported(text, { maxBadRows: 2 });
    expect(columns(trace)).toEqual({ us: [0, 1_000_000], input: [5, 8], output: [6, 9] });
    expect(noted(trace, /bad row skipped: ContextTokens/)).toBe(2);
    const problem = refused(text, { maxBadRows: 1 });
    expect(problem.what).toContain("more than 1 bad rows");
    expect(problem.what).toContain("line 3");
    expect(problem.what).toContain("line 4");
  });

  it("accepts counts that a data frame wrote as floats", () => {
    expect(columns(imported(file(`${at},12.0,7e0`))).input).toEqual([5, 12]);
  });

  it.each([
    ["negative", "-1", "is negative"],
    ["infinite", "Infinity", "is not a finite number"],
    ["huge", "1e300", "is absurdly late"],
    ["after 2100", "9e9", "is absurdly late"],
  ])("refuses %s seconds", (_, time, what) => {
    const header = "arrived_at,num_prefill_tokens,num_decode_tokens";
    expect(refused(`${header}\n${time},5,6\n`).what).toContain(what);
  });
});

describe("files that are no trace", () => {
  it.each([
    ["empty", "", "the file is empty"],
    ["blank", " \r\n\n", "the file is empty"],
    ["a lone byte-order mark", "\ufeff", "the file is empty"],
    ["a header alone", `${AZURE}\n`, "the file has no rows"],
    ["a wrong header", "a,b,c\n1,2,3\n", "no column for arrival, input, output"],
    ["without a header", "1,2,3\n4,5,6\n", "the first line is data"],
    ["a JSON array", '[{"timestamp": 0}]', "is a JSON array"],
    ["binary", "a\0b,c\n", "is binary"],
    ["Parquet", "PAR1....", "Parquet"],
    ["vidur lengths", "num_prefill_tokens,num_decode_tokens\n1,2\n", "no arrival times"],
    ["prompts as text", '{"text_input": "hi", "output_length": 3}', "needs a tokenizer"],
  ])("%s", (_, text, what) => {
    const problem = refused(text, { name: "f" });
    expect(problem.what).toContain(what);
    expect(problem.where).toContain("f");
  });

  it("says so when the bytes are still compressed", () => {
    expect(refused(Uint8Array.of(0x1f, 0x8b, 8, 0)).what).toContain("gzip");
  });

  it("says what a given format expects", () => {
    const problem = refused("a,b,c\n1,2,3\n", { format: "burstgpt" });
    expect(problem.expected).toContain("Timestamp,Request tokens,Response tokens");
  });

  it("says why no row is left", () => {
    const header = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type";
    const problem = refused(`${header}\n1,GPT-4,0,0,0,API log\n`);
    expect(problem.what).toContain("no output tokens");
  });

  it.each([
    [{ blockSize: 0 }, "block size"],
    [{ maxBadRows: -1 }, "bad rows"],
    [{ limit: 0 }, "limit"],
    [{ window: { fromUs: 5, toUs: 5 } }, "window"],
  ])("refuses the options %j", (options, what) => {
    expect(refused(bytes(`${AZURE}\n`), options).what).toContain(what);
  });
});
