import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { inferSessions, inspectTrace } from "../../src/trace/index.ts";
import { idRows, imported } from "./import-support.ts";

const line = (timestamp: number, ids: number[]): string =>
  JSON.stringify({ timestamp, input_length: ids.length * 512, output_length: 1, hash_ids: ids });

it("takes the latest row on the longest shared path of two blocks or more for the turn before", () => {
  const rows = [
    [0, 1, 2],
    [0, 7, 8],
    [0, 1, 2, 3],
    [0, 9],
    [0, 1, 5],
    [0, 7, 8, 9],
    [0, 1, 2, 3, 4],
  ];
  const trace = inferSessions(imported(rows.map((ids, i) => line(i * 1000, ids)).join("\n")));
  expect(Array.from(trace.sessions!.parent)).toEqual([-1, -1, 0, -1, 2, 1, 2]);
  expect(Array.from(trace.sessions!.session)).toEqual([0, 1, 0, 2, 0, 1, 0]);
  expect(inferSessions(trace)).toBe(trace);
});

const file = join(
  process.env["HEADWORKS_DATA"] ?? "../shared/data",
  "traces/mooncake-fast25/conversation_trace.jsonl.gz",
);
if (!existsSync(file)) console.log(`real trace skipped: ${file} is absent (set HEADWORKS_DATA)`);

it.runIf(existsSync(file))(
  "finds the sessions that were counted for Mooncake's conversations",
  () => {
    const plain = imported(gunzipSync(readFileSync(file)));
    const trace = inferSessions(plain);
    const { sessions, turnsMean } = inspectTrace(trace, { prefixes: false }).sessions!;
    // traces.md §2.4: 7,373 sessions, 1.63 turns each.
    expect(sessions).toBe(7373);
    expect(turnsMean).toBeCloseTo(1.63, 2);
    // Against a naive search, on the first rows.
    const paths = idRows(plain);
    for (let row = 0; row < 400; row++) {
      let best = -1;
      let depth = 1;
      for (let before = row - 1; before >= 0; before--) {
        let same = 0;
        while (same < paths[row]!.length && paths[row]![same] === paths[before]![same]) same++;
        if (same > depth) {
          best = before;
          depth = same;
        }
      }
      expect(trace.sessions!.parent[row]).toBe(best);
    }
  },
);
