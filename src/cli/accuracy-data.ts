/** The folder of measured results: which files it may hold, and who reads them. */

import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import {
  loadInferencex,
  loadSilicon,
  loadSplitRecipes,
  loadTrtllmMax,
  loadTrtllmOnline,
  loadVllmE2e,
  loadVllmRequests,
  loadWorkstation,
} from "../plan/index.ts";
import type { Loaded, MeasuredRun } from "../plan/index.ts";
import { packagePath } from "./package-root.ts";
import { readText } from "./read-file.ts";

/** What was left out of which file. */
export type SkippedRows = { readonly file: string; readonly reason: string; readonly rows: number };

export type MeasuredData = {
  readonly folder: string;
  readonly runs: readonly MeasuredRun[];
  readonly skipped: readonly SkippedRows[];
};

const TABLES: readonly (readonly [
  file: string,
  load: (name: string, text: string) => Result<Loaded>,
])[] = [
  ["trtllm_perf_overview.csv", loadTrtllmMax],
  ["trtllm_online_qps.csv", loadTrtllmOnline],
];

/**
 * Runs on workstation GPUs: model, GPU card, ranks and workload by the name of the folder's files.
 */
const WORKSTATION = [
  {
    stem: "RTXPRO6000__Llama-3.1-8B",
    model: "llama-3.1-8b",
    gpu: "rtx-pro-6000",
    tp: 1,
    workload: "workload_sharegpt-llama-3.1-8b-300-sps10.csv.gz",
  },
  {
    stem: "RTXPRO6000__Qwen3-32B",
    model: "qwen3-32b",
    gpu: "rtx-pro-6000",
    tp: 2,
    workload: "workload_sharegpt-qwen3-32b-300-sps10.csv.gz",
  },
  {
    stem: "RTX4090__Llama-3.1-8B",
    model: "llama-3.1-8b",
    gpu: "rtx-4090",
    tp: 1,
    workload: "workload_sharegpt-llama-3.1-8b-300-sps10.csv.gz",
  },
] as const;

/**
 * The folder to read: the one that is named, else HEADWORKS_DATA's or the neighbour checkout's,
 * else the
 * small one in the package.
 */
export function measuredFolder(named: string | undefined): string {
  if (named !== undefined) return resolve(named);
  const data = process.env["HEADWORKS_DATA"] ?? packagePath("../shared/data");
  const folder = join(data, "measured");
  return existsSync(folder) ? folder : packagePath("models/accuracy");
}

class Collector {
  readonly runs: MeasuredRun[] = [];
  readonly skipped: SkippedRows[] = [];

  take(file: string, loaded: Loaded): void {
    this.runs.push(...loaded.runs);
    for (const skip of loaded.skipped) this.skipped.push({ file, ...skip });
  }
}

/** Reads every file of the folder that is known. Problems: no such file, a damaged one. */
export function loadMeasured(folder: string): Result<MeasuredData> {
  const all = new Collector();
  const read = (name: string): Result<string> => readText(join(folder, name), "measured results");
  const has = (name: string): boolean => existsSync(join(folder, name));
  const unread = loadSweeps(folder, read, has, all);
  if (unread !== undefined) return unread;
  for (const [file, load] of TABLES) {
    if (!has(file)) continue;
    const text = read(file);
    if (!text.ok) return text;
    const loaded = load(file, text.value);
    if (!loaded.ok) return loaded;
    all.take(file, loaded.value);
  }
  for (const load of [loadE2e, loadRequests, loadWorkstations]) {
    const problem = load(folder, read, has, all);
    if (problem !== undefined) return problem;
  }
  const { runs, skipped } = all;
  if (runs.length > 0) return ok({ folder, runs, skipped });
  const tables = [...SWEEPS, ...TABLES].map(([file]) => file);
  const known = [...tables, "vllm_e2e/", "vllm_requests/"].join(", ");
  const what = existsSync(folder) ? "the folder holds no measured run" : "no such folder";
  return fail({ what, where: folder, expected: known, remedy: "name another with --data DIR" });
}

type Failure = Extract<Result<never>, { ok: false }>;
type FolderLoader = (
  folder: string,
  read: (name: string) => Result<string>,
  has: (name: string) => boolean,
  all: Collector,
) => Failure | undefined;

/** Tables whose disaggregated rows follow recipes. */
const SWEEPS = [
  ["inferencex.csv", loadInferencex],
  ["e2e_silicon_sample.csv", loadSilicon],
] as const;

const loadSweeps: FolderLoader = (_folder, read, has, all) => {
  const file = "recipes.csv";
  const limits = has(file) ? read(file) : undefined;
  if (limits?.ok === false) return limits;
  const recipes = limits === undefined ? undefined : loadSplitRecipes(file, limits.value);
  if (recipes?.ok === false) return recipes;
  for (const [name, load] of SWEEPS) {
    if (!has(name)) continue;
    const text = read(name);
    if (!text.ok) return text;
    const loaded = load(name, text.value, recipes?.value);
    if (!loaded.ok) return loaded;
    all.take(name, loaded.value);
  }
  return undefined;
};

const loadE2e: FolderLoader = (_folder, read, has, all) => {
  const [experiments, actuals] = ["vllm_e2e/experiments.csv", "vllm_e2e/actuals.csv"] as const;
  if (!has(experiments) || !has(actuals)) return undefined;
  const [first, second] = [read(experiments), read(actuals)];
  if (!first.ok) return first;
  if (!second.ok) return second;
  const loaded = loadVllmE2e(first.value, second.value);
  if (!loaded.ok) return loaded;
  all.take("vllm_e2e", loaded.value);
  return undefined;
};

const loadRequests: FolderLoader = (folder, read, has, all) => {
  const experiments = "vllm_requests/experiments.csv";
  if (!has(experiments)) return undefined;
  const text = read(experiments);
  if (!text.ok) return text;
  const names = readdirSync(join(folder, "vllm_requests"));
  const loaded = loadVllmRequests(text.value, (exp) => {
    const name = names.find((one) => one === `${exp}.csv.gz` || one === `${exp}.csv`);
    if (name === undefined) return undefined;
    const requests = read(`vllm_requests/${name}`);
    return requests.ok ? requests.value : undefined;
  });
  if (!loaded.ok) return loaded;
  all.take("vllm_requests", loaded.value);
  return undefined;
};

const loadWorkstations: FolderLoader = (_folder, read, has, all) => {
  for (const { stem, workload, ...facts } of WORKSTATION) {
    const requests = `vllm_workstation/${stem}__requests.csv`;
    const load = `vllm_workstation/${workload}`;
    if (!has(requests) || !has(load)) continue;
    const [first, second] = [read(load), read(requests)];
    if (!first.ok) return first;
    if (!second.ok) return second;
    const files = { name: stem, ...facts, workload: first.value, requests: second.value };
    const loaded = loadWorkstation(files);
    if (!loaded.ok) return loaded;
    all.take("vllm_workstation", loaded.value);
  }
  return undefined;
};
