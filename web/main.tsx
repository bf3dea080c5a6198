/** The page begins: settings, the scenario of the link, the engine, the screens. */

import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { listenForKeys } from "./app/keys.ts";
import { startSession } from "./engine/session.ts";
import { describeScenarios } from "./scenario/description.ts";
import { openGiven } from "./share/given.ts";
import { keepAddress, openLink } from "./share/link.ts";
import { applyPrefs } from "./stores/prefs-store.ts";

/** Resolves when the stored answer is on screen: the engine loads behind it. */
function painted(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
  });
}

applyPrefs();
const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(<App />);
  await openLink(location.hash);
  if (!location.hash.startsWith("#v")) await openGiven();
  await painted();
  startSession();
  void describeScenarios();
  keepAddress();
  listenForKeys();
}
