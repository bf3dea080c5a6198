/**
 * What the page and the engine's worker say to each other: types only, so that the page may know them
 * without loading a line of the engine. Columns travel as transferred typed arrays.
 */

import type { Problem } from "../../src/core/index.ts";
import type {
  Insight,
  LatencyInsight,
  LatencyName,
  PairedInsight,
  PromptSources,
  RunLanes,
  SlicePyramid,
  SlowRequest,
  TimeWindow,
  WindowInsight,
} from "../../src/plan/index.ts";
import type { PolicyMeta } from "../../src/policies/index.ts";
import type { Report } from "../../src/sim/index.ts";
import type { ImportOptions, TraceCut, TraceStatistics } from "../../src/trace/index.ts";

export type { Problem } from "../../src/core/index.ts";
export type {
  ChangedParts,
  ChangedRequest,
  ClusterSize,
  Density,
  Insight,
  LatencyCurve,
  LatencyInsight,
  LatencyName,
  LinkLane,
  OverTime,
  PairedInsight,
  PromptSources,
  PyramidLevel,
  RunLanes,
  SlicePyramid,
  SlowRequest,
  TierLane,
  TimeGroup,
  TimePart,
  TimeWindow,
  WindowInsight,
  WorkerLanes,
} from "../../src/plan/index.ts";
export type { PolicyKnob, PolicyMeta } from "../../src/policies/index.ts";
export type { Report, Verdict } from "../../src/sim/index.ts";
export type { ImportOptions, TraceCut, TraceStatistics } from "../../src/trace/index.ts";

/** A scenario as a user wrote it: only what differs from the defaults. */
export type ScenarioDocument = { readonly [key: string]: unknown };

/** A part of the published JSON Schema. */
export type SchemaNode = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly unit?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly properties?: { readonly [key: string]: SchemaNode };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
};

export type CardName = { readonly id: string; readonly name: string; readonly note: string };

/** What a scenario may say, for the panel that edits it. */
export type Description = {
  readonly schema: SchemaNode;
  readonly models: readonly CardName[];
  readonly gpus: readonly CardName[];
  readonly routers: readonly PolicyMeta[];
  readonly schedulers: readonly PolicyMeta[];
  readonly admissions: readonly PolicyMeta[];
  readonly evictions: readonly PolicyMeta[];
  readonly offloads: readonly PolicyMeta[];
  readonly onboards: readonly PolicyMeta[];
  /** What a scoring expression may name. */
  readonly signals: readonly { readonly name: string; readonly description: string }[];
  readonly recipes: readonly CardName[];
  readonly version: string;
};

/** Files that a run is exported as. */
export type ExportKind = "requests.csv" | "series.csv" | "trace.perfetto.json";

export type TracePreview = {
  readonly name: string;
  readonly format: string;
  readonly rows: number;
  /** The first rows, as numbers: arrival in s, prompt and output tokens. */
  readonly head: readonly {
    readonly arrivalS: number;
    readonly input: number;
    readonly output: number;
  }[];
  /** Arrivals per second in equal bins over the trace. */
  readonly rate: { readonly timeS: Float64Array; readonly perS: Float64Array };
  readonly statistics: TraceStatistics;
};

/** A run, and the stretch of it that is looked at; `null`: all of it. */
export type ViewAsk = { readonly run: number; readonly window: TimeWindow | null };

/** Views of a run that are computed when their screen asks: a run that nobody looks at so costs nothing. */
export type ViewAnswers = {
  /** Answers are null where the run kept no columns of requests. */
  readonly latencies: LatencyInsight | null;
  readonly slowest: readonly SlowRequest[];
  readonly sources: PromptSources | null;
  readonly window: WindowInsight | null;
};

/** A question and the type of its answer, by name. */
export type Questions = {
  readonly [Name in keyof ViewAnswers]: {
    readonly ask: ViewAsk;
    readonly answer: ViewAnswers[Name];
  };
} & {
  readonly describe: { readonly ask: null; readonly answer: Description };
  /** Two kept runs by request; null when they replay different ones. */
  readonly paired: {
    readonly ask: ViewAsk & { readonly baseline: number; readonly name: LatencyName };
    readonly answer: PairedInsight | null;
  };
  /** Runs that stay in memory, whichever follow, until the next such message. */
  readonly hold: { readonly ask: { readonly runs: readonly number[] }; readonly answer: null };
  readonly pyramid: { readonly ask: { readonly run: number }; readonly answer: SlicePyramid };
  /** Links, tiers, hand-offs and single workers over time. */
  readonly lanes: { readonly ask: { readonly run: number }; readonly answer: RunLanes };
  readonly export: {
    readonly ask: { readonly run: number; readonly kind: ExportKind };
    readonly answer: Uint8Array;
  };
  readonly readTrace: {
    readonly ask: {
      readonly name: string;
      readonly bytes: Uint8Array;
      readonly options: ImportOptions;
    };
    readonly answer: TracePreview;
  };
  readonly previewTrace: { readonly ask: { readonly name: string }; readonly answer: TracePreview };
  readonly cutTrace: {
    readonly ask: { readonly name: string; readonly cut: TraceCut; readonly as: string };
    readonly answer: TracePreview;
  };
  readonly exportTrace: { readonly ask: { readonly name: string }; readonly answer: Uint8Array };
  /** A report of the command line, from a file that was opened; errors: it is none, or not whole. */
  readonly openReport: {
    readonly ask: { readonly name: string; readonly document: unknown };
    readonly answer: Insight;
  };
  /** Loads what is otherwise loaded when it is first needed, so that the page asks for nothing later. */
  readonly preload: { readonly ask: null; readonly answer: null };
  readonly complete: {
    readonly ask: { readonly document: ScenarioDocument };
    readonly answer: ScenarioDocument;
  };
};
export type QuestionName = keyof Questions;

export type ToWorker =
  | {
      readonly kind: "run";
      readonly run: number;
      readonly document: ScenarioDocument;
      /** Keep columns for the views, or only the report (sweeps). */
      readonly keep: "columns" | "report";
    }
  /** Stops the run; with `keep`, what was done until then is its result. */
  | { readonly kind: "stop"; readonly run: number; readonly keep: boolean }
  | {
      readonly [Name in QuestionName]: {
        readonly kind: "ask";
        readonly question: number;
        readonly name: Name;
        readonly ask: Questions[Name]["ask"];
      };
    }[QuestionName];

export type Progress = {
  readonly fraction: number;
  readonly events: number;
  readonly simS: number;
  readonly wallS: number;
};

export type FromWorker =
  | { readonly kind: "progress"; readonly run: number; readonly progress: Progress }
  | { readonly kind: "done"; readonly run: number; readonly insight: Insight }
  | { readonly kind: "reported"; readonly run: number; readonly report: Report }
  | { readonly kind: "stopped"; readonly run: number }
  | { readonly kind: "failed"; readonly run: number; readonly problem: Problem }
  | { readonly kind: "answer"; readonly question: number; readonly value: unknown }
  | { readonly kind: "refused"; readonly question: number; readonly problem: Problem };
