/** The colours of the page as it stands: light or dark, by the reader's choice or the system's. */

import { useSyncExternalStore } from "react";
import { isDark, prefsStore } from "../stores/prefs-store.ts";
import { DARK, LIGHT } from "./palette.ts";
import type { ThemeColours } from "./palette.ts";

const media = globalThis.matchMedia("(prefers-color-scheme: dark)");

function subscribe(changed: () => void): () => void {
  media.addEventListener("change", changed);
  const stop = prefsStore.subscribe(changed);
  return () => {
    media.removeEventListener("change", changed);
    stop();
  };
}

export function useTheme(): ThemeColours {
  return useSyncExternalStore(subscribe, isDark) ? DARK : LIGHT;
}
