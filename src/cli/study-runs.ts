/** What the studies' commands have in common: their flags, runs until Ctrl-C, progress, the result in three forms. */

import { writeFileSync } from "node:fs";
import { ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { createSimulation } from "../sim/index.ts";
import type { Report, Scenario, SimulationInputs } from "../sim/index.ts";
import { loadReplication } from "./load-replication.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import { secondsText } from "./numbers.ts";
import type { Terminal } from "./terminal.ts";

export type StudyFlags = {
  readonly trace?: string;
  readonly model?: string;
  readonly gpu?: string;
  readonly cards?: readonly string[];
  readonly workers?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly json?: boolean;
  readonly html?: string;
  readonly quiet?: boolean;
};

/** Between two looks at whether Ctrl-C was pressed (assumption: some tens of ms). */
const EVENTS_AT_ONCE = 200_000;
/** Runs between two lines of progress where lines cannot be overwritten (assumption). */
const RUNS_A_LINE = 50;

/** What the runs of a study are told, and tell. */
export type StudyWatch = {
  readonly interrupted: boolean;
  /** So many of all runs are made. */
  progress(done: number, all: number): void;
};

/** Makes runs: shows how far they are, and hears the first Ctrl-C. */
export async function watchedRuns<T>(
  flags: StudyFlags,
  terminal: Terminal,
  work: (watch: StudyWatch) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const watch = {
    interrupted: false,
    progress(done: number, all: number): void {
      if (flags.quiet === true) return;
      const wallS = (performance.now() - started) / 1000;
      const left = secondsText(Number(((wallS / done) * (all - done)).toPrecision(2)));
      const line = `${String(done)} of ${String(all)} runs, about ${left} left`;
      if (terminal.live) terminal.note(`\r\u001b[K${line}`);
      else if (done % RUNS_A_LINE === 0) terminal.note(`${line}\n`);
    },
  };
  const interrupt = (): void => {
    watch.interrupted = true;
  };
  process.once("SIGINT", interrupt);
  try {
    return await work(watch);
  } finally {
    process.removeListener("SIGINT", interrupt);
    if (terminal.live && flags.quiet !== true) terminal.note("\r\u001b[K");
  }
}

/** A run's report; undefined: it was interrupted. Errors: those of the scenario. */
export async function studyRun(
  inputs: SimulationInputs,
  watch: StudyWatch,
): Promise<Result<Report | undefined>> {
  const simulation = createSimulation(inputs);
  if (!simulation.ok) return simulation;
  while (simulation.value.advance(EVENTS_AT_ONCE)) {
    // Ctrl-C is heard between slices.
    await new Promise((resolve) => setImmediate(resolve));
    if (watch.interrupted) return ok(undefined);
  }
  return ok(simulation.value.finish(0).report);
}

/** How the cases of a study, which come replication by replication, become runs and samples. */
export type CaseRuns<C, S> = {
  readonly cases: readonly C[];
  readonly scenarioOf: (base: Scenario, one: C) => Scenario;
  /** The router where it is no policy by name. */
  readonly routerOf?: (one: C) => SimulationInputs["router"];
  readonly sampleOf: (one: C, report: Report) => S;
};

/** The samples of every run that was made before the first Ctrl-C. */
export function runCases<C extends { readonly replication: number }, S>(
  loaded: LoadedScenario,
  { cases, scenarioOf, routerOf, sampleOf }: CaseRuns<C, S>,
  flags: StudyFlags,
  terminal: Terminal,
): Promise<Result<readonly S[]>> {
  return watchedRuns(flags, terminal, async (watch): Promise<Result<readonly S[]>> => {
    const samples: S[] = [];
    let inputs: SimulationInputs | undefined;
    for (const [i, one] of cases.entries()) {
      // A generator has been read to its end.
      if (one.replication !== cases[i - 1]?.replication || inputs?.rows !== undefined) {
        const next = await loadReplication(loaded, one.replication, flags.cards);
        if (!next.ok) return next;
        inputs = next.value;
      }
      const router = routerOf?.(one);
      const scenario = scenarioOf(loaded.scenario, one);
      const own = { ...inputs!, scenario, ...(router === undefined ? {} : { router }) };
      const report = await studyRun(own, watch);
      if (!report.ok) return report;
      if (report.value === undefined) break;
      samples.push(sampleOf(one, report.value));
      watch.progress(samples.length, cases.length);
    }
    return ok(samples);
  });
}

/** A study's result as text, as JSON and as a page. */
export type StudyForms = {
  readonly json: object;
  readonly text: () => string;
  readonly html: () => Promise<string>;
};

/** Prints a study as the flags say. */
export async function printStudy(
  { json, text, html }: StudyForms,
  flags: StudyFlags,
  terminal: Terminal,
): Promise<void> {
  if (flags.html !== undefined) {
    writeFileSync(flags.html, await html());
    if (flags.quiet !== true) terminal.note(`wrote ${flags.html}\n`);
  }
  terminal.out(flags.json === true ? `${JSON.stringify(json)}\n` : text());
}
