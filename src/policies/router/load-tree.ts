/** Outstanding requests by worker, with the least loaded worker at hand: a tournament tree, O(log workers) an update. */

export class LoadTree {
  readonly outstanding: Int32Array;
  private readonly size: number;
  /** winner[i] of inner node i; leaves are the workers. Built when first asked for. */
  private winner: Int32Array | undefined;

  constructor(workers: number) {
    this.outstanding = new Int32Array(workers);
    let size = 1;
    while (size < workers) size *= 2;
    this.size = size;
  }

  /** The worker with the fewest outstanding requests, the lowest number on a tie. */
  least(): number {
    if (this.size === 1) return 0;
    this.winner ??= this.build();
    return this.winner[1]!;
  }

  add(worker: number, change: number): void {
    this.outstanding[worker]! += change;
    const winner = this.winner;
    if (winner === undefined) return;
    for (let node = (this.size + worker) >> 1; node >= 1; node >>= 1) {
      winner[node] = this.better(this.child(winner, 2 * node), this.child(winner, 2 * node + 1));
    }
  }

  private build(): Int32Array {
    const winner = new Int32Array(this.size);
    for (let node = this.size - 1; node >= 1; node--) {
      winner[node] = this.better(this.child(winner, 2 * node), this.child(winner, 2 * node + 1));
    }
    return winner;
  }

  private child(winner: Int32Array, node: number): number {
    return node < this.size ? winner[node]! : node - this.size;
  }

  private better(left: number, right: number): number {
    if (right >= this.outstanding.length) return left;
    return this.outstanding[right]! < this.outstanding[left]! ? right : left;
  }
}
