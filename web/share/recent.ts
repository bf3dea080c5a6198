/** Recent scenarios in this browser's IndexedDB; nothing else is stored, and all of it can be forgotten. */

import { forgetPrefs, prefsStore } from "../stores/prefs-store.ts";
import type { ScenarioDocument } from "../workers/protocol.ts";

export type Recent = {
  readonly at: number;
  readonly name: string;
  readonly verdict: string;
  readonly document: ScenarioDocument;
};

const DATABASE = "headworks";
const STORE = "recent";
const KEPT = 12;

/** Resolves to `undefined` where the browser refuses storage. */
function open(): Promise<IDBDatabase | undefined> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.addEventListener("upgradeneeded", () => {
        request.result.createObjectStore(STORE, { keyPath: "at" });
      });
      request.addEventListener("success", () => {
        resolve(request.result);
      });
      request.addEventListener("error", () => {
        resolve(undefined);
      });
    } catch {
      resolve(undefined);
    }
  });
}

function settled<T>(request: IDBRequest<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    request.addEventListener("success", () => {
      resolve(request.result);
    });
    request.addEventListener("error", () => {
      resolve(undefined);
    });
  });
}

/** Newest first. */
export async function recentScenarios(): Promise<readonly Recent[]> {
  const database = await open();
  if (database === undefined) return [];
  const all = await settled(
    database.transaction(STORE).objectStore(STORE).getAll() as IDBRequest<Recent[]>,
  );
  database.close();
  return (all ?? []).toReversed();
}

/** Keeps a scenario, once each, unless the reader switched it off. */
export async function remember(recent: Recent): Promise<void> {
  if (!prefsStore.getState().remembers) return;
  const known = await recentScenarios();
  const text = JSON.stringify(recent.document);
  const database = await open();
  if (database === undefined) return;
  const store = database.transaction(STORE, "readwrite").objectStore(STORE);
  const others = known.filter((one) => JSON.stringify(one.document) !== text);
  for (const one of known) {
    if (!others.includes(one)) store.delete(one.at);
  }
  for (const one of others.slice(KEPT - 1)) store.delete(one.at);
  await settled(store.put(recent));
  database.close();
}

/** Deletes scenarios and settings. */
export async function forgetEverything(): Promise<void> {
  forgetPrefs();
  await new Promise<void>((resolve) => {
    const request = indexedDB.deleteDatabase(DATABASE);
    for (const type of ["success", "error", "blocked"]) {
      request.addEventListener(type, () => {
        resolve();
      });
    }
  });
}
