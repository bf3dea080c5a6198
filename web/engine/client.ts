/** The page's side of the engine's worker: runs with progress and stop, questions with answers. */

import { startEngineWorker } from "virtual:headworks/start-worker";
import { fail, ok } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import type {
  FromWorker,
  Insight,
  Progress,
  QuestionName,
  Questions,
  Report,
  ScenarioDocument,
  ToWorker,
} from "../workers/protocol.ts";

export type RunOutcome<T> = Result<T> | { readonly ok: "stopped" };

export type StartedRun<T> = {
  readonly run: number;
  readonly outcome: Promise<RunOutcome<T>>;
  /** Stops it; with `keep`, what was done until then is the outcome. */
  readonly stop: (keep?: boolean) => void;
};

type Pending = {
  readonly settle: (outcome: RunOutcome<never>) => void;
  readonly progressed: ((progress: Progress) => void) | undefined;
};

/** A worker that is silent this long after it was told to stop is replaced, ms. */
const SILENCE_MS = 2000;

const CRASHED = {
  what: "the engine's worker ended",
  remedy:
    "change the scenario or run it again; a very large trace may need more memory than a tab has",
};

/** One worker with one engine in it. */
export class EngineClient {
  /** Started with the first message: a page that shows its stored answer needs no engine yet. */
  private worker: Worker | undefined;
  private count = 0;
  /** Whether the present worker ever said anything: one that cannot even load is not tried again. */
  private isAlive = false;
  private readonly runs = new Map<number, Pending>();
  private readonly questions = new Map<number, (answer: Result<unknown>) => void>();
  /** Tells the owner to bring its traces again: a new worker has none. */
  private readonly restarted: () => void;

  constructor(restarted: () => void = () => {}) {
    this.restarted = restarted;
  }

  /** Runs the scenario and keeps its columns for the views. */
  run(document: ScenarioDocument, progressed?: (progress: Progress) => void): StartedRun<Insight> {
    return this.begin<Insight>(document, "columns", progressed);
  }

  /** Runs the scenario for its report alone. */
  report(document: ScenarioDocument): StartedRun<Report> {
    return this.begin<Report>(document, "report");
  }

  /** Asks the worker. The answer of a worker that is replaced never comes: it is refused. */
  ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]["ask"],
  ): Promise<Result<Questions[Name]["answer"]>> {
    const question = ++this.count;
    return new Promise((resolve) => {
      this.questions.set(question, (answer) => {
        resolve(answer as Result<Questions[Name]["answer"]>);
      });
      // A file's bytes change hands: a large trace is not held twice.
      const transfer = ask !== null && "bytes" in ask ? [ask.bytes.buffer as ArrayBuffer] : [];
      this.send({ kind: "ask", question, name, ask } as ToWorker, transfer);
    });
  }

  /** Ends the worker; what it was asked is refused. */
  end(): void {
    this.worker?.terminate();
    this.failAll();
  }

  private begin<T>(
    document: ScenarioDocument,
    keep: "columns" | "report",
    progressed?: (progress: Progress) => void,
  ): StartedRun<T> {
    const run = ++this.count;
    const outcome = new Promise<RunOutcome<T>>((resolve) => {
      this.runs.set(run, {
        settle: resolve as (outcome: RunOutcome<never>) => void,
        progressed,
      });
    });
    this.send({ kind: "run", run, document, keep });
    return { run, outcome, stop: (keeps = false) => this.stop(run, keeps) };
  }

  private stop(run: number, keep: boolean): void {
    if (!this.runs.has(run)) return;
    this.send({ kind: "stop", run, keep });
    setTimeout(() => {
      if (this.runs.has(run)) this.replace();
    }, SILENCE_MS);
  }

  private send(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker ??= this.start();
    this.worker.postMessage(message, transfer);
  }

  private start(): Worker {
    const worker = startEngineWorker();
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      this.isAlive = true;
      this.receive(data);
    });
    worker.addEventListener("error", () => {
      if (this.isAlive) this.replace();
      else this.failAll();
    });
    return worker;
  }

  private replace(): void {
    this.worker?.terminate();
    this.isAlive = false;
    this.worker = this.start();
    this.failAll();
    this.restarted();
  }

  private failAll(): void {
    const runs = [...this.runs.values()];
    const questions = [...this.questions.values()];
    this.runs.clear();
    this.questions.clear();
    for (const { settle } of runs) settle(fail(CRASHED));
    for (const settle of questions) settle(fail(CRASHED));
  }

  private receive(message: FromWorker): void {
    switch (message.kind) {
      case "progress":
        this.runs.get(message.run)?.progressed?.(message.progress);
        return;
      case "done":
        this.settle(message.run, ok(message.insight));
        return;
      case "reported":
        this.settle(message.run, ok(message.report));
        return;
      case "stopped":
        this.settle(message.run, { ok: "stopped" });
        return;
      case "failed":
        this.settle(message.run, fail(message.problem));
        return;
      case "answer":
        this.answered(message.question, ok(message.value));
        return;
      case "refused":
        this.answered(message.question, fail(message.problem));
    }
  }

  private settle(run: number, outcome: RunOutcome<unknown>): void {
    const pending = this.runs.get(run);
    this.runs.delete(run);
    pending?.settle(outcome as RunOutcome<never>);
  }

  private answered(question: number, answer: Result<unknown>): void {
    const settle = this.questions.get(question);
    this.questions.delete(question);
    settle?.(answer);
  }
}
