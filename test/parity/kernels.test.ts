/** The kernels step times and the memory rules give the same bits in Node and in Chromium. */

import { expect, test } from "vitest";
import { hardwareFor, MACHINES } from "../support/hardware.ts";
import { runInChromium } from "./browser.ts";
import type { KernelsRun } from "./kernels-entry.ts";
import { kernelsDigests } from "./kernels-entry.ts";

const RUNS: readonly KernelsRun[] = MACHINES.map(({ model, gpu, backend, parallelism }) => ({
  scenario: {
    model,
    gpu,
    cluster: { workers: 2, parallelism },
    engine: { backend },
  },
  hardware: hardwareFor(model, gpu, backend),
}));

test(`${RUNS.length} models on GPUs give the same digests in Node and Chromium`, async () => {
  const inNode = kernelsDigests(RUNS);
  expect(new Set(inNode).size).toBe(RUNS.length);
  const entry = new URL("./kernels-entry.ts", import.meta.url);
  expect(await runInChromium(entry, "kernelsDigests", RUNS)).toEqual(inNode);
});
