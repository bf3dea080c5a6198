/** A folder of JSON files (a Weka corpus, the shards of a Dynamo trace) → one file's bytes. */

import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { readBytes, UNPACKED_BYTES_LIMIT } from "./read-file.ts";

const LF = 0x0a;
const IS_SHARD = /\.(json|jsonl|ndjson)(\.gz)?$/;

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * The JSON and JSON Lines files of a folder and its folders, in order of their names, one after the other. Errors: a link, which
 * might lead anywhere; no such file; more bytes than a trace may have; what reading a file says.
 */
export function readFolder(path: string, role: string): Result<Uint8Array> {
  const files = shardsOf(path);
  if (!files.ok) return files;
  if (files.value.length === 0) {
    return fail({
      what: "the folder holds no trace files",
      where: path,
      expected: "files ending in .json, .jsonl or .ndjson, compressed (.gz) or not",
    });
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const file of files.value) {
    const bytes = readBytes(file, { role, unpackedLimit: UNPACKED_BYTES_LIMIT - total });
    if (!bytes.ok) return bytes;
    parts.push(bytes.value);
    total += bytes.value.length + 1;
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
    whole[at++] = LF;
  }
  return ok(whole);
}

function shardsOf(folder: string): Result<string[]> {
  const files: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) {
      return fail({
        what: "the folder holds a link",
        where: path,
        expected: "plain files",
        remedy: "copy the file it leads to, or remove it",
      });
    }
    if (stats.isDirectory()) {
      const inner = shardsOf(path);
      if (!inner.ok) return inner;
      files.push(...inner.value);
    } else if (IS_SHARD.test(name)) files.push(path);
  }
  return ok(files);
}
