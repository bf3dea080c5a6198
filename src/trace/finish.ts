/** From a draft to a trace: order in time, window, sessions, block ids, header. */

import { ok, type Result } from "../core/index.ts";
import { finishGraph } from "./finish-graph.ts";
import type { Draft } from "./draft.ts";
import { finishColumns, gather, noRows, spanOf, type FinishContext } from "./finish-parts.ts";
import { detectTickUs } from "./ticks.ts";
import type { Sessions, Trace } from "./trace.ts";

/** Builds the trace out of everything the draft holds. */
export function finishTrace(draft: Draft, context: FinishContext): Result<Trace> {
  if (draft.rows === 0) return noRows(draft, context);
  if (draft.graph !== undefined) return finishGraph(draft, draft.graph, context);
  const raw = draft.arrivalUs.view();
  const keys = sortKeys(draft);
  const sorted = timeOrder(keys, draft);
  const span = spanOf(sorted, keys, context);
  if (!span.ok) return span;
  const { order, startUs } = span.value;
  const arrivalUs = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) arrivalUs[i] = raw[order[i]!]! - startUs;
  if (draft.anySessions) startOrphans(draft, sorted, order, keys, arrivalUs, startUs);
  const sessions = draft.anySessions ? linkSessions(draft, order, arrivalUs) : undefined;
  return ok({
    ...finishColumns(draft, context, span.value, { tickUs: detectTickUs(arrivalUs) }),
    arrivalUs,
    inputTokens: gather(Uint32Array, draft.input.view(), order),
    outputTokens: gather(Uint32Array, draft.output.view(), order),
    ...(sessions === undefined ? {} : { sessions }),
  });
}

/** The time each row is sorted by: a turn without a time goes where its session's latest turn is. */
function sortKeys(draft: Draft): Float64Array {
  const raw = draft.arrivalUs.view();
  if (!draft.anySessions) return raw;
  const keys = raw.slice();
  const session = draft.session.view();
  const lastKey = new Float64Array(draft.sessionNames.size).fill(-Infinity);
  for (let row = 0; row < keys.length; row++) {
    const owner = session[row]!;
    if (owner < 0) continue;
    if (raw[row] !== raw[row]) keys[row] = lastKey[owner]!;
    lastKey[owner] = Math.max(lastKey[owner]!, keys[row]!);
  }
  return keys;
}

/** Rows in stable time order; what had to be moved is counted. */
function timeOrder(keys: Float64Array, draft: Draft): Uint32Array {
  const order = new Uint32Array(keys.length);
  let backwards = 0;
  let latest = -Infinity;
  for (let row = 0; row < keys.length; row++) {
    order[row] = row;
    if (keys[row]! < latest) backwards++;
    else latest = keys[row]!;
  }
  if (backwards > 0) {
    draft.faults.note(
      "repaired: timestamps going backwards, rows sorted by time",
      undefined,
      backwards,
    );
    // Typed arrays sort stably; the row number makes it independent of that.
    order.sort((a, b) => keys[a]! - keys[b]! || a - b);
  }
  return order;
}

/**
 * Links each turn to the one before it. A given delay is kept; failing that, with elapsed times, think time
 * is the gap between the starts less the parent's elapsed time, not below 0.
 */
function linkSessions(draft: Draft, order: Uint32Array, arrivalUs: Float64Array): Sessions {
  const rows = order.length;
  const source = draft.session.view();
  const delays = draft.delayUs.view();
  const elapsed = draft.elapsedUs.view();
  const session = new Int32Array(rows).fill(-1);
  const parent = new Int32Array(rows).fill(-1);
  const delayUs = new Float64Array(rows).fill(NaN);
  const dense = new Int32Array(draft.sessionNames.size).fill(-1);
  const last = new Int32Array(draft.sessionNames.size).fill(-1);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const from = order[row]!;
    const owner = source[from]!;
    if (owner < 0) continue;
    if (dense[owner]! < 0) dense[owner] = count++;
    session[row] = dense[owner]!;
    const previous = last[owner]!;
    last[owner] = row;
    parent[row] = previous;
    if (previous < 0) continue;
    delayUs[row] = delays[from]!;
    if (delays[from] === delays[from]) continue;
    if (Number.isNaN(arrivalUs[previous]!) && !Number.isNaN(arrivalUs[row]!)) {
      draft.faults.note(
        "repaired: a turn without a delay follows one without a time, released at once",
      );
      delayUs[row] = 0;
      continue;
    }
    const think = arrivalUs[row]! - arrivalUs[previous]! - elapsed[order[previous]!]!;
    if (think < 0) {
      draft.faults.note(
        "repaired: a turn starts before the previous one ends, think time taken as 0",
      );
    }
    delayUs[row] = think < 0 ? 0 : think;
  }
  return { session, sessionCount: count, parent, delayUs };
}

/** A turn whose session began outside the window becomes a first turn, at its session's last known time. */
function startOrphans(
  draft: Draft,
  sorted: Uint32Array,
  order: Uint32Array,
  keys: Float64Array,
  arrivalUs: Float64Array,
  startUs: number,
): void {
  if (order.length === sorted.length) return;
  const source = draft.session.view();
  const first = new Int32Array(draft.sessionNames.size).fill(-1);
  for (const row of sorted) {
    const owner = source[row]!;
    if (owner >= 0 && first[owner]! < 0) first[owner] = row;
  }
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    const owner = source[row]!;
    if (owner < 0 || first[owner]! < 0) continue;
    if (first[owner] !== row) {
      draft.faults.note("repaired: a turn without its session's first turn starts the session");
      arrivalUs[i] = keys[row]! - startUs;
    }
    // Seen: the later turns of one session have a parent.
    first[owner] = -1;
  }
}
