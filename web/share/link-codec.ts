/**
 * A scenario as a short text for addresses: deflate-raw and base64url of its JSON, under a version. A link of a
 * later version is refused with words.
 */

import { fail, ok } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";

type Mapping = { readonly [key: string]: unknown };

const VERSION = 1;
/** A longer link is no scenario (assumption; full ones are some hundred letters). */
const LINK_MOST = 64 * 1024;
/** A scenario unpacks to less than this: a small link must not fill the memory. */
const TEXT_MOST = 1024 * 1024;

/** What a link holds: short keys, as every letter of a link counts. */
export type Shared = { readonly s: Mapping; readonly b?: Mapping };

/** `v1.…`, to stand after the #. */
export async function packShared(shared: Shared): Promise<string> {
  const packed = await through(
    new TextEncoder().encode(JSON.stringify(shared)),
    new CompressionStream("deflate-raw"),
    LINK_MOST,
  );
  return `v${String(VERSION)}.${base64Url(packed)}`;
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

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
