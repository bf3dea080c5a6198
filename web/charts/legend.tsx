/** Names of what is drawn, each with its colour and its sign. */

import { GLYPHS } from "./palette.ts";
import type { Role } from "./palette.ts";

export type LegendItem = { readonly name: string; readonly role: Role };

export function Legend({ items }: { readonly items: readonly LegendItem[] }) {
  return (
    <ul className="legend">
      {items.map(({ name, role }) => (
        <li key={name}>
          <span className={`swatch ${role}`} aria-hidden="true">
            {GLYPHS[role]}
          </span>
          {name}
        </li>
      ))}
    </ul>
  );
}
