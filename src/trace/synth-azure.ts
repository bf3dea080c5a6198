import type { LengthTable } from "./lengths.ts";
import type { RequestFlow, SynthRecipe } from "./synth-recipe.ts";

/**
 * Recipes after the Azure traces (Azure/AzurePublicDataset, CC-BY-4.0): one hour of 2023 (Patel et
 * al., "Splitwise", ISCA 2024) and one week of 2024 (Stojkovic et al., "DynamoLLM", HPCA 2025).
 * Rates of 2023 are fits of hidden Markov models to the files; 2024 is read off the publisher's
 * plots (±1 pixel; totals within 0.5 % of the published row counts).
 */

/** Levels of the quantile tables measured on whole files. */
export const LEVELS_31: readonly number[] = [
  0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75,
  0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999, 1,
];

const CONV_2023_INPUT: LengthTable = {
  kind: "table",
  levels: LEVELS_31,
  tokens: [
    2, 29, 91, 181, 207, 372, 387, 396, 403, 414, 703, 984, 1020, 1045, 1071, 1097, 1130, 1189,
    1315, 1876.25, 2734.5, 4073, 4079, 4083, 4086, 4090, 4098, 4142, 4831, 6179.15, 14050,
  ],
};

const CONV_2023_OUTPUT: LengthTable = {
  kind: "table",
  levels: LEVELS_31,
  tokens: [
    7, 16, 24, 41, 54, 67, 77, 85, 91, 96, 103, 113, 129, 151, 177, 217, 384, 395, 400, 411, 424,
    429, 442, 451, 468, 509, 540, 601, 643, 954, 1000,
  ],
};

/**
 * Five runs of ten hours against the file: rate 5.54/s, single runs 5.35 to 5.82 (5.53); index of
 * dispersion at 1/10/60/120 s 1.38/3.9/16.3/28.5 (1.39/3.86/16.1/29.5); lengths are the file's own
 * quantiles. A single hour has between 4.4 and 6.7/s: a rate state lasts minutes.
 */
const CONV_2023: RequestFlow = {
  kind: "requests",
  name: "conv-2023",
  arrivals: {
    kind: "modulated",
    perS: [1.758, 4.313, 5.536, 7.443],
    leavePerS: [
      [0, 0.0233, 0, 0],
      [0.0012, 0, 0.0036, 0],
      [0, 0.0026, 0, 0.0031],
      [0, 0, 0.0058, 0],
    ],
    shape: 0.9,
  },
  input: CONV_2023_INPUT,
  output: CONV_2023_OUTPUT,
};

/**
 * Five runs of twenty hours against the file: rate 2.45/s, so 4 % short of it (2.57); index of
 * dispersion at 1/10/60 s 11.3/66/155 (13.2/71.6/164); input p10/p50/p90/p99 140/1,450/4,834/7,437
 * (147/1,469/5,188/7,436), output 7/13/58/232 (7/13/55/252).
 */
const CODE_2023: RequestFlow = {
  kind: "requests",
  name: "code-2023",
  arrivals: {
    kind: "on-off",
    onMeanS: 34.6,
    // OFF periods of at least 20 s, mean 65 s, median 44 s: 20 s and a lognormal with median 24 s
    // and mean 45 s, hence sigma = sqrt(2 ln(45 ÷ 24)).
    offMinS: 20,
    offMu: 3.178,
    offSigma: 1.121,
    inside: {
      kind: "modulated",
      perS: [0.06, 6.96, 22.6],
      // A chain with steps of 1 s, as rates.
      leavePerS: [
        [0, 0.239, 0.014],
        [0.108, 0, 0.073],
        [0.043, 0.314, 0],
      ],
    },
  },
  input: {
    kind: "mixture",
    parts: [
      { weight: 0.286, of: { kind: "lognormal", mu: 5.47, sigma: 1.36, min: 3, max: 7437 } },
      { weight: 0.714, of: { kind: "lognormal", mu: 7.61, sigma: 0.79, min: 3, max: 7437 } },
    ],
  },
  output: {
    kind: "mixture",
    parts: [
      { weight: 0.73, of: { kind: "lognormal", mu: 2.43, sigma: 0.47, min: 6, max: 1899 } },
      { weight: 0.27, of: { kind: "lognormal", mu: 3.75, sigma: 0.95, min: 6, max: 1899 } },
    ],
  },
};

