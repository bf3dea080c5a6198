/** Fitted kernel parameters and engine timings: the bundled ones, or a user's files. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { parseEngineTiming, parseKernelParams } from "../hardware/index.ts";
import type { CardDeck, EngineTiming, GpuCard, KernelParams } from "../hardware/index.ts";
import { readDocument } from "./load-cards.ts";
import { packagePath } from "./package-root.ts";

/** Folder of the bundled parameter files. */
export function kernelsFolder(): string {
  return packagePath("models/kernels");
}

/** Reads one parameter file. */
export function readKernelParams(path: string): Result<KernelParams> {
  const document = readDocument(path, "kernel parameters");
  return document.ok ? parseKernelParams(path, document.value) : document;
}

/**
 * The parameters of a GPU, the user's own before the bundled: its own calibration's, else its peer's (then times are estimates by the
 * ratio of peaks). Problems: a peer that is unknown or was not measured either, a damaged file.
 */
export function loadKernelParams(
  deck: CardDeck,
  gpu: GpuCard,
  folder = kernelsFolder(),
): Result<KernelParams> {
  const peer = deck.gpus.find(({ id }) => id === gpu.peer);
  const system = gpu.calibration === "" ? (peer?.calibration ?? "") : gpu.calibration;
  const own = deck.kernels?.find(({ kernels }) => kernels === system);
  if (own !== undefined) return ok(own);
  const path = join(folder, `${system}.json`);
  if (system === "" || !existsSync(path)) {
    return fail({
      what: `there are no kernel parameters for ${gpu.name}`,
      where: gpu.id,
      expected: `a card with \`calibration\` or \`peer\` among ${known(folder).join(", ")}`,
      remedy: "run `headworks calibrate` on measured tables, or name a peer in the GPU's card",
    });
  }
  return readKernelParams(path);
}

/** The timing of an engine, the user's own before the bundled. Problems: an engine without a file, a damaged file. */
export function loadEngineTiming(
  deck: CardDeck,
  engine: string,
  folder = kernelsFolder(),
): Result<EngineTiming> {
  const own = deck.engines?.find((timing) => timing.engine === engine);
  if (own !== undefined) return ok(own);
  const path = join(folder, "engines", `${engine}.json`);
  if (!existsSync(path)) {
    return fail({
      what: `there is no timing for the engine ${engine}`,
      expected: known(join(folder, "engines")).join(", "),
    });
  }
  const document = readDocument(path, "engine timing");
  return document.ok ? parseEngineTiming(path, document.value) : document;
}

function known(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.map((name) => name.slice(0, -".json".length)).sort();
}
