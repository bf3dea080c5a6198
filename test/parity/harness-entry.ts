/** What the harness itself is tested with: sums, failures and what the browser is. */

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export async function fail(message: string): Promise<never> {
  await Promise.resolve();
  throw new Error(message);
}

/** Whether this runs in a page rather than in Node. */
export function inPage(): boolean {
  return "document" in globalThis;
}

/** Not a number that JSON has: the harness must not pretend. */
export function nothing(): void {}