/** Hourly means of the conversation service, per s, from Sunday 12 May 2024 00:00 UTC. */
const CONV_2024_HOURLY: readonly number[] = [
  25.35, 26.71, 25.48, 22.67, 21.29, 21.7, 22.53, 25.7, 25.79, 24.96, 24.83, 28.26, 29.02, 36.41,
  33.91, 35.77, 33.26, 34.37, 34.84, 32.11, 31.01, 30.48, 28.87, 34.61, 43.81, 49.46, 49.73, 41.02,
  41.02, 44.78, 51.23, 54.28, 57.11, 53.29, 52.31, 55.55, 60, 66.98, 74.73, 69.8, 61.24, 57.79,
  56.83, 55.75, 53.84, 42.55, 41.51, 43.52, 48.43, 50.63, 52.48, 43.05, 42.71, 45.13, 52.21, 58.71,
  57.62, 56.49, 52.94, 57.42, 65.36, 69.14, 74.49, 70.08, 65.12, 60.29, 63.82, 59.6, 53.08, 47.08,
  41.69, 38.04, 44.71, 48.99, 46.54, 39.1, 40.36, 43.58, 49.92, 53.56, 55.06, 55.7, 50.91, 53.34,
  61.01, 66.32, 68.53, 64.83, 58.51, 55.07, 57.65, 54.63, 48.21, 36.95, 34.32, 37.95, 44.71, 51.69,
  49.54, 42.47, 40.84, 44.35, 54.49, 57.45, 62.78, 59.9, 48.58, 49.84, 55.36, 66.82, 68.7, 61.62,
  56.97, 55.91, 55.75, 51.37, 45.71, 40.26, 35.27, 38.71, 46.64, 49.31, 48.51, 40.26, 40.46, 45.27,
  49.78, 55.27, 53.21, 54.03, 47.83, 47.44, 52.79, 58.19, 58.19, 55.51, 50.85, 50.41, 44.37, 41.11,
  39.59, 33.3, 27.62, 26.11, 25.93, 28.08, 28.96, 23.73, 23.59, 25.13, 25.1, 27.66, 29.57, 25.88,
  28.23, 30.97, 34.99, 34.67, 37.37, 38.65, 37.65, 34.52, 31.18, 29.93, 31.1, 28.7, 26.28, 24.65,
];

/**
 * Hourly means of the code service, per s, from Sunday 00:00 UTC: 12 to 16 May 2024, then 10 and 11
 * May in the place of the 17th and 18th, so that both services share their weekdays.
 */
const CODE_2024_HOURLY: readonly number[] = [
  13.41, 14.12, 13.02, 12.29, 10.5, 8.66, 6.83, 4.35, 3.49, 3.47, 3.54, 4.05, 5.94, 7.76, 10.05,
  12.04, 12.98, 13.11, 15.27, 15.77, 17.87, 18.55, 17.69, 16.92, 18.24, 18.52, 18.61, 16.13, 14.14,
  11.18, 9, 8.83, 8.15, 8.11, 8.06, 12.34, 21.46, 39.1, 54.3, 64.13, 60.33, 66.77, 75.42, 77.78,
  73.15, 57.14, 43.74, 31.45, 27.81, 29.41, 26.23, 18.91, 15.16, 12.09, 10.05, 8.02, 7.4, 8.71, 9.3,
  13.36, 24.75, 46.16, 66.86, 67.41, 58.94, 72.13, 82.01, 83.04, 75.16, 53.65, 41.4, 31.06, 28.17,
  24.72, 23.03, 20.84, 16.17, 12.35, 11.23, 8.88, 8.8, 7.71, 9.43, 12.85, 23.9, 42.14, 57.43, 63.9,
  65.93, 70.74, 80.43, 83.39, 81.43, 61.21, 39.66, 30.15, 25.92, 22.97, 24, 19.86, 14.61, 13.33,
  11.65, 9.42, 8.69, 8.83, 8.98, 13.19, 26.06, 38.91, 57.9, 64.35, 61.1, 70.85, 78.63, 80.5, 72.87,
  53.75, 38.36, 29.44, 21.44, 21.77, 19.09, 16.11, 12.83, 11.03, 9.15, 8.25, 7.08, 7.99, 8.3, 11.08,
  20.11, 33.21, 48.94, 54.59, 50.12, 56.96, 58.6, 60.29, 57.84, 43.32, 31.29, 21.01, 16.9, 15.42,
  13.36, 13.16, 10.98, 8.9, 7.39, 5.58, 4.03, 3.3, 2.7, 4.57, 7.23, 9.81, 11.91, 13.09, 14.4, 16.2,
  17.23, 17.49, 15.51, 14.58, 15.86, 13.59,
];

