/** How long a reader waits after changing a knob, timed inside the page, from the input event to the frame that shows new numbers. */

import type { Page } from "playwright-core";

/** Moves the first slider of the panel `changes` times between two values; ms each, after two that warm up. */
export async function knobTimes(page: Page, changes: number): Promise<readonly number[]> {
  return page.evaluate<number[]>(`(async () => {
    const slider = document.querySelector("aside input[type=range]");
    const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    const digest = () => document.querySelector("[data-testid=digest]").textContent;
    const frame = () => new Promise(requestAnimationFrame);
    const took = [];
    for (let i = 0; i < ${String(changes)} + 2; i++) {
      const before = digest();
      const start = performance.now();
      write.call(slider, String(i % 2 ? 500 : 430));
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      while (digest() === before && performance.now() - start < 5000) await frame();
      took.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    return took.slice(2);
  })()`);
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
