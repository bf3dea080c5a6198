/** Modules that the build makes (.ci/page.mjs): data that no source file holds as it is needed. */

declare module "virtual:headworks/cards" {
  /** The bundled cards, parsed. */
  // A relative import statement may not stand in a module's declaration; its type may.
  // oxlint-disable-next-line typescript/consistent-type-imports
  export const deck: import("../../src/hardware/index.ts").CardDeck;
  /** The program's version. */
  export const version: string;
}

declare module "virtual:headworks/kernels" {
  /** Kernel parameters by calibration system and engine timings by engine, each loaded when asked for. */
  export const systems: Readonly<Record<string, () => Promise<unknown>>>;
  export const engines: Readonly<Record<string, () => Promise<unknown>>>;
}

declare module "virtual:headworks/demo-trace" {
  /** The bundled trace as a gzipped columns file, in base64. */
  export const gzippedColumns: string;
  export const name: string;
}
