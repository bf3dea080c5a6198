// The package's own declarations pull in all of Node's types, which a pure folder must not see:
// `paths` in tsconfig.json maps the import to this file, which declares the part that is used.
declare module "csv-parse/browser/esm/sync" {
  export class CsvError extends Error {
    readonly code: string;
  }

  export type Options = {
    readonly delimiter: string;
    readonly relax_column_count: boolean;
    readonly skip_empty_lines: boolean;
    readonly skip_records_with_error: boolean;
    readonly max_record_size: number;
    readonly on_record: (
      record: readonly string[],
      context: { readonly lines: number },
    ) => readonly string[] | null;
    readonly on_skip: (error: CsvError | undefined) => undefined;
  };

  export function parse(input: string, options: Options): string[][];
}
