/** Where the rest of a prompt's prefix lies: pieces in order, each from one source, each of runs of single nodes. */

export class PrefixPlan {
  /** Pieces found, in order of the prompt. */
  pieces = 0;
  /** Blocks of the first k pieces are `blocksUpTo[k]`; [0] is 0. */
  blocksUpTo = new Int32Array(8);
  /** Source of a piece: a level, or the number of levels for a peer; the peer's row. */
  source = new Int32Array(8);
  peer = new Int32Array(8);
  /** Runs of piece k: firstRun[k] … firstRun[k + 1] − 1. */
  firstRun = new Int32Array(9);
  runs = 0;
  node = new Int32Array(16);
  /** Blocks that the run adds, and leading blocks of its node that the source must have. */
  runBlocks = new Int32Array(16);
  runUpTo = new Int32Array(16);
  loadUs = new Float64Array(9);
  crowdedUs = new Float64Array(9);
  computeUs = new Float64Array(9);

  clear(): void {
    this.pieces = 0;
    this.runs = 0;
  }

  /** Blocks of all pieces. */
  get blocks(): number {
    return this.pieces === 0 ? 0 : this.blocksUpTo[this.pieces]!;
  }

  /** Adds a run to the last piece, or begins a piece when its source is another. */
  add(source: number, peer: number, node: number, blocks: number, upTo: number): void {
    const last = this.pieces - 1;
    const goesOn = last >= 0 && this.source[last] === source && this.peer[last] === peer;
    if (!goesOn) this.begin(source, peer);
    if (this.runs === this.node.length) this.growRuns();
    this.node[this.runs] = node;
    this.runBlocks[this.runs] = blocks;
    this.runUpTo[this.runs] = upTo;
    this.runs++;
    this.firstRun[this.pieces] = this.runs;
    this.blocksUpTo[this.pieces]! += blocks;
  }

  private begin(source: number, peer: number): void {
    const piece = this.pieces++;
    if (this.pieces + 1 > this.blocksUpTo.length) this.growPieces();
    this.source[piece] = source;
    this.peer[piece] = peer;
    this.firstRun[piece] = this.runs;
    if (piece === 0) this.blocksUpTo[0] = 0;
    this.blocksUpTo[piece + 1] = this.blocksUpTo[piece]!;
  }

  private growRuns(): void {
    this.node = widen(this.node);
    this.runBlocks = widen(this.runBlocks);
    this.runUpTo = widen(this.runUpTo);
  }

  private growPieces(): void {
    this.blocksUpTo = widen(this.blocksUpTo);
    this.source = widen(this.source);
    this.peer = widen(this.peer);
    this.firstRun = widen(this.firstRun);
    this.loadUs = new Float64Array(this.firstRun.length);
    this.crowdedUs = new Float64Array(this.firstRun.length);
    this.computeUs = new Float64Array(this.firstRun.length);
  }
}

function widen(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const wide = new Int32Array(array.length * 2);
  wide.set(array);
  return wide;
}
