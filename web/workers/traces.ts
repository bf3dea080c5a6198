/** Traces this worker holds by name: the bundled one, and those the user brought. */

import { fail, ok } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import { decodeTrace } from "../../src/trace/index.ts";
import type { Trace } from "../../src/trace/index.ts";

const traces = new Map<string, Trace>();
let bundledName: string | undefined;

/** The trace of that name. Errors: one that was not brought to this page. */
export async function traceNamed(name: string): Promise<Result<Trace>> {
  const held = traces.get(name);
  if (held !== undefined) return ok(held);
  if (bundledName === undefined || bundledName === name) {
    const bundled = await import("virtual:headworks/demo-trace");
    bundledName = bundled.name;
    if (bundled.name === name) return unpacked(name, bundled.gzippedColumns);
  }
  return fail({
    what: `the trace ${JSON.stringify(name)} is not in this page`,
    where: "traffic.source.trace",
    expected: [bundledName, ...traces.keys()].join(", "),
    remedy:
      "drop the file on this page: traces are never sent or stored, so a link only names them",
  });
}

async function unpacked(name: string, base64: string): Promise<Result<Trace>> {
  // The browser's own inflater: the bundled file is whole, so it needs no words for damage.
  const stream = new Blob([bytesOf(base64)]).stream();
  const plain = new Response(stream.pipeThrough(new DecompressionStream("gzip")));
  const trace = decodeTrace(new Uint8Array(await plain.arrayBuffer()), { name });
  if (trace.ok) traces.set(name, trace.value);
  return trace;
}

/** Keeps a trace under a name. */
export function holdTrace(name: string, trace: Trace): void {
  traces.set(name, trace);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
