/** A scoring expression: a few lines of text, and the signals it may name. */

import { useRef } from "react";
import { useStore } from "zustand";
import { setField } from "../stores/scenario-store.ts";
import { description } from "./description.ts";
import type { Field } from "./fields.ts";

export type ScoreControlProps = {
  readonly field: Field;
  readonly id: string;
  readonly value: unknown;
};

/** Whether the field holds a scoring expression. */
export function isScore({ path }: Field): boolean {
  return path.join(".") === "router.score";
}

export function ScoreControl({ field, id, value }: ScoreControlProps) {
  const signals = useStore(description)?.signals ?? [];
  const area = useRef<HTMLTextAreaElement>(null);
  const shown = typeof value === "string" ? value : "";
  function commit(text: string): void {
    const plain = text.trim();
    if (plain !== shown) setField(field, plain === "" ? undefined : plain);
  }
  /** Puts a signal where the cursor was; the expression counts when the field is left. */
  function insert(name: string): void {
    const { current } = area;
    if (current === null) return;
    current.setRangeText(name, current.selectionStart, current.selectionEnd, "end");
    current.focus();
  }
  return (
    <>
      <textarea
        ref={area}
        id={id}
        key={shown}
        className="full code"
        rows={3}
        spellCheck={false}
        defaultValue={shown}
        placeholder="prefill_blocks_new + 0.5 * active_blocks"
        onBlur={(event) => {
          commit(event.target.value);
        }}
        onKeyDown={(event) => {
          // An expression is one line: Enter counts as done.
          if (event.key !== "Enter") return;
          event.preventDefault();
          commit(event.currentTarget.value);
        }}
      />
      <details>
        <summary>Signals</summary>
        <ul className="signals">
          {signals.map(({ name, description: words }) => (
            <li key={name}>
              <button
                type="button"
                className="quiet"
                title={`Put ${name} into the expression`}
                onMouseDown={(event) => {
                  // The text keeps its cursor.
                  event.preventDefault();
                }}
                onClick={() => {
                  insert(name);
                }}
              >
                <code>{name}</code>
              </button>{" "}
              {words}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}
