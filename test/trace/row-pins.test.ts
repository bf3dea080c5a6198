/** Pins of rows: read from every format that has them, kept by exports and cuts, and what is no worker is named. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutTrace, exportLosses, exportTrace, type RowPins } from "../../src/trace/index.ts";
import { traceOf } from "../support/small-scenarios.ts";
import { imported, refused } from "./import-support.ts";

/** What each row asks for, in plain words. */
function asked(pins: RowPins | undefined, rows: number): object[] {
  return Array.from({ length: rows }, (_, row) => ({
    any: pins?.any?.[row] ?? -1,
    prefill: pins?.prefill?.[row] ?? -1,
    decode: pins?.decode?.[row] ?? -1,
    allowed: pins?.allowed?.lists[pins.allowed.codes[row]!] ?? [],
  }));
}

const ROW = '"input_length": 10, "output_length": 2';

describe("pins of rows", () => {
  it("are read from Mooncake's rows", () => {
    const { pins } = imported(
      `{"timestamp": 0, ${ROW}}
       {"timestamp": 5, ${ROW}, "backend_instance_id": 3, "allowed_workers": [4, 3, 3]}
       {"timestamp": 6, ${ROW}, "prefill_worker_id": 0, "decode_worker_id": null}
       {"timestamp": 7, ${ROW}, "decode_worker_id": 2, "allowed_workers": null}`,
    );
    expect(asked(pins, 4)).toEqual([
      { any: -1, prefill: -1, decode: -1, allowed: [] },
      { any: 3, prefill: -1, decode: -1, allowed: [3, 4] },
      { any: -1, prefill: 0, decode: -1, allowed: [] },
      { any: -1, prefill: -1, decode: 2, allowed: [] },
    ]);
  });

  it("are read from calls and from what Dynamo records", () => {
    const calls = imported(
      `{"request_id": "a", ${ROW}, "wait_for": [], "backend_instance_id": 1}
       {"request_id": "b", ${ROW}, "wait_for": ["a"], "allowed_workers": [0, 2]}`,
    );
    expect(asked(calls.pins, 2)).toMatchObject([{ any: 1 }, { allowed: [0, 2] }]);
    const request = '"input_tokens": 10, "output_tokens": 2';
    const event = (rest: string): string =>
      `{"schema": "dynamo.request.trace.v1", "event_type": "request_end", "request": {${request}, ${rest}}}`;
    const records = imported(
      [
        event(
          '"request_id": "r", "request_received_ms": 1, "prefill_worker_id": 1, "decode_worker_id": 2',
        ),
        // Where a request went is no wish of its own.
        event('"request_id": "s", "request_received_ms": 2, "worker": {"decode_worker_id": 7}'),
      ].join("\n"),
    );
    expect(asked(records.pins, 2)).toMatchObject([
      { prefill: 1, decode: 2 },
      { prefill: -1, decode: -1 },
    ]);
  });

  it("are read from CSV, by the usual names or by those that are told", () => {
    const text = "arrival_s,input_tokens,output_tokens,backend_instance_id,allowed_workers,spot\n";
    const rows = "0,5,5,,,2\n1,5,5,4,,\n2,5,5,,1 0 1,0\n";
    const { pins } = imported(text + rows, { columns: { decode_worker: "spot" } });
    expect(asked(pins, 3)).toMatchObject([
      { any: -1, decode: 2, allowed: [] },
      { any: 4, decode: -1, allowed: [] },
      { any: -1, decode: 0, allowed: [0, 1] },
    ]);
  });

  it("that are no workers are named", () => {
    const bad = (pin: string) => refused(`{"timestamp": 0, ${ROW}, ${pin}}`);
    for (const value of ["-1", "1.5", "7587890123456789", '"a"', "[1]"]) {
      expect(bad(`"backend_instance_id": ${value}`).where).toContain("backend_instance_id");
    }
    expect(bad('"decode_worker_id": 7587890123456789').expected).toContain("in the scenario");
    for (const value of ["[]", "[1, -2]", "[1, 2", '"1"', "3", '["1"]', "{}"]) {
      expect(bad(`"allowed_workers": ${value}`).where).toContain("allowed_workers");
    }
    const call = refused(`{"request_id": "a", ${ROW}, "wait_for": [], "allowed_workers": []}`);
    expect(call.where).toContain("allowed_workers");
    const head = "arrival_s,input_tokens,output_tokens,prefill_worker_id,allowed_workers\n";
    expect(refused(`${head}0,5,5,-3,\n`).where).toContain("prefill_worker_id");
    expect(refused(`${head}0,5,5,,0;1\n`).where).toContain("allowed_workers");
  });

  it("do not stick to the next row, whatever the file", () => {
    const jsonl = imported(
      `{"timestamp": 0, ${ROW}, "backend_instance_id": 1, "allowed_workers": [1]}
       {"timestamp": 1, ${ROW}, "backend_instance_id": "x"}
       {"timestamp": 2, ${ROW}}`,
      { maxBadRows: 1 },
    );
    expect(asked(jsonl.pins, 2)).toMatchObject([{ any: 1 }, { any: -1, allowed: [] }]);
    const head = "arrival_s,input_tokens,output_tokens,backend_instance_id,allowed_workers\n";
    const csv = imported(`${head}0,5,5,2,2\n1,5,5,2,x\n2,5,5,,\n`, { maxBadRows: 1 });
    expect(asked(csv.pins, 2)).toMatchObject([{ any: 2 }, { any: -1, allowed: [] }]);
  });
});

