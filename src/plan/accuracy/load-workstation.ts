/**
 * Runs of real vLLM 0.19 on workstation GPUs (`vllm_workstation`): 300 ShareGPT requests with their
 * chains of prompt blocks. Times are the server's own, so the client's path is not in them.
 */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import type { Loaded, MeasuredRun, ReplayRows } from "./measured-run.ts";
import { metricsOf } from "./measured-run.ts";
import type { RowRecord } from "./record.ts";
import { parseRecords } from "./record.ts";
import { statisticsOf } from "./run-statistics.ts";

/** One run: the texts of its workload and of what was measured. */
export type WorkstationFiles = {
  readonly name: string;
  readonly model: string;
  readonly gpu: string;
  readonly tp: number;
  readonly workload: string;
  readonly requests: string;
};

const VERSION = "0.19.0";
const MS_PER_S = 1000;
const NS_PER_US = 1000;
const BLOCK = 16;

function replayOf(rows: readonly RowRecord[]): ReplayRows {
  return {
    arrivalUs: Float64Array.from(rows, (row) => Math.round(row.number("arrival_ns") / NS_PER_US)),
    inputTokens: Uint32Array.from(rows, (row) => row.number("input_tokens")),
    outputTokens: Uint32Array.from(rows, (row) => row.number("output_tokens")),
    chains: rows.map((row) =>
      Uint32Array.from(row.text("block_hashes16").split(" ").filter(Boolean), Number),
    ),
    blockSize: BLOCK,
  };
}

function measuredOf(rows: readonly RowRecord[]) {
  const ms = (row: RowRecord, from: string, to: string): number =>
    (row.number(to) - row.number(from)) * MS_PER_S;
  const ttftMs = Float64Array.from(rows, (row) => ms(row, "arrival_s", "first_token_s"));
  const e2eMs = Float64Array.from(rows, (row) => ms(row, "arrival_s", "last_token_s"));
  const tpotMs = Float64Array.from(rows, (row, i) => {
    const gaps = row.number("output_tokens") - 1;
    return gaps > 0 ? (e2eMs[i]! - ttftMs[i]!) / gaps : NaN;
  });
  return metricsOf(statisticsOf({ ttftMs, tpotMs, e2eMs }));
}

/** Reads one run. Problems: a missing column, a damaged row. */
export function loadWorkstation(files: WorkstationFiles): Result<Loaded> {
  const load = parseRecords(`${files.name} workload`, files.workload, [
    "arrival_ns",
    "input_tokens",
    "output_tokens",
  ]);
  if (!load.ok) return load;
  const requests = parseRecords(files.name, files.requests, ["arrival_s", "first_token_s"]);
  if (!requests.ok) return requests;
  const run: MeasuredRun = {
    id: files.name,
    family: "vllm-workstation",
    group: `vLLM ${files.gpu}`,
    model: files.model,
    gpu: files.gpu,
    engine: "vllm",
    version: VERSION,
    layout: { tp: files.tp, kvDtype: "bf16", dtype: "bf16" },
    gpus: files.tp,
    shape: "ShareGPT",
    knobs: {
      maxNumSeqs: 128,
      maxBatchedTokens: 2048,
      chunkedPrefill: true,
      prefixCaching: true,
    },
    workload: { kind: "replay", rows: replayOf(load.value) },
    serverSide: true,
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured: measuredOf(requests.value) }],
    flags: [],
  };
  return ok({ runs: [run], skipped: [] });
}
