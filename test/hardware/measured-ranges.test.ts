/** The domains of the fits against the tables they were fitted to, and models that leave them. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findModel, measuredRanges, parseKernelParams } from "../../src/hardware/index.ts";
import type { KernelDomain, MeasuredQuantity } from "../../src/hardware/index.ts";
import { shapesBeyond } from "../../src/hardware/measured-ranges.ts";
import { parseTable } from "../../src/plan/index.ts";
import { valueOf } from "./cards-support.ts";
import { deck, paramsOf } from "./kernels-support.ts";

const folder = `${process.env["HEADWORKS_DATA"] ?? "../shared/data"}/kernels`;
const hasTables = existsSync(folder);

/** What the shipped parameter file of a system records. */
function domainOf(system: string): KernelDomain {
  return paramsOf(system).domain!;
}

const card = (name: string) => valueOf(findModel(deck, name)).card;

function rangeOf(system: string, model: string, quantity: MeasuredQuantity): number | undefined {
  return measuredRanges(domainOf(system), card(model)).find((range) => range.quantity === quantity)
    ?.most;
}

// File prefix, column, quantity, and a model that has such kernels.
const TABLES = [
  ["gemm_", "m", "stepTokens", "llama-3.1-8b"],
  ["context_attention_", "isl", "promptTokens", "llama-3.1-8b"],
  ["context_mla_", "isl", "promptTokens", "deepseek-v3"],
  ["generation_attention_", "batch_size", "decodeRequests", "llama-3.1-8b"],
  ["generation_attention_", "kv_len", "contextTokens", "llama-3.1-8b"],
  ["generation_mla_", "batch_size", "decodeRequests", "deepseek-v3"],
  ["moe_", "tokens", "expertTokens", "deepseek-v3"],
] as const;

describe.runIf(hasTables)("measured tables (skipped without ../shared/data)", () => {
  const files = hasTables ? readdirSync(folder).filter((name) => name.endsWith(".csv")) : [];
  const systems = ["a100_sxm", "h100_sxm", "h200_sxm", "b200_sxm", "b300_sxm", "gb200", "gb300"];
  test.each(TABLES)("%s*.csv reach as far in %s as stated", (prefix, column, quantity, model) => {
    let seen = 0;
    for (const system of [...systems, "l40s", "rtx_pro_6000_server"]) {
      const own = files.filter((name) => name.startsWith(`${prefix}${system}`));
      for (const name of own) {
        const table = valueOf(
          parseTable(name, readFileSync(`${folder}/${name}`, "utf8"), [column]),
        );
        const most = table.numbers(column).reduce((max, value) => Math.max(max, value), 0);
        expect(`${name}: ${String(rangeOf(system, model, quantity))}`).toBe(
          `${name}: ${String(most)}`,
        );
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(5);
  });
});

test("dense models have no experts to leave, linear layers no attention", () => {
  expect(rangeOf("h100_sxm", "llama-3.1-8b", "expertTokens")).toBeUndefined();
  expect(rangeOf("h100_sxm", "mixtral-8x7b", "expertTokens")).toBe(16_384);
  expect(rangeOf("a100_sxm", "llama-3.1-8b", "stepTokens")).toBe(8192);
  expect(rangeOf("h100_sxm", "deepseek-v3", "promptTokens")).toBe(32_768);
});

test.each([
  ["llama-3.1-8b", "h100_sxm", []],
  ["llama-4-scout", "h100_sxm", ["experts of 5120 × 8192, 1 of 16"]],
  ["mixtral-8x22b", "h100_sxm", ["experts of 6144 × 16384, 2 of 8"]],
  ["deepseek-v3", "b200_sxm", []],
  ["gpt-oss-20b", "a100_sxm", ["attention heads of 64"]],
] as const)("shapes of %s on %s", (name, system, beyond) => {
  const { hidden, groups } = card(name);
  const all = groups.flatMap(({ attention, ffn }) =>
    shapesBeyond(domainOf(system), hidden, attention, ffn),
  );
  expect([...new Set(all)]).toEqual(beyond);
});

test("a damaged record of what was measured names its place", () => {
  const params = paramsOf("l40s");
  const damaged = { ...params, domain: { gemm: { m: [32_768, 1] } } };
  const parsed = parseKernelParams("mine.json", damaged);
  expect(parsed.ok ? "" : parsed.problem.where).toBe("mine.json: domain.gemm.m");
  // A file from before there was a record warns of nothing.
  const { domain: _, ...older } = params;
  expect(
    measuredRanges(valueOf(parseKernelParams("older", older)).domain ?? {}, card("mixtral-8x7b")),
  ).toEqual([]);
});
