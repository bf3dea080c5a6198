/** Name, verdict, compare, share, export, theme, keys. */

import { useStore } from "zustand";
import { dropBaseline, pinBaseline, runStore } from "../engine/session.ts";
import { prefsStore } from "../stores/prefs-store.ts";
import type { Theme } from "../stores/prefs-store.ts";
import { redo, scenarioStore, undo } from "../stores/scenario-store.ts";
import { viewStore } from "../stores/view-store.ts";

const NEXT_THEME: Readonly<Record<Theme, Theme>> = {
  system: "dark",
  dark: "light",
  light: "system",
};
const THEME_SIGN: Readonly<Record<Theme, string>> = { system: "◐", dark: "☾", light: "☀" };

export function TopBar() {
  const theme = useStore(prefsStore, (state) => state.theme);
  const isPanelOpen = useStore(viewStore, (state) => state.isPanelOpen);
  const canUndo = useStore(scenarioStore, (state) => state.past.length > 0);
  const canRedo = useStore(scenarioStore, (state) => state.future.length > 0);
  const compares = useStore(runStore, (state) => state.compares);
  return (
    <header className="top">
      <button
        type="button"
        aria-expanded={isPanelOpen}
        aria-controls="scenario"
        title="Show or hide the scenario"
        onClick={() => {
          viewStore.setState({ isPanelOpen: !isPanelOpen });
        }}
      >
        <span aria-hidden="true">☰</span> <span className="wide">Scenario</span>
      </button>
      <h1>
        Headworks <span className="faint wide">what if?</span>
      </h1>
      <div className="spacer" />
      <button type="button" disabled={!canUndo} title="Undo (Ctrl+Z)" onClick={undo}>
        <span aria-hidden="true">↶</span>
        <span className="sr-only">Undo</span>
      </button>
      <button type="button" disabled={!canRedo} title="Redo (Ctrl+Shift+Z)" onClick={redo}>
        <span aria-hidden="true">↷</span>
        <span className="sr-only">Redo</span>
      </button>
      <button
        type="button"
        aria-pressed={compares}
        title={
          compares
            ? "Drop the baseline (C)"
            : "Keep this result as the baseline and compare with it (C)"
        }
        onClick={compares ? dropBaseline : pinBaseline}
      >
        Compare
      </button>
      <button
        type="button"
        className="strong"
        onClick={() => {
          viewStore.setState({ dialog: "share" });
        }}
      >
        Share
      </button>
      <button
        type="button"
        title={`Theme: ${theme}`}
        onClick={() => {
          prefsStore.setState({ theme: NEXT_THEME[theme] });
        }}
      >
        <span aria-hidden="true">{THEME_SIGN[theme]}</span>
        <span className="sr-only">Theme: {theme}</span>
      </button>
      <button
        type="button"
        title="Keys and privacy (?)"
        onClick={() => {
          viewStore.setState({ dialog: "keys" });
        }}
      >
        <span aria-hidden="true">?</span>
        <span className="sr-only">Keys and privacy</span>
      </button>
    </header>
  );
}