/**
 * Digitised levels end at 5 % or 20 %; the least values below are assumptions (2 and 1, as in
 * 2023).
 */
const CONV_2024_INPUT: LengthTable = {
  kind: "table",
  levels: [0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 1],
  tokens: [2, 200, 292, 445, 528, 551, 602, 914, 1687, 2113, 2342, 2666, 3775, 4885, 6550, 8000],
};
const CONV_2024_OUTPUT: LengthTable = {
  kind: "table",
  levels: [0, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 1],
  tokens: [1, 6, 10, 14, 24, 35, 48, 71, 103, 165, 335, 446, 668, 1500],
};
const CODE_2024_INPUT: LengthTable = {
  kind: "table",
  levels: [0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.94, 1],
  tokens: [3, 122, 307, 718, 922, 1125, 1497, 1916, 2378, 2939, 3326, 3860, 6169, 7650, 7750],
};
const CODE_2024_OUTPUT: LengthTable = {
  kind: "table",
  levels: [0, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 1],
  tokens: [1, 7, 14, 17, 21, 40, 74, 247, 5000],
};

/**
 * Spread of the rate around its curve from minute to minute: sqrt((IDC₆₀ − 1) ÷ λ₆₀) with an IDC₆₀
 * of about 15 (conversation) and 12 (code) read off the thickness of the plotted lines.
 */
const CONV_2024_JITTER = 0.07;
const CODE_2024_JITTER = 0.08;
/** assumption: the plots cannot tell the time constant. */
const JITTER_TIME_S = 600;

const CONV_2024: RequestFlow = {
  kind: "requests",
  name: "conv-2024",
  arrivals: {
    kind: "curve",
    hourlyPerS: CONV_2024_HOURLY,
    jitterSd: CONV_2024_JITTER,
    jitterTimeS: JITTER_TIME_S,
  },
  input: CONV_2024_INPUT,
  output: CONV_2024_OUTPUT,
};

const CODE_2024: RequestFlow = {
  kind: "requests",
  name: "code-2024",
  arrivals: {
    kind: "curve",
    hourlyPerS: CODE_2024_HOURLY,
    jitterSd: CODE_2024_JITTER,
    jitterTimeS: JITTER_TIME_S,
  },
  input: CODE_2024_INPUT,
  output: CODE_2024_OUTPUT,
};

const HOUR_S = 3600;
const WEEK_S = 7 * 24 * HOUR_S;

const PLAIN = { blockSize: 0, tickUs: 0, burnInS: 0 } as const;

export const AZURE_RECIPES: readonly SynthRecipe[] = [
  {
    ...PLAIN,
    name: "azure-conv",
    summary: "An hour like Azure 2023's conversation service, 5.5 requests/s on a drifting rate",
    durationS: HOUR_S,
    flows: [CONV_2023],
  },
  {
    ...PLAIN,
    name: "azure-code",
    summary: "An hour like Azure 2023's code service: ON/OFF bursts, 2.5 requests/s, short answers",
    durationS: HOUR_S,
    flows: [CODE_2023],
  },
  {
    ...PLAIN,
    name: "azure-week",
    summary:
      "A week of two services as in Azure 2024, conversation and code together: about 44 million " +
      "requests from Sunday 00:00 UTC",
    durationS: WEEK_S,
    flows: [CONV_2024, CODE_2024],
  },
  {
    ...PLAIN,
    name: "azure-week-conv",
    summary: "The conversation service of azure-week alone: about 27.3 million requests",
    durationS: WEEK_S,
    flows: [CONV_2024],
  },
  {
    ...PLAIN,
    name: "azure-week-code",
    summary: "The code service of azure-week alone: about 16.8 million requests",
    durationS: WEEK_S,
    flows: [CODE_2024],
  },
];
