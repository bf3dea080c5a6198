/** What is looked at: the screen, the brushed stretch of time, open panels. */

import { createStore } from "zustand/vanilla";

export const SCREENS = [
  "start",
  "overview",
  "topology",
  "timeline",
  "latency",
  "kv",
  "explore",
  "trace",
  "method",
  "planner",
  "live",
] as const;
export type ScreenName = (typeof SCREENS)[number];

export type Brush = { readonly fromS: number; readonly toS: number };

export type Dialog = "none" | "keys" | "palette" | "share" | "privacy";

export type ViewState = {
  readonly screen: ScreenName;
  /** Restricts every view to requests that arrived within it. */
  readonly brush: Brush | null;
  /** Simulated time under the pointer, s: a ruler in every chart over time. */
  readonly cursorS: number | null;
  /** A brush that is being drawn. */
  readonly drawnBrush: Brush | null;
  /** Simulated time that the cluster is shown at, s; `null`: over the whole run. */
  readonly clockS: number | null;
  readonly dialog: Dialog;
  readonly isPanelOpen: boolean;
  /** Topic of the method screen: the number whose ⓘ was opened. */
  readonly topic: string;
  /** Compared runs as B − A instead of one over the other. */
  readonly isDifference: boolean;
  /** Charts as tables. */
  readonly tables: boolean;
  /** A short message at the bottom, such as "link copied". */
  readonly notice: string;
};

export const viewStore = createStore<ViewState>(() => ({
  screen: "overview",
  brush: null,
  cursorS: null,
  drawnBrush: null,
  clockS: null,
  dialog: "none",
  isPanelOpen: globalThis.innerWidth > 760,
  topic: "",
  isDifference: false,
  tables: false,
  notice: "",
}));

export function isScreen(name: string): name is ScreenName {
  return SCREENS.some((one) => one === name);
}

export function show(screen: ScreenName): void {
  viewStore.setState({ screen });
}

/** Opens the method page at a topic. */
export function explain(topic: string): void {
  viewStore.setState({ screen: "method", topic });
}

let noticeTimer = 0;

/** Says something for a few seconds; screen readers hear it too. */
export function notify(notice: string): void {
  viewStore.setState({ notice });
  clearTimeout(noticeTimer);
  noticeTimer = globalThis.setTimeout(() => {
    viewStore.setState({ notice: "" });
  }, 6000);
}
