/** Buffers in a message that can change hands instead of being copied. */

/** Every whole buffer behind a typed array of the value; views that share a buffer are copied. */
export function transferablesOf(value: unknown): Transferable[] {
  const buffers = new Map<ArrayBuffer, number>();
  visit(value, buffers);
  return [...buffers].flatMap(([buffer, uses]) => (uses === 1 ? [buffer] : []));
}

function visit(value: unknown, buffers: Map<ArrayBuffer, number>): void {
  if (typeof value !== "object" || value === null) return;
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value;
    if (!(buffer instanceof ArrayBuffer)) return;
    // A part of a buffer stays: handing the buffer over would empty its other readers.
    const uses = byteLength === buffer.byteLength ? 1 : 2;
    buffers.set(buffer, (buffers.get(buffer) ?? 0) + uses);
    return;
  }
  for (const child of Object.values(value)) visit(child, buffers);
}
