/** The worker's program: takes messages, runs one simulation at a time, answers questions between slices. */

import { ok, problemText } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { describe } from "./describe.ts";
import { preload } from "./preload.ts";
import { RunDesk } from "./run-desk.ts";
import { transferablesOf } from "./transferables.ts";

/** What this needs of the global scope of a worker; the DOM's types describe a page. */
type WorkerScope = {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
};

const scope = globalThis as unknown as WorkerScope;
const desk = new RunDesk(send);

function send(message: FromWorker): void {
  scope.postMessage(message, transferablesOf(message));
}

scope.addEventListener("message", ({ data }) => {
  void handle(data);
});

async function answered(message: Extract<ToWorker, { kind: "ask" }>): Promise<Result<unknown>> {
  if (message.name === "describe") return ok(describe());
  if (message.name === "preload") {
    await preload();
    return ok(null);
  }
  const { answerLate } = await import("./questions.ts");
  return answerLate(message, desk);
}

async function handle(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "run":
      await desk.run(message);
      return;
    case "stop":
      desk.stop(message.run, message.keep);
      return;
    case "ask": {
      const { question } = message;
      try {
        const result = await answered(message);
        send(
          result.ok
            ? { kind: "answer", question, value: result.value }
            : { kind: "refused", question, problem: result.problem },
        );
      } catch (error) {
        send({ kind: "refused", question, problem: defect(error) });
      }
    }
  }
}

/** A broken law or a bug: what a user needs to report it. */
function defect(error: unknown): { readonly what: string; readonly remedy: string } {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { what: problemText({ what }), remedy: "this is a defect of Headworks: please report it" };
}
