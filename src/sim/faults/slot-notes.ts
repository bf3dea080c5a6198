/** What faults know of requests, by their slots: how often each has moved, and of a lost one what it lost. */

export class SlotNotes {
  /** The worker that was lost, and the incident that took it. */
  workerAt = new Int32Array(256);
  incidentAt = new Int32Array(256);
  /** How often the request has gone on at another worker. */
  moves = new Uint16Array(256);

  /** A request has taken a place. */
  arrived(place: number): void {
    if (place >= this.moves.length) this.grow(place);
    this.moves[place] = 0;
  }

  private grow(place: number): void {
    const workerAt = new Int32Array(2 * place);
    workerAt.set(this.workerAt);
    this.workerAt = workerAt;
    const incidentAt = new Int32Array(2 * place);
    incidentAt.set(this.incidentAt);
    this.incidentAt = incidentAt;
    const moves = new Uint16Array(2 * place);
    moves.set(this.moves);
    this.moves = moves;
  }
}
