/** Starts the engine's worker from the page itself: the single file has nothing beside it. */

// Vite makes the class from the query; no source file exports it.
// oxlint-disable-next-line import/default
import EngineWorker from "../workers/engine.ts?worker&inline";

export function startEngineWorker(): Worker {
  return new EngineWorker();
}
