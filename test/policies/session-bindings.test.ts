/** Sessions on their workers: bindings that have run out are forgotten, whoever asks or does not. */

import { expect, test } from "vitest";
import { SessionBindings } from "../../src/policies/router/session-bindings.ts";

test("a million sessions that come and go leave no more than live at a time, and those live on", () => {
  const sessions = new SessionBindings(100);
  let most = 0;
  for (let session = 0; session < 1_000_000; session++) {
    // One a microsecond: a hundred live at a time, and the first all the while.
    sessions.bind(session, session % 7, session);
    sessions.touch(0, session);
    most = Math.max(most, sessions.size);
  }
  expect(most).toBeLessThanOrEqual(1024);
  expect(sessions.find(0, 1_000_000)).toBe(0);
  for (let age = 1; age < 100; age++) {
    expect(sessions.find(1_000_000 - age, 999_999)).toBe((1_000_000 - age) % 7);
  }
  expect(sessions.find(1_000_000 - 101, 999_999)).toBe(-1);
});

test("ten thousand that live are all kept", () => {
  const sessions = new SessionBindings(1e9);
  for (let session = 0; session < 10_000; session++) sessions.bind(session, session % 3, session);
  expect(sessions.size).toBe(10_000);
  for (let session = 0; session < 10_000; session++) {
    expect(sessions.find(session, 10_000)).toBe(session % 3);
  }
});
