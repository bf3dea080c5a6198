import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problemText } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import { REQUESTS_HEADER, writeRequestsCsv } from "../../src/sim/index.ts";
import { prepareFolder } from "../../src/cli/output-folder.ts";
import { readBytes, readText } from "../../src/cli/read-file.ts";
import { reportHtml } from "../../src/cli/report-html.ts";
import { writeRunFiles } from "../../src/cli/run-files.ts";
import { requestsOf, resultOf } from "./fixtures.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headworks-files-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function words(result: Result<unknown>): string {
  return result.ok ? "read" : problemText(result.problem);
}

describe("readBytes", () => {
  const role = "a trace";

  it("unpacks gz by its first bytes", () => {
    const path = join(folder, "packed");
    writeFileSync(path, gzipSync("hello"));
    const bytes = readBytes(path, { role });
    expect(bytes.ok && Buffer.from(bytes.value).toString()).toBe("hello");
  });

  it("names truncated, corrupt and exploding gz files", () => {
    const packed = gzipSync("hello world, hello world".repeat(100));
    const path = join(folder, "bad.gz");
    writeFileSync(path, packed.subarray(0, packed.length - 9));
    expect(words(readBytes(path, { role }))).toContain("truncated");
    const broken = Buffer.from(packed);
    broken.fill(0xff, 12, 20);
    writeFileSync(path, broken);
    expect(words(readBytes(path, { role }))).toContain("corrupt");
    writeFileSync(path, packed);
    expect(words(readBytes(path, { role, unpackedLimit: 100 }))).toContain("more than 100 bytes");
  });

  it("suggests the nearest names for a missing file", () => {
    writeFileSync(join(folder, "conversation.jsonl"), "{}");
    expect(words(readBytes(join(folder, "conversatoin.jsonl"), { role }))).toContain(
      `did you mean ${join(folder, "conversation.jsonl")}?`,
    );
    expect(words(readBytes(join(folder, "none/at/all"), { role }))).toContain("no such file");
  });

  it("refuses a folder, an empty file, a large one, and bytes that are no text", () => {
    expect(words(readBytes(folder, { role }))).toContain("this is a folder");
    const path = join(folder, "empty");
    writeFileSync(path, "");
    expect(words(readBytes(path, { role }))).toContain("empty");
    writeFileSync(path, "0123456789");
    expect(words(readBytes(path, { role, bytesLimit: 5 }))).toContain("has 10 bytes");
    writeFileSync(path, Buffer.of(0xc3, 0x28));
    expect(words(readText(path, role))).toContain("no UTF-8");
  });
});

describe("the output folder", () => {
  it("holds every file, and a second run replaces them", async () => {
    const out = join(folder, "out");
    expect(prepareFolder(out).ok).toBe(true);
    const written = await writeRunFiles(out, resultOf(), "headworks run a.yaml");
    expect(written.ok && written.value.length).toBe(5);
    expect(readdirSync(out).toSorted()).toEqual([
      "report.html",
      "report.json",
      "requests.csv",
      "series.csv",
      "trace.perfetto.json",
    ]);
    expect(prepareFolder(out).ok).toBe(true);
    const { report, gaps } = resultOf();
    await writeRunFiles(out, { report, gaps }, "headworks run a.yaml");
    expect(readdirSync(out).toSorted()).toEqual(["report.html", "report.json"]);
    expect(JSON.parse(readFileSync(join(out, "report.json"), "utf8"))).toEqual(report);
  });

  it("leaves a folder of other files alone, and says when it cannot write", () => {
    const out = join(folder, "other");
    mkdirSync(out);
    writeFileSync(join(out, "thesis.tex"), "x");
    expect(words(prepareFolder(out))).toContain("thesis.tex");
    expect(words(prepareFolder(join(out, "thesis.tex")))).toContain("is no folder");
    expect(words(prepareFolder(join(out, "thesis.tex/deep")))).toContain("is no folder");
    expect(words(prepareFolder("/proc/headworks"))).toContain("output folder");
  });
});

it("writes requests with units, and empty fields where there is no data", () => {
  let text = "";
  writeRequestsCsv(requestsOf(), 0, (piece) => {
    text += piece;
  });
  expect(text.split("\n")).toEqual([
    REQUESTS_HEADER.trimEnd(),
    "0,0,completed,0,0,20000,120000,100,11,0,0,0,20,10,120,0,0,0",
    "1,1,completed,1000,1500,31500,31500,200,1,64,0,0.5,30.5,,30.5,0,0,0",
    "2,0,completed,2000,2000,52000,1052000,300,101,128,1,0,50,10,1050,0,0,0",
    "3,-1,rejected,3000,,,,400,5,0,0,,,,,,,",
    "",
  ]);
});

it("makes a page that asks nothing of the network and escapes what it shows", () => {
  const result = resultOf({ warnings: ["<script>alert(1)</script>"] });
  const html = reportHtml(result, "headworks run 'a & b.yaml'");
  expect(html).not.toMatch(/<script|src=|href=|@import|url\(/);
  expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:/);
  expect(html).toContain("&lt;script&gt;");
  expect(html).toContain("a &amp; b.yaml");
  expect(html.match(/<svg/g)).toHaveLength(15);
});
