import { describe, expect, it } from "vitest";
import { durationFlag, shareFlag, wholeFlag } from "../../src/cli/flags.ts";
import { msText, numberText, percentText, secondsText } from "../../src/cli/numbers.ts";
import { createProgress } from "../../src/cli/progress.ts";
import { applyOverride, parseOverride } from "../../src/cli/scenario-override.ts";
import { textTable } from "../../src/cli/table.ts";
import { recordingTerminal } from "./fixtures.ts";

it.each([
  [0, "0"],
  [0.0001234, "0.000123"],
  [1.23456, "1.235"],
  [12.3456, "12.35"],
  [123.456, "123.5"],
  [12_345.6, "12,346"],
  [-0.5, "-0.5"],
  [null, "–"],
  [Number.NaN, "–"],
])("writes %d as %s", (value, text) => {
  expect(numberText(value)).toBe(text);
});

it("writes shares and times", () => {
  expect([0, 0.00004, 0.0525, 0.3736, 1].map(percentText)).toEqual([
    "0.00 %",
    "0.004 %",
    "5.25 %",
    "37.4 %",
    "100.0 %",
  ]);
  expect([0.05, 12, 1500, null].map(msText)).toEqual(["50 µs", "12 ms", "1.5 s", "–"]);
  expect([0.2, 90, 200, 3540, 7200, 400_000].map(secondsText)).toEqual([
    "200 ms",
    "90 s",
    "3 min 20 s",
    "59 min",
    "2.0 h",
    "4.6 d",
  ]);
});

it("aligns columns by what is shown", () => {
  const rows = [
    ["a", "1"],
    ["\u001b[1mlong\u001b[22m", "100"],
  ];
  expect(textTable(rows, { align: ["left", "right"] })).toEqual([
    "a       1",
    "\u001b[1mlong\u001b[22m  100",
  ]);
});

describe("flags", () => {
  it("reads lengths of time", () => {
    const us = (text: string): unknown => {
      const flag = durationFlag(text, "--series");
      return flag.ok ? flag.value : flag.problem.where;
    };
    expect(["10s", "500 ms", "1.5min", "2h"].map(us)).toEqual([10e6, 500e3, 90e6, 7200e6]);
    expect(["10", "s", "-1s", "0s", "1 kg", "9999h"].map(us)).toEqual(
      Array.from({ length: 6 }, () => "--series"),
    );
  });

  it("reads counts and shares strictly", () => {
    expect(wholeFlag("12", "--n")).toEqual({ ok: true, value: 12 });
    for (const text of ["", "1.5", "-1", "1e3", "99999999999999999999"]) {
      expect(wholeFlag(text, "--n").ok).toBe(false);
    }
    expect(shareFlag("99%", "--s")).toEqual({ ok: true, value: 0.99 });
    expect(shareFlag("101%", "--s").ok).toBe(false);
  });
});

describe("overrides", () => {
  it.each([
    ["a.b=1", { a: { b: 1 } }],
    ["a.b=-1.5e3", { a: { b: -1500 } }],
    ["a=true", { a: true }],
    ["a=null", { a: null }],
    ["a=some/file.jsonl", { a: "some/file.jsonl" }],
    ["a=50 ms", { a: "50 ms" }],
    ["a={type: fixed, decode_ms: 2}", { a: { type: "fixed", decode_ms: 2 } }],
    ["a=x=y", { a: "x=y" }],
  ])("%s", async (text, document) => {
    const override = await parseOverride(text);
    expect(override.ok && applyOverride({}, override.value)).toEqual({ ok: true, value: document });
  });

  it("keeps what stands beside, and makes no prototype", async () => {
    const override = await parseOverride("__proto__.polluted=1");
    const changed = override.ok ? applyOverride({ seed: 2 }, override.value) : override;
    expect(Object.hasOwn(changed.ok ? (changed.value as object) : {}, "__proto__")).toBe(true);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it.each(["", "a", "=1", "a..b=1", "a b=1", "a={", "[]=1", "a[x].b=1"])(
    "refuses %j",
    async (text) => {
      expect((await parseOverride(text)).ok).toBe(false);
    },
  );

  const LISTS = {
    kv: { tiers: [{ level: "g2", promote: true }, { level: "g3" }] },
    pools: [{ name: "prompts" }, { name: "answers", parallelism: { tensor: 4 } }],
    plain: [1, 2],
  };
  const changedBy = async (text: string): Promise<unknown> => {
    const override = await parseOverride(text);
    const changed = override.ok ? applyOverride(LISTS, override.value) : override;
    return changed.ok ? changed.value : changed.problem;
  };

  it.each([
    [
      "kv.tiers.1.promote=false",
      "kv",
      { tiers: [LISTS.kv.tiers[0], { level: "g3", promote: false }] },
    ],
    [
      "kv.tiers[1].promote=false",
      "kv",
      { tiers: [LISTS.kv.tiers[0], { level: "g3", promote: false }] },
    ],
    [
      "kv.tiers.g2.promote=false",
      "kv",
      { tiers: [{ level: "g2", promote: false }, { level: "g3" }] },
    ],
    [
      "kv.tiers[].promote=false",
      "kv",
      {
        tiers: [
          { level: "g2", promote: false },
          { level: "g3", promote: false },
        ],
      },
    ],
    [
      "pools.answers.parallelism.tensor=8",
      "pools",
      [LISTS.pools[0], { name: "answers", parallelism: { tensor: 8 } }],
    ],
    ["plain.1=3", "plain", [1, 3]],
  ])("%s reaches into a list", async (text, key, value) => {
    expect(await changedBy(text)).toEqual({ ...LISTS, [key]: value });
  });

  it.each([
    ["kv.tiers.2.promote=false", "the list kv.tiers has no element 2", "0 (g2), 1 (g3)"],
    [
      "pools.replies.workers=2",
      "the list pools has no element replies",
      "0 (prompts), 1 (answers)",
    ],
    [
      "cluster.pools.0.workers=2",
      "cluster.pools is not there, so it has no elements",
      "a list before 0",
    ],
    ["kv[].promote=false", "kv is no list", "a list before []"],
    [
      "faults.events[].at_s=1",
      "faults.events is not there, so it has no elements",
      "a list before []",
    ],
  ])("%s is refused by name", async (text, what, expected) => {
    expect(await changedBy(text)).toMatchObject({
      what,
      where: `--set ${text.slice(0, text.indexOf("="))}`,
      expected,
    });
  });

  it("refuses a path through a number", async () => {
    const override = await parseOverride("seed.x=1");
    expect(override.ok && applyOverride({ seed: 1 }, override.value).ok).toBe(false);
  });
});

describe("progress", () => {
  const state = { fraction: 0.25, events: 1_000_000, simS: 600, wallS: 6 };

  it("is words now and then when stderr is no screen", () => {
    const terminal = recordingTerminal();
    const progress = createProgress(terminal, false);
    progress.update({ ...state, wallS: 1 });
    progress.update(state);
    progress.update({ ...state, wallS: 7 });
    progress.end();
    expect(terminal.stderr().split("\n")).toHaveLength(2);
    expect(terminal.stderr()).toContain(
      "25 %  10 min simulated, 1,000,000 events, about 18 s left",
    );
  });

  it("says nothing when quiet", () => {
    const terminal = recordingTerminal();
    createProgress(terminal, true).update(state);
    expect(terminal.stderr()).toBe("");
  });
});
