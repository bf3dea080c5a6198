/** Classes and tenants of a report as lines for the terminal. */

import { groupTables } from "../plan/index.ts";
import type { Report } from "../sim/index.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

/** A table for the classes and one for the tenants; nothing where all requests are alike. */
export function groupLines(report: Report, style: Style): string[] {
  return groupTables(report).flatMap(({ head, rows }, index) => {
    const align = head.map((name, column) =>
      column === 0 || name === "SLO" ? ("left" as const) : ("right" as const),
    );
    const lines = textTable([head.map(style.dim), ...rows], { align, indent: 2 });
    return index === 0 ? lines : ["", ...lines];
  });
}
