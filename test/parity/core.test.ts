import { expect, test } from "vitest";
import { runInChromium } from "./browser.ts";
import { coreDigests } from "./core-entry.ts";

test("maths, streams, sketches and queue give the same bits in Node and Chromium", async () => {
  const inNode = coreDigests(20261120);
  expect(new Set(Object.values(inNode)).size).toBe(Object.keys(inNode).length);
  const entry = new URL("./core-entry.ts", import.meta.url);
  expect(await runInChromium(entry, "coreDigests", 20261120)).toEqual(inNode);
});
