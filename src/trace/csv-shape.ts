/** Which column of a CSV file means what: the known formats, bound by header name, never by place. */

import { COMMA } from "./bytes.ts";
import type { FormatName, Role, TimeUnit } from "./import-options.ts";

export type CsvShape = {
  readonly format: FormatName;
  /** Header as written. */
  readonly names: readonly string[];
  readonly delimiter: number;
  /** Column by role, absent when the file has none. */
  readonly columns: { readonly [role in Role]?: number };
  readonly timeUnit: TimeUnit;
  readonly delayUnit: Exclude<TimeUnit, "iso">;
  readonly elapsedUnit: Exclude<TimeUnit, "iso">;
  /** Column with a number of images (Azure LMM); rows are labelled "image" or "text" by it. */
  readonly images?: number;
  /** Whether rows without output are failures to drop unless asked otherwise. */
  readonly dropZeroOutput: boolean;
  /** Remarks for the import log. */
  readonly remarks: readonly string[];
};

/** Power of ten from a unit to µs. */
export const EXPONENT_TO_US: { readonly [unit in Exclude<TimeUnit, "iso">]: number } = {
  s: 6,
  ms: 3,
  us: 0,
  ns: -3,
};

type KnownCsv = {
  readonly format: FormatName;
  readonly title: string;
  readonly timeUnit: TimeUnit;
  readonly columns: { readonly [role in Role]?: string };
  readonly required: readonly Role[];
  readonly dropZeroOutput: boolean;
};

/** Columns as in reference headers of each publisher; names compare without case and blanks. */
export const KNOWN_CSV: readonly KnownCsv[] = [
  {
    format: "azure",
    title: "Azure LLM inference trace",
    timeUnit: "iso",
    columns: { arrival: "TIMESTAMP", input: "ContextTokens", output: "GeneratedTokens" },
    required: ["arrival", "input", "output"],
    dropZeroOutput: false,
  },
  {
    format: "burstgpt",
    title: "BurstGPT",
    timeUnit: "s",
    columns: {
      arrival: "Timestamp",
      input: "Request tokens",
      output: "Response tokens",
      session: "Session ID",
      elapsed: "Elapsed time",
      model: "Model",
      class: "Log Type",
    },
    required: ["arrival", "input", "output"],
    // Failed requests are logged with a response of 0 tokens.
    dropZeroOutput: true,
  },
  {
    format: "vidur",
    title: "vidur",
    timeUnit: "s",
    columns: {
      arrival: "arrived_at",
      input: "num_prefill_tokens",
      output: "num_decode_tokens",
    },
    required: ["arrival", "input", "output"],
    dropZeroOutput: false,
  },
  {
    format: "splitwise",
    title: "splitwise-sim",
    timeUnit: "s",
    columns: {
      arrival: "arrival_timestamp",
      input: "prompt_size",
      output: "token_size",
      tenant: "application_id",
    },
    required: ["arrival", "input", "output"],
    dropZeroOutput: false,
  },
];

/** Header names are compared in lower case, blanks and dashes as underscores. */
export function normalName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");
}

/** The known format whose required columns are all in the header, if any. */
export function bindKnownCsv(
  names: readonly string[],
  format: FormatName | undefined,
): CsvShape | undefined {
  const normal = names.map(normalName);
  for (const known of KNOWN_CSV) {
    if (format !== undefined && known.format !== format) continue;
    const columns: { [role in Role]?: number } = {};
    for (const [role, name] of Object.entries(known.columns) as [Role, string][]) {
      const index = normal.indexOf(normalName(name));
      if (index >= 0) columns[role] = index;
    }
    if (known.required.some((role) => columns[role] === undefined)) continue;
    const images = known.format === "azure" ? normal.indexOf("numimages") : -1;
    return {
      format: known.format,
      names,
      delimiter: COMMA,
      columns,
      timeUnit: known.timeUnit,
      delayUnit: "s",
      elapsedUnit: "s",
      ...(images < 0 ? {} : { images }),
      dropZeroOutput: known.dropZeroOutput,
      remarks: images < 0 ? [] : ["noted: image tokens are taken to be part of the input tokens"],
    };
  }
  return undefined;
}
