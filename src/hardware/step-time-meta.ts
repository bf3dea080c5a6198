/** What the step-time models are and which knobs they have: help texts and controls read this. */
import { LINEAR_PRESETS, LINEAR_PRESET_DEFAULT } from "./step-time-linear.ts";
import { STEP_US_MIN } from "./step-time-run.ts";

export type StepTimeType = "fixed" | "linear" | "polynomial" | "table" | "kernels";

/** A knob of a model. A number has a range, a choice has options; both have a default. */
export type StepTimeKnob = {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly default: number | string | boolean;
  readonly source: string;
  /** Inclusive bounds of a number. */
  readonly range?: readonly [min: number, max: number];
  readonly options?: readonly (string | boolean)[];
};

export type StepTimeMeta = {
  readonly type: StepTimeType;
  readonly what: string;
  readonly source: string;
  readonly wins: string;
  readonly loses: string;
  readonly knobs: readonly StepTimeKnob[];
};

const preset = LINEAR_PRESETS[LINEAR_PRESET_DEFAULT];
const linearSource = "Qwen3-32B TP1 on B300, vLLM 0.20.1, fitted to measured steps";
const fittedHere = "fitted to the same steps with the published coefficients held";

const mixed: StepTimeKnob = {
  name: "mixed",
  what: "a step with prefill and decode: two passes added, or one pass with its fixed cost once",
  unit: "choice",
  default: "sum",
  options: ["sum", "fused"],
  source: "sum: AISimulate's and Dynamo's mocker; fused: assumption, see the model",
};

const linearKnob = (
  name: keyof typeof preset,
  what: string,
  unit: string,
  source: string,
  min = 0,
): StepTimeKnob => ({ name, what, unit, default: preset[name], range: [min, Infinity], source });

export const stepTimeMeta: readonly StepTimeMeta[] = [
  {
    type: "fixed",
    what: "constant time per prefill part and per decode part",
    source: "AISimulate timing.type fixed",
    wins: "results can be checked by hand",
    loses: "blind to batch, context and prompt length",
    knobs: [
      {
        name: "prefillUs",
        what: "time of a non-empty prefill part",
        unit: "us",
        default: 20_000,
        range: [STEP_US_MIN, Infinity],
        source: "assumption: about 500 prompt tokens of a 32B model on one B300",
      },
      {
        name: "decodeUs",
        what: "time of a non-empty decode part",
        unit: "us",
        default: 15_000,
        range: [STEP_US_MIN, Infinity],
        source: "assumption: a small decode batch of a 32B model on one B300",
      },
      {
        name: "fused",
        what: "a mixed step costs the larger part instead of the sum",
        unit: "flag",
        default: false,
        options: [false, true],
        source: "AISimulate adds the parts",
      },
    ],
  },
  {
    type: "linear",
    what: "six coefficients: base, prefill, tokens, attention pairs, decodes, context",
    source: linearSource,
    wins: "dense models: within about 5 % of measured steps (median)",
    loses: "hybrid and MoE models, whose prefill has two regimes; far outside its fit",
    knobs: [
      {
        name: "preset",
        what: "measured set that the coefficients below override one by one",
        unit: "choice",
        default: LINEAR_PRESET_DEFAULT,
        options: Object.keys(LINEAR_PRESETS),
        source: linearSource,
      },
      linearKnob("baseUs", "every step", "us", linearSource, -Infinity),
      linearKnob("prefillFixedUs", "any prefill in the step", "us", linearSource, -Infinity),
      linearKnob("tokenUs", "prompt token or decode token", "us/token", linearSource),
      linearKnob("pairUs", "query-key pair of prefill attention", "us/pair", fittedHere),
      linearKnob(
        "decodeRequestUs",
        "decode request, beyond its token",
        "us/request",
        fittedHere,
        -Infinity,
      ),
      linearKnob("contextTokenUs", "KV token read by decode", "us/token", linearSource),
    ],
  },
  {
    type: "polynomial",
    what: "NVIDIA's mocker formula over new tokens and KV utilisation",
    source: "ai-dynamo/aisimulate, crates/core/src/engine/common/perf_model.rs",
    wins: "digit for digit the default of Dynamo's mocker: results can be laid side by side",
    loses: "planning: knows neither model, GPU nor batch size",
    knobs: [mixed],
  },
  {
    type: "table",
    what: "interpolated measurements of a Dynamo planner profile",
    source: "ai-dynamo/dynamo, lib/mocker/src/common/perf_model.rs",
    wins: "a profile of the very deployment exists",
    loses: "outside the profiled grid, where it extrapolates",
    knobs: [mixed],
  },
  {
    type: "kernels",
    what: "a step is the sum of its kernels on a GPU, floored by what the host takes",
    source: "parameters in models/kernels, fitted to AIConfigurator's kernel tables",
    wins: "sizing hardware: knows model, GPU, format, parallelism and engine; the default with them",
    loses: "GPUs and engines that were not measured, and batches of very unequal contexts",
    knobs: [
      {
        name: "context_parallel",
        what: "ranks among which the tokens of a prompt are split; each is one more GPU",
        unit: "ranks",
        default: 1,
        range: [1, 4096],
        source: "prefill context parallelism of vLLM and TensorRT-LLM",
      },
      {
        name: "moe_kernel",
        what: "expert kernel by its name in the tables, or deepgemm-padded, -skipping or -masked; empty: as the engine's version chooses, else the quickest for each batch",
        unit: "name",
        default: "",
        options: [""],
        source: "models/kernels, section moe",
      },
    ],
  },
];
