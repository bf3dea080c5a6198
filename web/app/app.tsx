/** The shell: top bar, scenario at the left, the chosen screen, run bar at the bottom. */

import { Suspense, useEffect } from "react";
import { useStore } from "zustand";
import { runStore } from "../engine/session.ts";
import { ScenarioPanel } from "../scenario/scenario-panel.tsx";
import { viewStore } from "../stores/view-store.ts";
import { BrushBar } from "./brush-bar.tsx";
import { CompareBar } from "./compare-bar.tsx";
import { Dialogs } from "./dialogs.tsx";
import { DropZone } from "./drop-zone.tsx";
import { ProblemBanner } from "./problem-banner.tsx";
import { RunBar } from "./run-bar.tsx";
import { loadEverything, SCREEN_VIEWS } from "./screens.tsx";
import { Tabs } from "./tabs.tsx";
import { TopBar } from "./top-bar.tsx";

export function App() {
  const screen = useStore(viewStore, (state) => state.screen);
  const isOpen = useStore(viewStore, (state) => state.isPanelOpen);
  const isStale = useStore(runStore, (state) => state.isStale);
  const notice = useStore(viewStore, (state) => state.notice);
  const shown = SCREEN_VIEWS.find(({ name }) => name === screen);
  useLazyParts();
  return (
    <>
      <a className="skip" href="#view">
        Skip to the result
      </a>
      <TopBar />
      <div className={isOpen ? "columns open" : "columns"}>
        <ScenarioPanel />
        <div className="centre">
          <Tabs />
          <ProblemBanner />
          <CompareBar />
          <BrushBar />
          <main id="view" tabIndex={-1} className={isStale ? "stale" : ""} aria-busy={isStale}>
            <h2 className="sr-only">{shown?.label}</h2>
            <Suspense fallback={<p className="faint pad">Loading this view…</p>}>
              {shown === undefined ? null : <shown.view />}
            </Suspense>
          </main>
        </div>
      </div>
      <RunBar />
      <Dialogs />
      <DropZone />
      <div className={notice === "" ? "notice" : "notice shown"} role="status">
        {notice}
      </div>
    </>
  );
}

/** The lazily loaded parts come once the first computed answer is there, when the page is idle. */
function useLazyParts(): void {
  const isReady = useStore(runStore, (state) => state.shown.run !== null || state.problem !== null);
  useEffect(() => {
    if (!isReady) return;
    void loadEverything().then(() => {
      document.documentElement.dataset["loaded"] = "all";
    });
  }, [isReady]);
}
