/** Another try at a file: names of its columns, and how many bad rows are tolerated. */

import { useState } from "react";
import { readTraceFile } from "../../stores/import-store.ts";

const ROLES = ["arrival", "input", "output"] as const;

export function Columns({ file }: { readonly file: File }) {
  const [names, setNames] = useState<Readonly<Record<string, string>>>({});
  const [bad, setBad] = useState("");
  function again(): void {
    const given = Object.entries(names).filter(([, name]) => name.trim() !== "");
    const rows = Number(bad);
    void readTraceFile(file, {
      ...(given.length === 0
        ? {}
        : { columns: Object.fromEntries(given.map(([role, name]) => [role, name.trim()])) }),
      ...(bad.trim() === "" || !Number.isSafeInteger(rows) ? {} : { maxBadRows: rows }),
    });
  }
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        again();
      }}
    >
      {ROLES.map((role) => (
        <label key={role} className="row">
          column of the {role}
          <input
            type="text"
            size={10}
            value={names[role] ?? ""}
            onChange={(event) => {
              setNames({ ...names, [role]: event.target.value });
            }}
          />
        </label>
      ))}
      <label className="row">
        bad rows to skip
        <input
          type="text"
          size={4}
          inputMode="numeric"
          data-testid="bad-rows"
          value={bad}
          onChange={(event) => {
            setBad(event.target.value);
          }}
        />
      </label>
      <button type="submit">Read it again</button>
    </form>
  );
}
