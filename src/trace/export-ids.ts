/** Block ids of a row as a JSON list, spelled out. */

import type { ByteWriter } from "./byte-writer.ts";
import type { HashRuns } from "./trace.ts";

export function writeIds(writer: ByteWriter, hashes: HashRuns, row: number): void {
  const { rowStart, start, length } = hashes;
  writer.ascii(', "hash_ids": [');
  let first = true;
  for (let run = rowStart[row]!; run < rowStart[row + 1]!; run++) {
    const end = start[run]! + length[run]!;
    for (let id = start[run]!; id < end; id++) {
      if (!first) writer.ascii(", ");
      first = false;
      writer.whole(id);
    }
  }
  writer.ascii("]");
}
