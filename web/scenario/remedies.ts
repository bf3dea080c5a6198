/** Changes that a problem's remedy names ("one of cluster.parallelism.tensor=2, gpu=h200"), as buttons. */

import type { Problem } from "../workers/protocol.ts";
import type { Path } from "./document.ts";

export type Remedy = { readonly path: Path; readonly value: unknown };

/** Most buttons: the first remedies are the nearest (assumption). */
const REMEDIES_MOST = 4;

export function remediesOf({ remedy = "" }: Problem): Remedy[] {
  const found = [...remedy.matchAll(/([a-z_]+(?:\.[a-z_]+)*)=([\w.-]+)/g)];
  return found.slice(0, REMEDIES_MOST).map(([, path = "", text = ""]) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : text.replace(/\.$/, "");
    return { path: path.split("."), value };
  });
}
