/** The filters of a sweep in words, and a form that sets them without a pointer. */

import { useState } from "react";
import { parseAmount } from "../../scenario/amount.ts";
import { setFilter, sweepStore } from "../../stores/sweep-store.ts";
import type { SweepFilters } from "../../stores/sweep-store.ts";
import type { Column } from "./columns.ts";

export type FilterBarProps = {
  readonly columns: readonly Column[];
  readonly filters: SweepFilters;
};

export function FilterBar({ columns, filters }: FilterBarProps) {
  const set = columns.filter(({ id }) => filters[id] !== undefined);
  return (
    <div className="row">
      <FilterForm columns={columns} />
      {set.map(({ id, name, textOf }) => {
        const [low, high] = filters[id] ?? [NaN, NaN];
        const words = [
          Number.isFinite(low) ? `at least ${textOf(low)}` : "",
          Number.isFinite(high) ? `at most ${textOf(high)}` : "",
        ];
        return (
          <button
            key={id}
            type="button"
            className="quiet"
            title="Drop this filter"
            onClick={() => {
              setFilter(id, null);
            }}
          >
            {name} {words.filter((one) => one !== "").join(", ")} ✕
          </button>
        );
      })}
      {set.length > 1 ? (
        <button
          type="button"
          className="quiet"
          onClick={() => {
            sweepStore.setState({ filters: {} });
          }}
        >
          Drop all filters
        </button>
      ) : null}
    </div>
  );
}

function FilterForm({ columns }: { readonly columns: readonly Column[] }) {
  const [id, setId] = useState("");
  const [low, setLow] = useState("");
  const [high, setHigh] = useState("");
  const [problem, setProblem] = useState("");
  const column = columns.find((one) => one.id === id) ?? columns[0];
  if (column === undefined) return null;
  function add(own: Column): void {
    const from = boundOf(low, own, -Infinity);
    const to = boundOf(high, own, Infinity);
    if (from === null || to === null || from > to || (from === -Infinity && to === Infinity)) {
      setProblem(
        `Give a least or a most value, such as ${own.words === undefined ? "200" : (own.words[0] ?? "")}.`,
      );
      return;
    }
    setProblem("");
    setFilter(own.id, [from, to]);
  }
  return (
    <form
      className="row"
      aria-label="Keep points"
      onSubmit={(event) => {
        event.preventDefault();
        add(column);
      }}
    >
      <label className="row">
        keep
        <select
          value={column.id}
          onChange={(event) => {
            setId(event.target.value);
          }}
        >
          {columns.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <Bound label="from" value={low} onChange={setLow} />
      <Bound label="to" value={high} onChange={setHigh} />
      <button type="submit">Keep</button>
      {problem === "" ? null : (
        <span className="field-problem" role="alert">
          {problem}
        </span>
      )}
    </form>
  );
}

function Bound({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
}) {
  return (
    <label className="row">
      {label}
      <input
        type="text"
        size={7}
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
    </label>
  );
}

/** A bound as typed, in the column's own unit; null: neither a number nor one of its words. */
function boundOf(text: string, { words, unit }: Column, empty: number): number | null {
  if (text.trim() === "") return empty;
  if (words !== undefined) {
    const place = words.indexOf(text.trim());
    return place < 0 ? null : place;
  }
  const amount = parseAmount(text, unit);
  return amount.ok ? amount.value : null;
}
