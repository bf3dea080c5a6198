/** A number: text that takes units, and a slider that is logarithmic where the range is wide. */

import { useState } from "react";
import { setField, settle } from "../stores/scenario-store.ts";
import { amountText, parseAmount } from "./amount.ts";
import type { NumberField } from "./fields.ts";
import { fromSlider, sliderRange, toSlider } from "./slider.ts";

export type NumberControlProps = {
  readonly field: NumberField;
  readonly id: string;
  readonly value: unknown;
};

export function NumberControl({ field, id, value }: NumberControlProps) {
  const [problem, setProblem] = useState("");
  const fallback = typeof field.default === "number" ? field.default : null;
  const shown = typeof value === "number" ? value : fallback;
  const text = typeof value === "string" ? value : shown === null ? "" : amountText(shown);
  const range = sliderRange(field, shown);

  function commit(typed: string): void {
    if (typed.trim() === text) return;
    if (typed.trim() === "") {
      setProblem("");
      setField(field, undefined);
      return;
    }
    const parsed = parseAmount(typed, field.unit);
    if (!parsed.ok) {
      const { what, expected } = parsed.problem;
      setProblem(expected === undefined ? what : `${what}: use ${expected}`);
      return;
    }
    const number = field.integer ? Math.round(parsed.value) : parsed.value;
    if (number < field.min || number > field.max) {
      setProblem(`from ${amountText(field.min)} to ${amountText(field.max)}`);
      return;
    }
    setProblem("");
    setField(field, number);
    settle();
  }

  return (
    <>
      <div className="number">
        <input
          id={id}
          key={text}
          type="text"
          inputMode="decimal"
          defaultValue={text}
          placeholder={field.nullable ? "by default" : "not set"}
          aria-invalid={problem !== ""}
          aria-describedby={problem === "" ? undefined : `${id}-problem`}
          onBlur={(event) => {
            commit(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") commit(event.currentTarget.value);
          }}
        />
        {range === null || shown === null ? null : (
          <input
            type="range"
            min={0}
            max={1000}
            aria-label={`${field.key} slider`}
            value={toSlider(range, shown)}
            onChange={(event) => {
              const next = fromSlider(range, Number(event.target.value));
              if (next !== shown) setField(field, next);
            }}
            onPointerUp={settle}
            onKeyUp={settle}
          />
        )}
      </div>
      {problem === "" ? null : (
        <p id={`${id}-problem`} className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}
