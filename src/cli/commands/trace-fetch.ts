/** `headworks trace fetch`. */

import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { findRegistered } from "../../trace/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { countText, percentText } from "../numbers.ts";
import type { Terminal } from "../terminal.ts";
import { fetchTrace } from "../trace-fetch.ts";
import type { FetchProgress } from "../trace-fetch.ts";
import { readRegistry } from "../trace-registry.ts";

export type FetchFlags = { readonly dir: string; readonly quiet?: boolean };

/** Downloads a registered trace; its path on stdout. Ctrl-C keeps what can be resumed. */
export async function fetchCommand(
  name: string,
  flags: FetchFlags,
  terminal: Terminal,
): Promise<Result<number>> {
  const registry = readRegistry();
  if (!registry.ok) return registry;
  const entry = findRegistered(registry.value, name);
  if (!entry.ok) return entry;
  const abort = new AbortController();
  const interrupt = (): void => {
    abort.abort();
  };
  process.once("SIGINT", interrupt);
  const { licence, citation, sha256 } = entry.value;
  if (flags.quiet !== true) {
    terminal.note(`${entry.value.title}\n  licence ${licence}; cite ${citation}\n`);
    if (sha256 === undefined) terminal.note("  its hash is not known: the file is not checked\n");
  }
  const fetched = await fetchTrace(entry.value, {
    dir: flags.dir,
    signal: abort.signal,
    onProgress: progressOn(terminal, flags.quiet === true),
  });
  process.removeListener("SIGINT", interrupt);
  if (terminal.live && flags.quiet !== true) terminal.note("\r\u001b[K");
  if (!fetched.ok) return fetched;
  terminal.out(`${fetched.value}\n`);
  return ok(EXIT_DONE);
}

/** Bytes between redraws (assumption: a few a second on a fast line). */
const REDRAW_BYTES = 1 << 20;

function progressOn(terminal: Terminal, quiet: boolean): (progress: FetchProgress) => void {
  let drawn = 0;
  return ({ receivedBytes, totalBytes }) => {
    if (quiet || !terminal.live || receivedBytes - drawn < REDRAW_BYTES) return;
    drawn = receivedBytes;
    const share = totalBytes === undefined ? "" : ` (${percentText(receivedBytes / totalBytes)})`;
    terminal.note(`\r\u001b[K${countText(receivedBytes)} bytes${share}`);
  };
}
