/** Answers that a screen asks for when it is open, and that no run computes of itself. */

import { useEffect, useState } from "react";
import type { Questions } from "../workers/protocol.ts";
import { engine } from "./session.ts";

/** Questions about one run that need nothing but its number. */
type RunQuestion = {
  [Name in keyof Questions]: Questions[Name]["ask"] extends { readonly run: number }
    ? { readonly run: number } extends Questions[Name]["ask"]
      ? Name
      : never
    : never;
}[keyof Questions];

/** The answer for the run on show; the one before stays until it is there, `null` before the first. */
export function useAnswer<Name extends RunQuestion>(
  name: Name,
  run: number | null,
): Questions[Name]["answer"] | null {
  const [answer, setAnswer] = useState<Questions[Name]["answer"] | null>(null);
  useEffect(() => {
    if (run === null) return undefined;
    let isCurrent = true;
    void engine.ask(name, { run } as Questions[Name]["ask"]).then((given) => {
      if (isCurrent && given.ok) setAnswer(given.value);
    });
    return () => {
      isCurrent = false;
    };
  }, [name, run]);
  return answer;
}
