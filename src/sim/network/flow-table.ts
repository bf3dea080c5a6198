/** Transfers as columns: one slot each, taken and given back. */

export const FLOW_FREE = 0;
/** Waits for its worker's other transfers. */
export const FLOW_QUEUED = 1;
/** Set-up: no byte moves yet. */
export const FLOW_SETUP = 2;
export const FLOW_MOVING = 3;

const FIRST_ROOM = 64;
const NONE = -1;

function grown<T extends Float64Array | Int32Array | Uint8Array>(array: T, room: number): T {
  const longer = new (array.constructor as new (length: number) => T)(room);
  longer.set(array);
  return longer;
}

export class FlowTable {
  state = new Uint8Array(FIRST_ROOM);
  route = new Int32Array(FIRST_ROOM);
  tag = new Int32Array(FIRST_ROOM);
  /** Who hears of its end. */
  listener = new Uint8Array(FIRST_ROOM);
  /** Worker whose cap of concurrent transfers counts it, −1: none. */
  owner = new Int32Array(FIRST_ROOM);
  /** Share against other flows on a link, per lane. */
  weight = new Int32Array(FIRST_ROOM);
  bytes = new Float64Array(FIRST_ROOM);
  /** Most units/µs of a lane now, Infinity: no limit of its own; and once the source has made all bytes. */
  cap = new Float64Array(FIRST_ROOM);
  ownCap = new Float64Array(FIRST_ROOM);
  /** Most units/µs of a lane that the route's links allow without other flows. */
  alone = new Float64Array(FIRST_ROOM);
  /** Units of a lane; and those still to move at `anchorUs`. */
  total = new Float64Array(FIRST_ROOM);
  left = new Float64Array(FIRST_ROOM);
  /** Units/µs of a lane since `anchorUs`. */
  rate = new Float64Array(FIRST_ROOM);
  anchorUs = new Float64Array(FIRST_ROOM);
  askedUs = new Float64Array(FIRST_ROOM);
  setupUs = new Float64Array(FIRST_ROOM);
  movingUs = new Float64Array(FIRST_ROOM);
  /** End of the source's work while it still makes the bytes, −1: all are there. */
  sourceEndUs = new Float64Array(FIRST_ROOM);
  /** Next flow in its owner's queue. */
  nextQueued = new Int32Array(FIRST_ROOM);
  /** Lists of the flows of each link: incidence = flow × stride + place in the route. */
  stride: number;
  nextOn: Int32Array;
  previousOn: Int32Array;
  private freeHead = NONE;
  private used = 0;
  /** Flows that hold a slot, and those of them that somebody waits for. */
  live = 0;
  awaited = 0;
  private isBackground = new Uint8Array(FIRST_ROOM);

  constructor(stride: number) {
    this.stride = Math.max(1, stride);
    this.nextOn = new Int32Array(FIRST_ROOM * this.stride);
    this.previousOn = new Int32Array(FIRST_ROOM * this.stride);
  }

  take(isBackground: boolean): number {
    this.live++;
    if (!isBackground) this.awaited++;
    let flow = this.freeHead;
    if (flow !== NONE) this.freeHead = this.nextQueued[flow]!;
    else {
      if (this.used === this.state.length) this.grow(2 * this.used);
      flow = this.used++;
    }
    this.isBackground[flow] = isBackground ? 1 : 0;
    return flow;
  }

  /** The slot may be taken again; its columns stay readable until then. */
  give(flow: number): void {
    this.live--;
    if (this.isBackground[flow] === 0) this.awaited--;
    this.state[flow] = FLOW_FREE;
    this.nextQueued[flow] = this.freeHead;
    this.freeHead = flow;
  }

  /** Whether a slot is a transfer that is not over. */
  isLive(flow: number): boolean {
    return this.state[flow] !== FLOW_FREE;
  }

  /** Slots ever used: flow ids are below. */
  get slots(): number {
    return this.used;
  }

  /** Puts an incidence in front of a link's list. */
  listOn(heads: Int32Array, link: number, at: number): void {
    const head = heads[link]!;
    this.nextOn[at] = head;
    this.previousOn[at] = NONE;
    if (head >= 0) this.previousOn[head] = at;
    heads[link] = at;
  }

  /** Takes an incidence out of a link's list. */
  unlistFrom(heads: Int32Array, link: number, at: number): void {
    const next = this.nextOn[at]!;
    const previous = this.previousOn[at]!;
    if (previous >= 0) this.nextOn[previous] = next;
    else heads[link] = next;
    if (next >= 0) this.previousOn[next] = previous;
  }

  /** Makes room for routes of `links` links; `lists` are heads of lists, incidences to be translated. */
  widen(links: number, lists: readonly Int32Array[]): void {
    const from = this.stride;
    if (links <= from) return;
    const stride = Math.max(links, 2 * from);
    const moved = (at: number): number =>
      at < 0 ? NONE : Math.floor(at / from) * stride + (at % from);
    for (const name of ["nextOn", "previousOn"] as const) {
      const wide = new Int32Array(this.state.length * stride);
      this[name].forEach((value, at) => (wide[moved(at)] = moved(value)));
      this[name] = wide;
    }
    for (const heads of lists) heads.forEach((at, link) => (heads[link] = moved(at)));
    this.stride = stride;
  }

  private grow(room: number): void {
    this.state = grown(this.state, room);
    this.route = grown(this.route, room);
    this.tag = grown(this.tag, room);
    this.isBackground = grown(this.isBackground, room);
    this.listener = grown(this.listener, room);
    this.owner = grown(this.owner, room);
    this.weight = grown(this.weight, room);
    this.bytes = grown(this.bytes, room);
    this.cap = grown(this.cap, room);
    this.ownCap = grown(this.ownCap, room);
    this.alone = grown(this.alone, room);
    this.total = grown(this.total, room);
    this.left = grown(this.left, room);
    this.rate = grown(this.rate, room);
    this.anchorUs = grown(this.anchorUs, room);
    this.askedUs = grown(this.askedUs, room);
    this.setupUs = grown(this.setupUs, room);
    this.movingUs = grown(this.movingUs, room);
    this.sourceEndUs = grown(this.sourceEndUs, room);
    this.nextQueued = grown(this.nextQueued, room);
    this.nextOn = grown(this.nextOn, room * this.stride);
    this.previousOn = grown(this.previousOn, room * this.stride);
  }
}