const rows = fc.array(
  fc.record({
    any: fc.constantFrom(-1, -1, 0, 5, 2_147_483_646),
    prefill: fc.constantFrom(-1, 1),
    decode: fc.constantFrom(-1, 2),
    allowed: fc.constantFrom([], [], [0], [1, 2, 40]),
  }),
  { minLength: 1, maxLength: 20 },
);

describe("random pins", () => {
  for (const format of ["mooncake", "agentic_mooncake", "csv", "columns"] as const) {
    it(`come back from ${format}, and from a part of the trace`, () => {
      fc.assert(
        fc.property(rows, fc.nat(20), (wishes, from) => {
          const lists = [[], [0], [1, 2, 40]];
          const pins = {
            any: Int32Array.from(wishes, ({ any }) => any),
            prefill: Int32Array.from(wishes, ({ prefill }) => prefill),
            decode: Int32Array.from(wishes, ({ decode }) => decode),
            allowed: {
              lists,
              codes: Uint16Array.from(wishes, ({ allowed: list }) =>
                lists.findIndex((one) => one.length === list.length),
              ),
            },
          };
          const plain = traceOf(wishes.map((_, i) => ({ at: i * 1000, input: 5, output: 5 })));
          const trace = { ...plain, pins };
          expect(exportLosses(trace, format)).toEqual([]);
          const again = imported(exportTrace(trace, format));
          expect(asked(again.pins, again.rows)).toEqual(wishes);
          const cut = { fromUs: 0, toUs: Infinity, toRow: Infinity, share: 1, seed: 1 };
          const part = cutTrace(
            trace,
            { ...cut, fromRow: from % wishes.length, conversationsMost: null },
            "part",
          );
          if (!part.ok) throw new Error(part.problem.what);
          expect(asked(part.value.pins, part.value.rows)).toEqual(
            wishes.slice(from % wishes.length),
          );
        }),
      );
    });
  }

  it("of a file without any are none", () => {
    const plain = traceOf([{ at: 0, input: 5, output: 5 }]);
    for (const format of ["mooncake", "agentic_mooncake", "csv", "columns"] as const) {
      expect(imported(exportTrace(plain, format)).pins).toBeUndefined();
    }
  });
});
