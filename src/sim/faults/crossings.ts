/** Whose transfers meet a fault: the requests that have anything on a link, or put something on it, while it is degraded or cut. */

type Window = {
  /** Links, or workers by their ports, by number. */
  readonly places: Set<number>;
  readonly untilUs: number;
  /** Requests counted already. */
  readonly requests: Set<number>;
  readonly touch: () => void;
};

export class Crossings {
  private windows: Window[] = [];

  /**
   * From now to `untilUs` every request that crosses one of `places` is told to `touch`, once. Places that an earlier fault has
   * struck are this one's from now on.
   */
  open(places: Iterable<number>, untilUs: number, touch: () => void): void {
    const struck = new Set(places);
    for (const window of this.windows) for (const place of struck) window.places.delete(place);
    this.windows = this.windows.filter((window) => window.places.size > 0);
    this.windows.push({ places: struck, untilUs, requests: new Set(), touch });
  }

  /** Whether a fault may still be met at `nowUs`. */
  isOpen(nowUs: number): boolean {
    if (this.windows.length === 0) return false;
    this.windows = this.windows.filter(({ untilUs }) => nowUs < untilUs);
    return this.windows.length > 0;
  }

  /** A request has something on the way over a place. */
  met(place: number, request: number, nowUs: number): void {
    for (const { places, untilUs, requests, touch } of this.windows) {
      if (nowUs >= untilUs || !places.has(place) || requests.has(request)) continue;
      requests.add(request);
      touch();
    }
  }
}
