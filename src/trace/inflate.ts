/** gzip in pure code, for the browser and for tests; the command line uses node:zlib. */

import { Gunzip } from "fflate/browser";
import { fail, ok, type Result } from "../core/index.ts";

/** Compressed bytes handed over at a time: the grain of the offsets in messages. */
const CHUNK = 64 * 1024;

/** Uncompressed size allowed unless told otherwise, 4 GiB: a 1 MB gzip bomb can hold 1 GB per member. */
const DEFAULT_LIMIT = 4 * 1024 * 1024 * 1024;

/** Trailer of a gzip member: CRC-32 and size. */
const TRAILER = 8;

/** Header, an empty block and the trailer: no gzip file is shorter. */
const SHORTEST = 20;

/** Whether the bytes start as gzip does. */
export function looksGzipped(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Decompresses gzip (one member or several). Errors: not gzip, truncated, corrupt (also when the stored
 * checksum of a single-member file does not match), larger than `limitBytes`; with the offset in the
 * compressed bytes near which it was noticed.
 */
export function inflate(bytes: Uint8Array, limitBytes = DEFAULT_LIMIT): Result<Uint8Array> {
  if (!looksGzipped(bytes)) {
    return fail({ what: "the bytes are not gzip", where: "byte 0", expected: "1f 8b" });
  }
  if (bytes.length < SHORTEST) return corrupt("unexpected EOF", bytes.length, bytes.length);
  const chunks: Uint8Array[] = [];
  let size = 0;
  let members = 1;
  const gunzip = new Gunzip((chunk) => {
    chunks.push(chunk);
    size += chunk.length;
  });
  gunzip.onmember = () => {
    members++;
  };
  let at = 0;
  try {
    while (at < bytes.length) {
      const end = Math.min(at + CHUNK, bytes.length);
      // The library may keep views of what it is given and of what it hands out: both stay untouched.
      gunzip.push(bytes.subarray(at, end), end === bytes.length);
      at = end;
      if (size > limitBytes) return tooLarge(limitBytes, at);
    }
  } catch (error) {
    return corrupt(error instanceof Error ? error.message : String(error), at, bytes.length);
  }
  const whole = join(chunks, size);
  if (members === 1 && !checksumMatches(bytes, whole)) {
    return corrupt("checksum or size does not match", bytes.length - TRAILER, bytes.length);
  }
  return ok(whole);
}

function tooLarge(limitBytes: number, at: number): Result<Uint8Array> {
  return fail({
    what: `the gzip file holds more than ${limitBytes} bytes`,
    where: `byte ${at}`,
    remedy: "decompress a part of it, and import that",
  });
}

function corrupt(reason: string, at: number, length: number): Result<Uint8Array> {
  const truncated = /EOF/i.test(reason);
  return fail({
    what: truncated ? "the gzip file is truncated" : `the gzip file is corrupt (${reason})`,
    where: truncated ? `byte ${length}` : `near byte ${at}`,
    expected: "a complete gzip file",
    remedy: "fetch the file again; `gzip -t FILE` checks it",
  });
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Compares with the stored CRC-32 and size (modulo 2^32), both little-endian. */
function checksumMatches(bytes: Uint8Array, whole: Uint8Array): boolean {
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - TRAILER, TRAILER);
  return (
    trailer.getUint32(4, true) === whole.length % 4294967296 &&
    trailer.getUint32(0, true) === crc32(whole)
  );
}

/** CRC-32 as gzip has it (RFC 1952, polynomial edb88320 reflected). */
function crc32(bytes: Uint8Array): number {
  // Built per call: a file is checked once, and a page that never inflates pays nothing.
  const table = new Uint32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
