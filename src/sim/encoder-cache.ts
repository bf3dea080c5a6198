/** Encoded images that a worker keeps, by image: prompts with the same image need no encoder (vLLM's encoder cache, LRU). */

export class EncoderCache {
  private readonly most: number;
  /** The one used longest ago first. */
  private readonly held = new Set<number>();

  /** `most`: images it has room for. */
  constructor(most: number) {
    this.most = most;
  }

  /** Whether an image is there; from now on it is, if there is room for any. */
  use(image: number): boolean {
    const isHeld = this.held.delete(image);
    if (!isHeld && this.held.size >= this.most) {
      const [oldest] = this.held;
      if (oldest === undefined) return false;
      this.held.delete(oldest);
    }
    this.held.add(image);
    return isHeld;
  }
}
