/** Damage to rows of JSON: what bad exporters, cut transfers and slips of the hand do to them. */

import type { stream } from "../../src/core/index.ts";

export type RandomStream = ReturnType<typeof stream>;

/** Values that do not belong where they are put; texts that begin with a hash sign become numbers. */
const STRANGE: readonly unknown[] = [
  null,
  true,
  "",
  "x",
  "5",
  "#-1",
  "#1.5",
  "#1e300",
  "#1e999",
  "#-0",
  "#5e-324",
  "#9007199254740993",
  "#18446744073709551616",
  0,
  7,
  [],
  {},
  [[]],
  { t: 1 },
  "\ud800",
  "\u0000",
  "y".repeat(3000),
];

/** Rows with one of them changed, and which. */
export type Damaged = { readonly rows: readonly unknown[]; readonly at: number };

/** Changes a value somewhere inside one row: replaced, removed, or taken from the same place of another row. */
export function damageOne(random: RandomStream, rows: readonly unknown[]): Damaged {
  const at = random.int(rows.length);
  const other = rows[random.int(rows.length)];
  const kind = random.int(8);
  const strange = STRANGE[random.int(STRANGE.length)];
  const changed =
    kind === 0
      ? strange
      : changedInside(
          random,
          rows[at],
          other,
          kind > 5 ? "transplant" : kind > 4 ? "remove" : strange,
        );
  return { rows: rows.map((row, i) => (i === at ? changed : row)), at };
}

function changedInside(
  random: RandomStream,
  value: unknown,
  other: unknown,
  change: unknown,
): unknown {
  const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
  if (keys.length === 0)
    return change === "transplant" ? other : change === "remove" ? null : change;
  const key = keys[random.int(keys.length)]!;
  const inner = (value as Record<string, unknown>)[key];
  const twin = (other as Record<string, unknown> | undefined)?.[key];
  const goesOn = typeof inner === "object" && inner !== null && random.next() < 0.7;
  const put = goesOn
    ? changedInside(random, inner, twin, change)
    : change === "transplant"
      ? twin
      : change;
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => (String(i) !== key ? [item] : put === "remove" ? [] : [put]));
  }
  const { [key]: _, ...rest } = value as Record<string, unknown>;
  return put === "remove" ? rest : { ...rest, [key]: put };
}

/** Damage to a file's lines that leaves each row what it was, or breaks whole rows: `broken` of them at most. */
export function damageLines(
  random: RandomStream,
  lines: readonly string[],
): { readonly text: string; readonly broken: number } {
  const at = random.int(lines.length);
  const line = lines[at]!;
  const put = (...instead: readonly string[]): string =>
    lines.flatMap((one, i) => (i === at ? instead : [one])).join("\n");
  switch (random.int(7)) {
    case 0:
      return { text: put(line.slice(0, random.int(line.length))), broken: 1 };
    case 1:
      return { text: `\ufeff${lines.join("\r\n")}\r\n`, broken: 0 };
    case 2:
      return { text: put("", " \t ", line, ""), broken: 0 };
    case 3:
      return { text: put(`${line}${line}`), broken: 1 };
    case 4:
      return { text: put(`${line} trailing`), broken: 2 };
    case 5:
      return { text: put(line.replace(/"(\w+)"/, '"\\u0000$1')), broken: 1 };
    default:
      return {
        text: lines.join("\n").slice(0, -1 - random.int(line.length)),
        broken: lines.length,
      };
  }
}
