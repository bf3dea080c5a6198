/** The engine gives the same numbers in Node and in Chromium, to the bit: their digests say so. */

import { expect, test } from "vitest";
import { GOLDENS } from "../goldens/scenarios.ts";
import { runInChromium } from "./browser.ts";
import { goldenTexts } from "./engine-entry.ts";

test(`${GOLDENS.length} goldens give the same digests in Node and Chromium`, async () => {
  const inNode = goldenTexts();
  expect(Object.keys(inNode)).toEqual(GOLDENS.map(({ name }) => name));
  const entry = new URL("./engine-entry.ts", import.meta.url);
  expect(await runInChromium(entry, "goldenTexts")).toEqual(inNode);
});
