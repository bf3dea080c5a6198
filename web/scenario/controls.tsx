/** Controls of single values other than numbers. */

import { useState } from "react";
import { setField } from "../stores/scenario-store.ts";
import type { CardName } from "../workers/protocol.ts";
import type { ChoiceField, Field, FlagField } from "./fields.ts";

type Props<T extends Field> = { readonly field: T; readonly id: string; readonly value: unknown };

export function ChoiceControl({ field, id, value }: Props<ChoiceField>) {
  const shown = value ?? field.default ?? "";
  return (
    <select
      id={id}
      value={String(shown)}
      onChange={(event) => {
        const text = event.target.value;
        setField(field, text === "" ? undefined : text);
      }}
    >
      {field.nullable || field.default === undefined ? <option value="">by default</option> : null}
      {field.options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}

export function FlagControl({ field, id, value }: Props<FlagField>) {
  return (
    <input
      id={id}
      type="checkbox"
      checked={(value ?? field.default) === true}
      onChange={(event) => {
        setField(field, event.target.checked);
      }}
    />
  );
}

type TextProps = Props<Field> & { readonly suggestions: readonly CardName[] };

export function TextControl({ field, id, value, suggestions }: TextProps) {
  const shown = typeof value === "string" ? value : "";
  if (suggestions.length > 0) {
    const isKnown = suggestions.some((one) => one.id === shown) || shown === "";
    return (
      <select
        id={id}
        value={shown}
        onChange={(event) => {
          setField(field, event.target.value === "" ? undefined : event.target.value);
        }}
      >
        <option value="">{field.nullable ? "none" : "not set"}</option>
        {isKnown ? null : <option value={shown}>{shown}</option>}
        {suggestions.map((one) => (
          <option key={one.id} value={one.id} title={one.note}>
            {one.id}
            {one.note.startsWith("estimated") ? " (estimated)" : ""}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      id={id}
      key={shown}
      type="text"
      defaultValue={shown}
      placeholder={field.nullable ? "by default" : "not set"}
      onBlur={(event) => {
        const text = event.target.value.trim();
        if (text !== shown) setField(field, text === "" ? undefined : text);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
      }}
    />
  );
}

/** Values of no simpler kind, as JSON. */
export function JsonControl({ field, id, value }: Props<Field>) {
  const [problem, setProblem] = useState("");
  const shown = value === undefined ? "" : JSON.stringify(value);
  return (
    <>
      <input
        id={id}
        key={shown}
        type="text"
        defaultValue={shown}
        placeholder="JSON"
        aria-invalid={problem !== ""}
        onBlur={(event) => {
          const text = event.target.value.trim();
          try {
            const parsed: unknown = text === "" ? undefined : JSON.parse(text);
            setProblem("");
            if (text !== shown) setField(field, parsed);
          } catch {
            setProblem('no JSON: write a value such as {"key": 1}');
          }
        }}
      />
      {problem === "" ? null : <p className="field-problem">{problem}</p>}
    </>
  );
}
