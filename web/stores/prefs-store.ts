/** The reader's settings, kept in the browser: theme, contrast, whether scenarios are remembered. */

import { createStore } from "zustand/vanilla";

export type Theme = "light" | "dark" | "system";

export type Prefs = {
  readonly theme: Theme;
  readonly highContrast: boolean;
  /** Whether recent scenarios are kept in this browser. */
  readonly remembers: boolean;
};

const KEY = "headworks.prefs";
const DEFAULTS: Prefs = { theme: "system", highContrast: false, remembers: true };

/** Storage may be refused (a private window, a file opened from disk): settings then last a visit. */
function load(): Prefs {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof kept === "object" && kept !== null ? { ...DEFAULTS, ...kept } : DEFAULTS;
  } catch {
    return DEFAULTS;
  }
}

export const prefsStore = createStore<Prefs>(load);

/** Sets the page's theme now and whenever the settings change. */
export function applyPrefs(): void {
  const apply = ({ theme, highContrast }: Prefs): void => {
    const root = document.documentElement;
    if (theme === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = theme;
    root.dataset["contrast"] = highContrast ? "more" : "normal";
  };
  apply(prefsStore.getState());
  prefsStore.subscribe((prefs) => {
    apply(prefs);
    try {
      localStorage.setItem(KEY, JSON.stringify(prefs));
    } catch {
      // Refused: see load().
    }
  });
}

/** Whether the page is dark right now. */
export function isDark(): boolean {
  const { theme } = prefsStore.getState();
  if (theme !== "system") return theme === "dark";
  return globalThis.matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Forgets the settings as well. */
export function forgetPrefs(): void {
  prefsStore.setState(DEFAULTS);
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
