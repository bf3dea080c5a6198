/** Flags that say how a trace file is read → options of the importer. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { ROLES, TIME_UNITS } from "../trace/index.ts";
import type { ColumnMap, ImportOptions, Role, TimeUnit } from "../trace/index.ts";
import { wholeFlag } from "./flags.ts";
import { formatOf } from "./load-inputs.ts";

export type ImportFlags = {
  readonly format?: string;
  readonly blockSize?: string;
  readonly column?: readonly string[];
  readonly timeUnit?: string;
  readonly maxBadRows?: string;
};

/** Errors: an unknown format, role or unit; a text where a number belongs. */
export function importOptions(flags: ImportFlags): Result<ImportOptions> {
  const format = formatOf(flags.format, "--format");
  if (!format.ok) return format;
  const blockSize = wholeFlag(flags.blockSize, "--block-size");
  if (!blockSize.ok) return blockSize;
  const maxBadRows = wholeFlag(flags.maxBadRows, "--max-bad-rows");
  if (!maxBadRows.ok) return maxBadRows;
  const columns = columnMap(flags.column);
  if (!columns.ok) return columns;
  const timeUnit = timeUnitOf(flags.timeUnit);
  if (!timeUnit.ok) return timeUnit;
  return ok({
    ...(format.value === undefined ? {} : { format: format.value }),
    ...(blockSize.value === undefined ? {} : { blockSize: blockSize.value }),
    ...(maxBadRows.value === undefined ? {} : { maxBadRows: maxBadRows.value }),
    ...(columns.value === undefined ? {} : { columns: columns.value }),
    ...(timeUnit.value === undefined ? {} : { timeUnit: timeUnit.value }),
  });
}

function columnMap(texts: readonly string[] | undefined): Result<ColumnMap | undefined> {
  if (texts === undefined) return ok(undefined);
  const entries: [Role, string][] = [];
  for (const text of texts) {
    const equals = text.indexOf("=");
    const role = ROLES.find((one) => one === text.slice(0, Math.max(0, equals)));
    if (role === undefined || equals === text.length - 1) {
      return fail({
        what: `the column ${JSON.stringify(text)} cannot be read`,
        where: "--column",
        expected: `ROLE=NAME, ROLE one of ${ROLES.join(", ")}`,
        remedy: "write for example --column arrival=ts --column input=prompt_tokens",
      });
    }
    entries.push([role, text.slice(equals + 1)]);
  }
  return ok(Object.fromEntries(entries) as ColumnMap);
}

function timeUnitOf(text: string | undefined): Result<TimeUnit | undefined> {
  if (text === undefined) return ok(undefined);
  const unit = TIME_UNITS.find((one) => one === text);
  if (unit !== undefined) return ok(unit);
  return fail({
    what: `unknown unit of time ${JSON.stringify(text)}`,
    where: "--time-unit",
    expected: `one of ${TIME_UNITS.join(", ")}`,
  });
}
