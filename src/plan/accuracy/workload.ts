/** The load of a measured run, laid down again as a trace: lengths, arrivals, shared prompts. */

import { invariant, stream } from "../../core/index.ts";
import type { ScenarioInput } from "../../sim/index.ts";
import type { HashRuns, Trace } from "../../trace/index.ts";
import type { Lengths, SharedPrompts, Stage, Workload } from "./measured-run.ts";
import { Mt19937 } from "./mt19937.ts";

const US_PER_S = 1e6;
/** Block of the reconstructed prompts' identity: vLLM's own. */
const BLOCK = 16;
/** Streams of arrivals are the same for every run: paired comparison. */
const SEED = 1;

export type LaidLoad = {
  readonly trace: Trace;
  readonly arrivals: NonNullable<ScenarioInput["traffic"]>["arrivals"];
};

type Columns = {
  readonly arrivalUs: Float64Array;
  readonly inputTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
};

/**
 * Lengths of `count` requests. Drawn ones as NumPy benchmarks draw them: all inputs, then all outputs, whole numbers from
 * ⌊ratio · L⌋ to L. Normal ones are rounded, and at least 1.
 */
export function lengthsOf(lengths: Lengths, count: number): [Uint32Array, Uint32Array] {
  const { input, output } = lengths;
  if (lengths.kind === "fixed") {
    return [new Uint32Array(count).fill(input), new Uint32Array(count).fill(output)];
  }
  if (lengths.kind === "normal") {
    const random = stream(SEED, "accuracy/lengths");
    const drawn = (mean: number, deviation: number): Uint32Array =>
      Uint32Array.from({ length: count }, () =>
        Math.max(1, Math.round(mean + deviation * random.normal())),
      );
    return [drawn(input, lengths.inputDeviation), drawn(output, lengths.outputDeviation)];
  }
  const random = new Mt19937(lengths.seed);
  const least = (tokens: number): number => Math.floor(tokens * lengths.ratio);
  return [
    random.integers(least(input), input + 1, count),
    random.integers(least(output), output + 1, count),
  ];
}

/** Poisson arrivals of exactly rate × seconds requests in each stage: sorted uniform instants. */
export function stagedArrivals(stages: readonly Stage[]): Float64Array {
  const random = stream(SEED, "accuracy/stages");
  const times: number[] = [];
  let fromUs = 0;
  for (const { ratePerS, seconds } of stages) {
    const count = Math.round(ratePerS * seconds);
    const own = Float64Array.from({ length: count }, () => random.next() * seconds * US_PER_S);
    for (const at of own.sort()) times.push(Math.round(fromUs + at));
    fromUs += seconds * US_PER_S;
  }
  return Float64Array.from(times);
}

/**
 * Chains of shared prompts: request i asks prompt i mod (groups · users), whose first
 * `systemTokens` are its group's. Ids are dense; whole blocks only.
 */
function sharedChains(shared: SharedPrompts, inputs: Uint32Array): HashRuns {
  const { groups, users, systemTokens } = shared;
  const prompts = groups * users;
  const system = Math.floor(systemTokens / BLOCK);
  let longest = 0;
  for (const input of inputs) longest = Math.max(longest, Math.floor(input / BLOCK));
  const own = Math.max(0, longest - system);
  const rows = inputs.length;
  const rowStart = new Uint32Array(rows + 1);
  const start: number[] = [];
  const length: number[] = [];
  for (let row = 0; row < rows; row++) {
    const prompt = row % prompts;
    const blocks = Math.floor(inputs[row]! / BLOCK);
    const head = Math.min(system, blocks);
    if (head > 0) push(start, length, (prompt % groups) * system, head);
    if (blocks > head) push(start, length, groups * system + prompt * own, blocks - head);
    rowStart[row + 1] = start.length;
  }
  return {
    rowStart,
    start: Uint32Array.from(start),
    length: Uint32Array.from(length),
    idCount: groups * system + prompts * own,
  };
}

function push(start: number[], length: number[], first: number, count: number): void {
  start.push(first);
  length.push(count);
}

/** Recorded chains as runs of consecutive ids. */
function recordedChains(chains: readonly Uint32Array[]): HashRuns {
  const rowStart = new Uint32Array(chains.length + 1);
  const start: number[] = [];
  const length: number[] = [];
  let idCount = 0;
  chains.forEach((chain, row) => {
    const first = start.length;
    for (const id of chain) {
      const last = start.length - 1;
      if (last >= first && start[last]! + length[last]! === id) length[last]!++;
      else push(start, length, id, 1);
      idCount = Math.max(idCount, id + 1);
    }
    rowStart[row + 1] = start.length;
  });
  return { rowStart, start: Uint32Array.from(start), length: Uint32Array.from(length), idCount };
}

function traceOf(name: string, columns: Columns, hashes?: HashRuns, blockSize = BLOCK): Trace {
  const rows = columns.arrivalUs.length;
  invariant(columns.inputTokens.length === rows, `${name}: ${rows} arrivals`);
  return {
    header: {
      v: 1,
      name,
      format: "accuracy",
      blockSize: hashes === undefined ? 0 : blockSize,
      partialTail: hashes === undefined ? "none" : "omitted",
      tickUs: 0,
      importLog: [],
      transforms: [],
    },
    rows,
    ...columns,
    ...(hashes === undefined ? {} : { hashes }),
  };
}

/** Lays the load of a run down; `name` is the trace's. */
export function layLoad(name: string, workload: Workload): LaidLoad {
  const timestamps = { mode: "timestamps" } as const;
  switch (workload.kind) {
    case "closed": {
      const [inputTokens, outputTokens] = lengthsOf(workload.lengths, workload.requests);
      const arrivalUs = new Float64Array(workload.requests);
      return {
        trace: traceOf(name, { arrivalUs, inputTokens, outputTokens }),
        arrivals: { mode: "closed", concurrency: workload.concurrency },
      };
    }
    case "rate": {
      const { requests, ratePerS } = workload;
      const [inputTokens, outputTokens] = lengthsOf(workload.lengths, requests);
      const arrivalUs = new Float64Array(requests);
      const trace = traceOf(name, { arrivalUs, inputTokens, outputTokens });
      if (ratePerS === Infinity) return { trace, arrivals: timestamps };
      return { trace, arrivals: { mode: "poisson", rate_per_s: ratePerS } };
    }
    case "stages": {
      const arrivalUs = stagedArrivals(workload.stages);
      const [inputTokens, outputTokens] = lengthsOf(workload.lengths, arrivalUs.length);
      const columns = { arrivalUs, inputTokens, outputTokens };
      const hashes = sharedChains(workload.shared, inputTokens);
      return { trace: traceOf(name, columns, hashes), arrivals: timestamps };
    }
    case "replay": {
      const { arrivalUs, inputTokens, outputTokens, chains, blockSize } = workload.rows;
      const columns = { arrivalUs, inputTokens, outputTokens };
      const shared = workload.shared;
      const hashes =
        chains !== undefined
          ? recordedChains(chains)
          : shared === undefined
            ? undefined
            : sharedChains(shared, inputTokens);
      return { trace: traceOf(name, columns, hashes, blockSize ?? BLOCK), arrivals: timestamps };
    }
  }
}
