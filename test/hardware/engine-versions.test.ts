/** Versions of engines, and the host's launches of a step. */

import { describe, expect, test } from "vitest";
import { isBelow, parseEngineTiming, timingAt, wallUs } from "../../src/hardware/index.ts";
import { timingOf } from "./kernels-support.ts";

describe("versions", () => {
  test("compare by numbers, a pre-release as its release", () => {
    expect(isBelow("0.11.2", "0.14")).toBe(true);
    expect(isBelow("v0.9", "0.14")).toBe(true);
    expect(isBelow("0.14.0", "0.14")).toBe(false);
    expect(isBelow("1.0.0rc3", "1.1")).toBe(true);
    expect(isBelow("1.1.0rc2.post2", "1.1")).toBe(false);
    expect(isBelow("", "1.1")).toBe(false);
    expect(isBelow("nightly", "1.1")).toBe(false);
  });

  test("vLLM schedules ahead from 0.14 on", () => {
    const vllm = timingOf("vllm");
    expect(timingAt(vllm, "0.13.0").lookahead).toBe(false);
    expect(timingAt(vllm, "0.14.0").lookahead).toBe(true);
    expect(timingAt(vllm, "")).toEqual(vllm);
  });

  test("a change that leads to no timing is refused", () => {
    const raw = {
      ...timingOf("vllm"),
      older: [{ below: "0.14", source: "s", set: { launchUs: -1 } }],
    };
    const parsed = parseEngineTiming("vllm.json", raw);
    expect(parsed.ok ? "" : parsed.problem.what).toMatch(/launchUs/);
  });
});

test("scheduling hides behind the GPU or adds to it; launches always run ahead", () => {
  const timing = { ...timingOf("vllm"), gapUs: 100 };
  const host = { launchUs: 3000, schedulingUs: 2000 };
  const hidden = { ...timing, asyncScheduling: true };
  expect(wallUs(hidden, 10_000, host)).toBe(10_100);
  expect(wallUs(hidden, 1000, host)).toBe(5100);
  const added = { ...timing, asyncScheduling: false };
  expect(wallUs(added, 10_000, host)).toBe(12_100);
  expect(wallUs(added, 1000, host)).toBe(5100);
});
