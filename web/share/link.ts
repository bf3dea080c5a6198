/**
 * The scenario in the address: `#v1.<deflate-raw, base64url of JSON>` and short keys for what is looked at. Browsers
 * never send the part behind the #. A link of a later version is refused with words, one of an earlier is
 * brought up to date.
 */

import { fail, ok } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import { runStore } from "../engine/session.ts";
import { openDocument, scenarioStore } from "../stores/scenario-store.ts";
import { isScreen, notify, viewStore } from "../stores/view-store.ts";
import type { ScenarioDocument } from "../workers/protocol.ts";

const VERSION = 1;
/** A longer link is no scenario (assumption; full ones are some hundred letters). */
const LINK_MOST = 64 * 1024;
/** A scenario unpacks to less than this: a small link must not fill the memory. */
const TEXT_MOST = 1024 * 1024;

/** What a link holds: short keys, as every letter of a link counts. */
type Shared = { readonly s: ScenarioDocument; readonly b?: ScenarioDocument };

/** The fragment of a scenario, with the baseline where one is compared. */
export async function linkOf(
  document: ScenarioDocument,
  baseline: ScenarioDocument | null,
): Promise<string> {
  const { screen, brush } = viewStore.getState();
  const shared: Shared = baseline === null ? { s: document } : { s: document, b: baseline };
  const packed = await through(
    new TextEncoder().encode(JSON.stringify(shared)),
    new CompressionStream("deflate-raw"),
    LINK_MOST,
  );
  const view = screen === "overview" ? "" : `&t=${screen}`;
  const range = brush === null ? "" : `&r=${brush.fromS.toFixed(3)}-${brush.toS.toFixed(3)}`;
  return `#v${String(VERSION)}.${base64Url(packed)}${view}${range}`;
}

/** The scenario of a fragment. Errors: a later version, a cut or damaged link. */
export async function readLink(hash: string): Promise<Result<Shared>> {
  const [, version, text] = /^#v(\d+)\.([\w-]*)/.exec(hash) ?? [];
  if (version === undefined || text === undefined || hash.length > LINK_MOST) return fail(DAMAGED);
  if (Number(version) > VERSION) {
    return fail({
      what: `this link is of version ${version}, and this page knows ${String(VERSION)}`,
      where: "the address",
      remedy: "open it in a newer Headworks, or ask for the scenario as a file",
    });
  }
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
      letter.charCodeAt(0),
    );
    const plain = await through(bytes, new DecompressionStream("deflate-raw"), TEXT_MOST);
    const shared: unknown = JSON.parse(new TextDecoder().decode(plain));
    return isShared(shared) ? ok(shared) : fail(DAMAGED);
  } catch {
    return fail(DAMAGED);
  }
}

const DAMAGED = {
  what: "this link is cut or damaged",
  where: "the address",
  expected: "all of a link that Share made, from # to its end",
  remedy: "copy the link again; mail programs often break long ones",
};

function isShared(value: unknown): value is Shared {
  return (
    isMapping(value) && isMapping(value["s"]) && (value["b"] === undefined || isMapping(value["b"]))
  );
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Opens the fragment's scenario and view; a bad one is said, and what stands stays. */
export async function openLink(hash: string): Promise<void> {
  const view = /[#&]t=(\w+)/.exec(hash)?.[1];
  if (view !== undefined && isScreen(view)) viewStore.setState({ screen: view });
  const [, from, to] = /&r=([\d.]+)-([\d.]+)/.exec(hash) ?? [];
  if (from !== undefined && to !== undefined) {
    viewStore.setState({ brush: { fromS: Number(from), toS: Number(to) } });
  }
  if (!hash.startsWith("#v")) return;
  const shared = await readLink(hash);
  if (!shared.ok) {
    runStore.setState({ linkProblem: shared.problem });
    return;
  }
  openDocument(shared.value.s);
  const { b: baseline } = shared.value;
  if (baseline !== undefined) {
    const { runBaseline } = await import("../engine/session.ts");
    void runBaseline(baseline).then((outcome) => {
      if (!outcome.ok) notify(`The link's baseline has no result: ${outcome.problem.what}.`);
    });
  }
}

/** Keeps the address in step with the scenario, and the scenario with the address. */
export function keepAddress(): void {
  let written = location.hash;
  const write = async (): Promise<void> => {
    const { document } = scenarioStore.getState();
    const { baseline } = runStore.getState();
    const hash = await linkOf(document, baseline?.document ?? null);
    if (document !== scenarioStore.getState().document || hash === written) return;
    written = hash;
    history.replaceState(null, "", hash);
  };
  scenarioStore.subscribe(() => void write());
  viewStore.subscribe((state, before) => {
    if (state.screen !== before.screen || state.brush !== before.brush) void write();
  });
  addEventListener("hashchange", () => {
    if (location.hash === written) return;
    written = location.hash;
    void openLink(location.hash);
  });
}

async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
  most: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // A damaged stream rejects here and in the reader; the reader's rejection is the one that counts.
  writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => {});
  writer.close().catch(() => {});
  const reader = (stream.readable as ReadableStream<Uint8Array>).getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) throw new Error("too long");
    chunks.push(value);
  }
  const joined = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

function base64Url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
