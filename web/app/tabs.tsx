/** The screens as links, so that each has an address and opens by keyboard. */

import { useStore } from "zustand";
import { show, viewStore } from "../stores/view-store.ts";
import { SCREEN_VIEWS } from "./screens.tsx";

export function Tabs() {
  const screen = useStore(viewStore, (state) => state.screen);
  return (
    <nav className="tabs" aria-label="Views">
      {SCREEN_VIEWS.map(({ name, label }) => (
        <button
          key={name}
          type="button"
          aria-current={name === screen ? "page" : undefined}
          onClick={() => {
            show(name);
          }}
        >
          {label}
        </button>
      ))}
    </nav>
  );
}
