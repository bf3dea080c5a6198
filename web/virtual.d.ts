/** Modules that the build makes (.ci/page.mjs) for the page. */

declare module "virtual:headworks/first-result" {
  /** The demonstration's result as the build computed it: typed arrays in base64 (first-result.ts). */
  export const text: string;
}

declare module "virtual:headworks/start-worker" {
  /** Starts the engine's worker: a file beside the page, or inlined in the single-file page. */
  export const startEngineWorker: () => Worker;
}
