/** Starts the engine's worker from the file beside the page. */

export function startEngineWorker(): Worker {
  return new Worker(new URL("../workers/engine.ts", import.meta.url), { type: "module" });
}
