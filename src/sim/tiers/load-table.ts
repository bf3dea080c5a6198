/** Loads in flight: requests whose prefix is on its way from lower tiers, and what each has pinned where. */

/** Numbers of a load. */
const STRIDE = 4;
const SLOT = 0;
const ROW = 1;
const STARTED_US = 2;
/** First segment, −1: none. The newest comes first: unpinned in this order, a prefix is used after what follows it. */
const SEGMENTS = 3;
/** Next free load, while it is free. */
const NEXT_FREE = SEGMENTS;

/** Numbers of a segment: source, node, blocks fetched, next segment. */
const SEGMENT_STRIDE = 4;

export class LoadTable {
  /** Loads in flight. */
  live = 0;
  private data = new Float64Array(16 * STRIDE);
  private readonly flows: number[][] = [];
  /** Workers that each load fetches from. */
  private readonly peers: number[][] = [];
  private used = 0;
  private free = -1;
  private segments = new Int32Array(32 * SEGMENT_STRIDE);
  private segmentsUsed = 0;
  private segmentFree = -1;

  begin(slot: number, row: number, nowUs: number): number {
    let load = this.free;
    if (load >= 0) this.free = this.data[load * STRIDE + NEXT_FREE]!;
    else {
      load = this.used++;
      if (this.used * STRIDE > this.data.length) {
        const grown = new Float64Array(this.data.length * 2);
        grown.set(this.data);
        this.data = grown;
      }
    }
    this.live++;
    const at = load * STRIDE;
    this.data[at + SLOT] = slot;
    this.data[at + ROW] = row;
    this.data[at + STARTED_US] = nowUs;
    this.data[at + SEGMENTS] = -1;
    (this.flows[load] ??= []).length = 0;
    (this.peers[load] ??= []).length = 0;
    return load;
  }

  end(load: number): void {
    this.live--;
    this.data[load * STRIDE + SLOT] = -1;
    this.data[load * STRIDE + NEXT_FREE] = this.free;
    this.free = load;
  }

  /** Numbers given out so far; the slot of one that has ended is −1. */
  get count(): number {
    return this.used;
  }

  slotOf(load: number): number {
    return this.data[load * STRIDE + SLOT]!;
  }
  rowOf(load: number): number {
    return this.data[load * STRIDE + ROW]!;
  }
  startedUs(load: number): number {
    return this.data[load * STRIDE + STARTED_US]!;
  }

  /** The load of a slot, −1: it has none. Walks the loads. */
  loadOf(slot: number): number {
    for (let load = 0; load < this.used; load++) if (this.slotOf(load) === slot) return load;
    return -1;
  }

  /** Transfers of a load that have not ended. */
  flowsOf(load: number): readonly number[] {
    return this.flows[load]!;
  }

  addFlow(load: number, flow: number): void {
    this.flows[load]!.push(flow);
  }

  /** Rows of the peers that the load fetches from. */
  peersOf(load: number): readonly number[] {
    return this.peers[load]!;
  }

  addPeer(load: number, row: number): void {
    this.peers[load]!.push(row);
  }

  /** Whether the load has something from this source. */
  reads(load: number, source: number): boolean {
    let segment = this.data[load * STRIDE + SEGMENTS]!;
    while (segment >= 0 && this.segments[segment] !== source) segment = this.segments[segment + 3]!;
    return segment >= 0;
  }

  /** A transfer of the load has ended; true: it was the last one. */
  flowEnded(load: number, flow: number): boolean {
    const flows = this.flows[load]!;
    const at = flows.indexOf(flow);
    flows[at] = flows[flows.length - 1]!;
    flows.length--;
    return flows.length === 0;
  }

  addSegment(load: number, source: number, node: number, blocks: number): void {
    let segment = this.segmentFree;
    if (segment >= 0) this.segmentFree = this.segments[segment + 3]!;
    else {
      segment = this.segmentsUsed;
      this.segmentsUsed += SEGMENT_STRIDE;
      if (this.segmentsUsed > this.segments.length) {
        const grown = new Int32Array(this.segments.length * 2);
        grown.set(this.segments);
        this.segments = grown;
      }
    }
    this.segments[segment] = source;
    this.segments[segment + 1] = node;
    this.segments[segment + 2] = blocks;
    this.segments[segment + 3] = this.data[load * STRIDE + SEGMENTS]!;
    this.data[load * STRIDE + SEGMENTS] = segment;
  }

  /** Visits the segments, the deepest first, and forgets them. */
  takeSegments(load: number, visit: (source: number, node: number, blocks: number) => void): void {
    let segment = this.data[load * STRIDE + SEGMENTS]!;
    this.data[load * STRIDE + SEGMENTS] = -1;
    while (segment >= 0) {
      const after = this.segments[segment + 3]!;
      visit(this.segments[segment]!, this.segments[segment + 1]!, this.segments[segment + 2]!);
      this.segments[segment + 3] = this.segmentFree;
      this.segmentFree = segment;
      segment = after;
    }
  }
}
