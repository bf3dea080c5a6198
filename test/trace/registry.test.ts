import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { findRegistered, parseRegistry } from "../../src/trace/index.ts";

const FILE = resolve(import.meta.dirname, "../../traces/registry.json");
const document = JSON.parse(readFileSync(FILE, "utf8")) as { traces: Record<string, unknown>[] };

const GOOD = {
  name: "one",
  title: "One",
  urls: ["https://example.org/one.csv"],
  file: "one.csv",
  format: "csv",
  licence: "CC0-1.0",
  citation: "none",
};

function parse(entry: unknown): ReturnType<typeof parseRegistry> {
  return parseRegistry({ v: 1, traces: [entry] });
}

describe("the registry of public traces", () => {
  test("is valid, and every entry can be found", () => {
    const registry = parseRegistry(document);
    if (!registry.ok) throw new Error(JSON.stringify(registry.problem));
    expect(registry.value.length).toBe(document.traces.length);
    for (const entry of registry.value) {
      expect(findRegistered(registry.value, entry.name)).toEqual({ ok: true, value: entry });
      expect(entry.urls.every((url) => url.startsWith("https://"))).toBe(true);
    }
    expect(new Set(registry.value.map((entry) => entry.file)).size).toBe(registry.value.length);
  });

  test("suggests the nearest name", () => {
    const registry = parseRegistry(document);
    if (!registry.ok) throw new Error(JSON.stringify(registry.problem));
    const suggestion = (name: string): string | undefined => {
      const found = findRegistered(registry.value, name);
      return found.ok ? undefined : found.problem.remedy;
    };
    expect(suggestion("mooncake-conversatoin")).toBe("did you mean mooncake-conversation?");
    expect(suggestion("Azure-2023-conv")).toBe("did you mean azure-2023-conv?");
    expect(suggestion("toolagent")).toBe("did you mean mooncake-toolagent?");
    expect(suggestion("q")).toBeUndefined();
  });

  test("accepts a whole entry", () => {
    const whole = { ...GOOD, sha256: "0".repeat(64), bytes: 1, rows: 2, blockSize: 512 };
    expect(parse(whole)).toEqual({ ok: true, value: [whole] });
  });

  test.each<[string, unknown]>([
    ["nothing", null],
    ["an array", []],
    ["no name", { ...GOOD, name: "" }],
    ["an unknown key", { ...GOOD, sha: "x" }],
    ["no address", { ...GOOD, urls: [] }],
    ["a local address", { ...GOOD, urls: ["file:///etc/passwd"] }],
    ["a short hash", { ...GOOD, sha256: "abc" }],
    ["a path as file", { ...GOOD, file: "../one.csv" }],
    ["a hidden file", { ...GOOD, file: ".one" }],
    ["an unknown format", { ...GOOD, format: "xml" }],
    ["rows in words", { ...GOOD, rows: "many" }],
  ])("refuses %s, with the place", (_, entry) => {
    const result = parse(entry);
    expect(result).toMatchObject({
      ok: false,
      problem: { where: expect.stringMatching(/^traces/) },
    });
  });

  test("refuses a repeated name and what is no registry", () => {
    expect(parseRegistry({ v: 1, traces: [GOOD, GOOD] })).toMatchObject({ ok: false });
    for (const foreign of [null, [], {}, { v: 2, traces: [] }, { v: 1, traces: {} }, "text"]) {
      expect(parseRegistry(foreign)).toMatchObject({ ok: false });
    }
  });
});
