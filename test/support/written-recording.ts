/**
 * What writers of recordings share. They follow the trace formats' own rules (traces.md §3, dynamo-simulation.md §5); what a format
 * cannot say stands with its writer. Nothing here comes from the importers.
 */

import { stream } from "../../src/core/index.ts";
import type { ImportOptions } from "../../src/trace/index.ts";
import type { RecordedCall, RecordedEdge } from "./random-recording.ts";

/** A file, and what a reader can know from it. */
export type Written = {
  readonly text: string;
  /** The values that stand in the file, one after the other. */
  readonly values: readonly unknown[];
  readonly options: ImportOptions;
  readonly blockSize: number;
  /** Whether the partial block at a prompt's end has an id. */
  readonly hasTails: boolean;
  /** When a call came by the recording's clock, µs; NaN: it waits for others and the file has no time. */
  readonly arrivalUs: (call: RecordedCall) => number;
  /** Whether the file has a clock that tasks share. */
  readonly isTimed: boolean;
  readonly edges: (call: RecordedCall) => readonly RecordedEdge[];
  readonly notBeforeUs: (call: RecordedCall) => number;
  /** What the agent tells with the call; absent: the format has no words for it. */
  readonly hints?: (call: RecordedCall) => RecordedHints;
  readonly session: (call: RecordedCall) => number;
  readonly task: (call: RecordedCall) => number;
  /** What keeps equal texts of different calls apart, for the first so many tokens of a call's prompt. */
  readonly space: (call: RecordedCall, tokens: number) => string;
};

export type RecordedHints = {
  readonly priority: number;
  readonly strictPriority: number;
  readonly outputTokens: number;
  readonly keepUs: number;
};

/** How a file may be written without a change of meaning. */
export type Style = ReturnType<typeof styleOf>;

export function styleOf(seed: number) {
  const random = stream(seed, "style");
  const chance = (share: number): boolean => random.next() < share;
  return {
    random,
    chance,
    bom: chance(0.2) ? "\ufeff" : "",
    newline: chance(0.3) ? "\r\n" : "\n",
    isLast: chance(0.5),
    blockSize: [1, 4, 16, 37][random.int(4)]!,
  };
}

/** JSON text in which texts that are marked as numbers are numbers, whatever their size. */
export function jsonOf(value: unknown, spread = false): string {
  return JSON.stringify(value, null, spread ? 2 : 0).replace(/"#([\d+\-.e]+)"/g, "$1");
}

export function fileOf(
  style: Style,
  values: readonly unknown[],
  canSpread = false,
): Pick<Written, "text" | "values"> {
  const lines = values.map((value) => jsonOf(value, canSpread && style.chance(0.3)));
  const text = style.bom + lines.join(style.newline) + (style.isLast ? style.newline : "");
  return { text, values };
}

export function shuffled<T>(style: Style, list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, rank: style.random.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

/** Names of blocks, unique by whatever they stand for; some differ only in bits that a float64 does not have. */
export class BlockNames {
  private readonly names = new Map<string, bigint>();
  private readonly style: Style;
  private readonly bases: readonly bigint[];

  constructor(style: Style, isSmall: boolean) {
    this.style = style;
    this.bases = isSmall ? [1n] : [0n, 1n << 53n, 1n << 63n, (1n << 64n) - 100_000n];
  }

  /** The blocks of a prompt by all tokens up to their end. */
  chained(prompt: readonly number[], size: number, hasTails: boolean, space = ""): bigint[] {
    let before = space;
    return blocks(prompt, size, hasTails).map((tokens) => {
      const name = this.name(`${before}|${tokens.join(",")}`);
      before = `${space}${name}`;
      return name;
    });
  }

  /** The blocks of a prompt, each by its own tokens alone. */
  alone(prompt: readonly number[], size: number): bigint[] {
    return blocks(prompt, size, true).map((tokens) => this.name(tokens.join(",")));
  }

  private name(key: string): bigint {
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const base = this.bases[this.style.random.int(this.bases.length)]!;
    const name = base + BigInt(this.names.size);
    this.names.set(key, name);
    return name;
  }
}

function blocks(prompt: readonly number[], size: number, hasTails: boolean): number[][] {
  const count = hasTails ? Math.ceil(prompt.length / size) : Math.floor(prompt.length / size);
  return Array.from({ length: count }, (_, i) => prompt.slice(i * size, (i + 1) * size));
}

export const marked = (ids: readonly bigint[]): string[] => ids.map((id) => `#${id}`);
export const ms = (us: number): number => us / 1e3;
export const seconds = (us: number): number => us / 1e6;
export const agentOf = (call: RecordedCall): number => call.agent;
export const taskOf = (call: RecordedCall): number => call.task;
export const never = (): number => 0;
export const shared = (): string => "";
