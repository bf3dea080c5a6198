import { describe, expect, it } from "vitest";
import { stream } from "../../src/core/index.ts";
import {
  busiestExperts,
  crowdingVariance,
  type MoeShape,
  parseHfConfig,
} from "../../src/hardware/index.ts";
import type { LlmFile } from "./cards-support.ts";
import { documentsOf, valueOf } from "./cards-support.ts";

const configs = new Map(documentsOf<LlmFile>("llms").map(([, file]) => [file.llm, file.config]));

const DEEPSEEK = { experts: 256, topK: 8, choice: { groups: 8, topGroups: 4 } };

/** `count` different ones of 0 … below − 1. */
function drawn(random: { next(): number }, below: number, count: number): Set<number> {
  const found = new Set<number>();
  while (found.size < count) found.add(Math.floor(random.next() * below));
  return found;
}

/** The experts of a token: groups first, then experts among theirs. */
function chosen(random: { next(): number }, { experts, topK, choice }: typeof DEEPSEEK): number[] {
  const groups = [...drawn(random, choice.groups, choice.topGroups)];
  const size = experts / choice.groups;
  return [...drawn(random, size * choice.topGroups, topK)].map(
    (at) => groups[Math.floor(at / size)]! * size + (at % size),
  );
}

function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

describe("routing limited to groups", () => {
  it.each([2, 4, 8, 16, 32])("crowds a token's experts on %i ranks as drawing says", (ranks) => {
    const random = stream(11, `groups/${ranks}`);
    const local = DEEPSEEK.experts / ranks;
    const counts = Array.from({ length: 40_000 }, () => {
      return chosen(random, DEEPSEEK).filter((expert) => expert < local).length;
    });
    const share = 1 / ranks;
    const { experts, topK } = DEEPSEEK;
    const free = (topK * share * (1 - share) * (experts - topK)) / (experts - 1);
    const crowding = crowdingVariance(DEEPSEEK, ranks);
    expect(free + crowding).toBeGreaterThan(0.95 * varianceOf(counts));
    expect(free + crowding).toBeLessThan(1.05 * varianceOf(counts));
  });

  it("is none where all groups, or all experts of one rank, may be chosen", () => {
    const all = { ...DEEPSEEK, choice: { groups: 8, topGroups: 8 } };
    expect(crowdingVariance(all, 8)).toBeCloseTo(0, 10);
    expect(crowdingVariance(DEEPSEEK, 1)).toBe(0);
  });

  it("fills the fullest of eight ranks nearly as much as drawing says", () => {
    const shape: MoeShape = {
      hidden: 7168,
      inter: 2048,
      matrices: 3,
      topK: 8,
      experts: 256,
      localExperts: 32,
      weightBytes: 1,
      compute: "fp8",
    };
    const grouped = { ...shape, choice: DEEPSEEK.choice };
    const random = stream(12, "fullest");
    for (const tokens of [1, 2, 4, 8]) {
      let fullest = 0;
      const draws = 2000;
      for (let draw = 0; draw < draws; draw++) {
        const seen = new Set<number>();
        for (let token = 0; token < tokens; token++) {
          for (const expert of chosen(random, DEEPSEEK)) seen.add(expert);
        }
        const onRank = new Uint32Array(8);
        for (const expert of seen) onRank[expert >> 5]!++;
        fullest += Math.max(...onRank) / draws;
      }
      const before = Math.abs(busiestExperts(shape, tokens) / fullest - 1);
      const after = Math.abs(busiestExperts(grouped, tokens) / fullest - 1);
      expect(after).toBeLessThan(0.2);
      expect(after).toBeLessThan(before);
    }
  });

  it("makes small batches slower where experts are split, and large ones hardly", () => {
    const free = card("deepseek-r1", { n_group: 1, topk_group: 1 });
    expect(free.groups[1]!.ffn).not.toHaveProperty("choice");
    const freely = (decodes: number): number => busiest(free, decodes);
    const grouped = (decodes: number): number => busiest(card("deepseek-r1"), decodes);
    expect(grouped(8)).toBeGreaterThan(1.05 * freely(8));
    expect(grouped(512)).toBeLessThan(1.01 * freely(512));
  });
});

type Card = ReturnType<typeof card>;

/** Experts of the fullest of eight ranks that a batch reaches in a layer. */
function busiest({ groups, hidden }: Card, tokens: number): number {
  const { ffn } = groups[1]!;
  if (ffn.kind !== "moe") throw new Error("a dense layer");
  const { experts, topK, inter, choice } = ffn;
  const own = { hidden, inter, matrices: 3, topK, experts, localExperts: experts / 8 };
  const format = { weightBytes: 1, compute: "fp8" } as const;
  return busiestExperts({ ...own, ...format, ...(choice === undefined ? {} : { choice }) }, tokens);
}

function card(name: string, changes: object = {}) {
  return valueOf(parseHfConfig({ ...configs.get(name)!, ...changes }, name));
}

describe("config.json", () => {
  it("tells the groups", () => {
    const [dense, moe] = card("deepseek-v3").groups.map(({ ffn }) => ffn);
    expect(dense).toMatchObject({ kind: "dense" });
    expect(moe).toMatchObject({ kind: "moe", choice: { groups: 8, topGroups: 4 } });
  });

  it("names the field when experts do not divide into groups", () => {
    const parsed = parseHfConfig({ ...configs.get("deepseek-v3")!, n_group: 7 }, "x");
    expect(parsed.ok ? "" : parsed.problem.where).toContain("n_group");
  });
});
