/** Something drawn once for each row of the traffic, or for each conversation, in the order of their numbers. */

import type { Trace } from "../trace/index.ts";

/** Values drawn in order and kept: the n-th is the same whoever asks first. */
class Drawn {
  private readonly values: number[] = [];
  private readonly draw: () => number;

  constructor(draw: () => number) {
    this.draw = draw;
  }

  at(index: number): number {
    while (this.values.length <= index) this.values.push(this.draw());
    return this.values[index]!;
  }
}

export class RowDraws {
  private readonly byRow: Drawn;
  private readonly bySession: Drawn;
  private readonly session: Int32Array | undefined;

  /** Turns of one conversation share their value; `draw` makes the values of one kind, a stream for each. */
  constructor(trace: Trace | undefined, draw: (kind: "rows" | "sessions") => () => number) {
    this.session = trace?.sessions?.session;
    this.byRow = new Drawn(draw("rows"));
    this.bySession = new Drawn(draw("sessions"));
  }

  at(row: number): number {
    const session = this.session?.[row] ?? -1;
    return session < 0 ? this.byRow.at(row) : this.bySession.at(session);
  }
}
