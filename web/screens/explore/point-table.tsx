/** Every point of a sweep as a row: sort, pin, load. */

import { useMemo, useState } from "react";
import { textOf } from "../../charts/axes.ts";
import { pinBaseline } from "../../engine/session.ts";
import { openDocument } from "../../stores/scenario-store.ts";
import { show } from "../../stores/view-store.ts";
import { plotted } from "./frontier.ts";
import type { FrontierOptions, PlottedPoint } from "./frontier.ts";
import { togglePin } from "./run-sweep.ts";

type SortKey = "x" | "y" | number;

export type PointTableProps = {
  readonly options: FrontierOptions;
  /** Points that the filters leave out. */
  readonly left: number;
};

export function PointTable({ options, left }: PointTableProps) {
  const [sort, setSort] = useState<{ readonly key: SortKey; readonly isDown: boolean }>({
    key: "x",
    isDown: false,
  });
  const rows = useMemo(() => sorted(plotted(options), sort), [options, sort]);
  const failed = options.points.filter(({ problem }) => problem !== null);
  const { x, y, axes } = options;
  function header(key: SortKey, name: string) {
    const isSorted = sort.key === key;
    return (
      <th
        key={String(key)}
        scope="col"
        aria-sort={!isSorted ? "none" : sort.isDown ? "descending" : "ascending"}
      >
        <button
          type="button"
          className="quiet"
          onClick={() => {
            setSort({ key, isDown: isSorted && !sort.isDown });
          }}
        >
          {name} {isSorted ? (sort.isDown ? "▼" : "▲") : ""}
        </button>
      </th>
    );
  }
  return (
    <section className="figure" aria-label="Points">
      <h3>{left === 0 ? "Every point" : "Every point within the filters"}</h3>
      {left === 0 ? null : <p className="faint">{left} are left out.</p>}
      <div className="table-box" tabIndex={0} role="region" aria-label="Points as a table">
        <table>
          <thead>
            <tr>
              {axes.map((path, i) => header(i, path))}
              {header("x", x.name)}
              {header("y", y.name)}
              <th scope="col">frontier</th>
              <th scope="col">
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <PointRow key={row.point.id} row={row} options={options} />
            ))}
          </tbody>
        </table>
      </div>
      {failed.map(({ id, values, problem }) => (
        <p key={id} className="field-problem">
          {values.join(", ")}: {problem?.what}
          {problem?.remedy === undefined ? "" : `; ${problem.remedy}`}
        </p>
      ))}
    </section>
  );
}

function PointRow({
  row,
  options,
}: {
  readonly row: PlottedPoint;
  readonly options: FrontierOptions;
}) {
  const { point, isBest, isFeasible } = row;
  const isPinned = options.pins.includes(point.id);
  return (
    <tr className={isFeasible ? "" : "faint"}>
      {point.values.map((value, i) => (
        <td key={i}>{value}</td>
      ))}
      <td>{textOf(row.x, options.x.unit)}</td>
      <td>{textOf(row.y, options.y.unit)}</td>
      <td>{isBest ? "★" : ""}</td>
      <td>
        <button
          type="button"
          className="quiet"
          aria-pressed={isPinned}
          onClick={() => {
            togglePin(point.id);
          }}
        >
          {isPinned ? "Pinned" : "Pin"}
        </button>
        <button
          type="button"
          className="quiet"
          onClick={() => {
            openDocument(point.document);
            show("overview");
          }}
        >
          Load
        </button>
        <button
          type="button"
          className="quiet"
          title="The present result becomes the baseline"
          onClick={() => {
            pinBaseline();
            openDocument(point.document);
            show("overview");
          }}
        >
          Compare
        </button>
      </td>
    </tr>
  );
}

function sorted(
  rows: readonly PlottedPoint[],
  { key, isDown }: { readonly key: SortKey; readonly isDown: boolean },
): readonly PlottedPoint[] {
  const of = (row: PlottedPoint): string | number =>
    typeof key === "number" ? (row.point.values[key] ?? "") : row[key];
  const order = rows.toSorted((a, b) => {
    const [left, right] = [of(a), of(b)];
    if (typeof left === "number" && typeof right === "number") return left - right;
    return String(left) < String(right) ? -1 : 1;
  });
  return isDown ? order.toReversed() : order;
}
