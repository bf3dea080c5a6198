/** Files → bytes, with every way that this fails said in words. */

import { closeSync, fstatSync, openSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { gunzipSync } from "node:zlib";
import { fail, nearestNames, ok } from "../core/index.ts";
import type { Problem, Result } from "../core/index.ts";

/** Largest file read whole (Node reads at most 2 GiB into one buffer). */
export const FILE_BYTES_LIMIT = 2 ** 31 - 1;
/** Largest text inside a gz file: guards against a small file that unpacks to fill the memory. */
export const UNPACKED_BYTES_LIMIT = 4 * 2 ** 30 - 1;
/** Scenarios and reports are texts of some kilobytes (assumption: 64 MiB is a mistake). */
export const TEXT_BYTES_LIMIT = 64 * 2 ** 20;

export type ReadOptions = {
  /** What the file should be, for messages: "a trace", "a scenario". */
  readonly role: string;
  readonly bytesLimit?: number;
  readonly unpackedLimit?: number;
};

/**
 * Reads a file whole; gz is recognised by its first two bytes and unpacked.
 * Errors: missing (with the nearest names beside it), unreadable, a folder, empty, too large, a gz
 * that is truncated or corrupt.
 */
export function readBytes(path: string, options: ReadOptions): Result<Uint8Array> {
  const limit = options.bytesLimit ?? FILE_BYTES_LIMIT;
  let bytes: Buffer;
  try {
    const file = openSync(path, "r");
    try {
      const stats = fstatSync(file);
      if (stats.isDirectory()) return fail(folderProblem(path, options.role));
      if (stats.size > limit) return fail(sizeProblem(path, stats.size, limit, options.role));
      bytes = readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return fail(readProblem(path, error as NodeJS.ErrnoException, options.role));
  }
  if (bytes.length === 0) {
    return fail({
      what: "the file is empty",
      where: path,
      expected: options.role,
      remedy: "check how it was written, or name another file",
    });
  }
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(path, bytes, options) : ok(bytes);
}

/** As `readBytes`, decoded as UTF-8. Errors: also bytes that are no UTF-8. */
export function readText(path: string, role: string): Result<string> {
  const bytes = readBytes(path, {
    role,
    bytesLimit: TEXT_BYTES_LIMIT,
    unpackedLimit: TEXT_BYTES_LIMIT,
  });
  if (!bytes.ok) return bytes;
  try {
    return ok(new TextDecoder("utf-8", { fatal: true }).decode(bytes.value));
  } catch {
    return fail({
      what: "the file is no UTF-8 text",
      where: path,
      expected: role,
      remedy: "save it as UTF-8, or name another file",
    });
  }
}

function unpack(path: string, bytes: Buffer, options: ReadOptions): Result<Uint8Array> {
  const limit = options.unpackedLimit ?? UNPACKED_BYTES_LIMIT;
  try {
    return ok(gunzipSync(bytes, { maxOutputLength: limit }));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      return fail({
        what: `the gz file unpacks to more than ${String(limit)} bytes`,
        where: path,
        expected: options.role,
        remedy: "split the file, or keep only the rows that are needed",
      });
    }
    const cut = code === "Z_BUF_ERROR";
    return fail({
      what: cut ? "the gz file is truncated: it ends early" : "the gz file is corrupt",
      where: `${path} (${String(bytes.length)} bytes)`,
      expected: `${options.role} as a complete gz stream`,
      remedy: "fetch or copy the file again; `gzip -t FILE` checks it",
    });
  }
}

function readProblem(path: string, error: NodeJS.ErrnoException, role: string): Problem {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") {
    const near = namesBeside(path);
    return {
      what: "no such file",
      where: path,
      expected: role,
      remedy: near.length === 0 ? "check the path" : `did you mean ${near.join(" or ")}?`,
    };
  }
  if (error.code === "EISDIR") return folderProblem(path, role);
  const denied = error.code === "EACCES" || error.code === "EPERM";
  return {
    what: denied ? "the file may not be read" : `the file cannot be read (${error.message})`,
    where: path,
    expected: role,
    remedy: denied ? "give yourself the right to read it (chmod u+r)" : "check the path",
  };
}

function folderProblem(path: string, role: string): Problem {
  return {
    what: "this is a folder",
    where: path,
    expected: `a file: ${role}`,
    remedy: "name a file inside it",
  };
}

function sizeProblem(path: string, size: number, limit: number, role: string): Problem {
  return {
    what: `the file has ${String(size)} bytes`,
    where: path,
    expected: `${role} of at most ${String(limit)} bytes`,
    remedy: "compress it with gzip, split it, or keep only the rows that are needed",
  };
}

/** Names in the same folder that were probably meant. */
function namesBeside(path: string): string[] {
  try {
    const folder = dirname(path);
    const names = nearestNames(basename(path), readdirSync(folder), 2);
    return names.map((name) => (folder === "." ? name : `${folder}/${name}`));
  } catch {
    // The folder is missing too, or closed: there is nothing to suggest.
    return [];
  }
}
