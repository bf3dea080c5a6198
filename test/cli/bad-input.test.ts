import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { headworks } from "./spawn.ts";

let folder = "";

const GOOD = '{"timestamp":0,"input_length":600,"output_length":5,"hash_ids":[1,2]}\n';
const AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n";

const FILES: Readonly<Record<string, string | Buffer>> = {
  "good.jsonl": GOOD.repeat(3),
  "empty.jsonl": "",
  "cut.jsonl.gz": gzipSync(GOOD.repeat(100)).subarray(0, 60),
  "header.csv": "a,b,c\n1,2,3\n",
  "text.csv": `${AZURE}2023-11-16 18:15:47.0000000,many,44\n`,
  "negative.csv": `${AZURE}2023-11-16 18:15:47.0000000,-5,44\n`,
  "absurd.csv": `${AZURE}2023-11-16 18:15:47.0000000,374,99999999999\n`,
  "broken.jsonl": `${GOOD}{"timestamp":1,"input_len\n`,
  "key.yaml": "trace: good.jsonl\nengine:\n  max_num_seq: 4\n",
  "size.yaml": "trace: good.jsonl\nengine:\n  num_gpu_blocks: -1\n",
  "pool.yaml": "trace: good.jsonl\nengine:\n  num_gpu_blocks: 4\n  max_model_len: 4096\n",
  "syntax.yaml": "trace: good.jsonl\nengine: [\n  a\n",
  "twice.yaml": "seed: 1\nseed: 2\n",
  "empty.yaml": "",
  "comment.yaml": "# nothing\n",
  "unit.yaml": "trace: good.jsonl\nslo:\n  ttft_s: 5 bananas\n",
  "notraffic.yaml": "cluster:\n  workers: 2\n",
  "profile.yaml": "trace: good.jsonl\nengine:\n  step_time: {type: table, profile: good.jsonl}\n",
  "lacks.yaml": "trace: good.jsonl\nmodel: llama-3.1-8b\nengine: {dtype: fp8}\n",
  "nothing.yaml": "trace: good.jsonl\n",
  "fabric.yaml":
    "trace: good.jsonl\ngpu: h100\ncluster: {workers: 2, gpus_per_worker: 8, fabric: {}}\n",
  "report.json": "{}",
  "binary.yaml": Buffer.of(0xff, 0xfe, 0x00, 0x01),
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headworks-bad-"));
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, name), content);
  mkdirSync(join(folder, "folder"));
  mkdirSync(join(folder, "thesis"));
  writeFileSync(join(folder, "thesis/chapter.tex"), "x");
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Arguments, and words that the error must hold: the place first. */
const CASES: readonly (readonly [args: string, place: string, words: string])[] = [
  ["run --trace empty.jsonl", "empty.jsonl", "empty"],
  ["run --trace cut.jsonl.gz", "cut.jsonl.gz", "truncated"],
  ["run --trace header.csv", "header.csv", "expected:"],
  ["run --trace text.csv", "text.csv, line 3, column", "many"],
  ["run --trace negative.csv", "negative.csv, line 3, column", "-5"],
  ["run --trace absurd.csv", "absurd.csv, line 3, column", "99999999999"],
  ["run --trace broken.jsonl", "broken.jsonl, line 2", ""],
  ["run --trace godo.jsonl", "godo.jsonl", "did you mean good.jsonl?"],
  ["run --trace folder", "folder", "the folder holds no trace files"],
  ["run key.yaml", "key.yaml:3:3: engine.max_num_seq", "did you mean max_num_seqs?"],
  ["run size.yaml", "size.yaml:3:3: engine.num_gpu_blocks", "a number > 0"],
  ["run pool.yaml", "pool.yaml:4:3: engine.max_model_len", "at most"],
  ["run syntax.yaml", "syntax.yaml:", "YAML"],
  ["run twice.yaml", "twice.yaml:2:1", "unique"],
  ["run empty.yaml", "empty.yaml", "empty"],
  ["run comment.yaml", "comment.yaml", "the scenario is empty"],
  ["run unit.yaml", "unit.yaml:3:3: slo.ttft_s", "bananas"],
  ["run binary.yaml", "binary.yaml", "UTF-8"],
  ["run notraffic.yaml", "traffic.source", "--trace"],
  ["run profile.yaml", "good.jsonl", ""],
  ["run", "traffic.source", "--trace"],
  ["run nowhere.yaml", "nowhere.yaml", "no such file"],
  ["run --trace good.jsonl --workers none", "--workers", "a plain number"],
  ["run --trace good.jsonl --workers 0", "--workers", "a number > 0"],
  ["run --trace good.jsonl --seed 1.5", "--seed", "a whole number"],
  ["run --trace good.jsonl --set engine.blok_size=4", "--set engine.blok_size", "block_size"],
  ["run --trace good.jsonl --set engine", "--set", "PATH=VALUE"],
  ["run --trace good.jsonl --set engine=3", "--set engine", "mapping"],
  ["run --trace good.jsonl --set router.policy=round_robbin", "round_robbin", "round_robin"],
  ["run --trace good.jsonl --series 10", "--series", "10s"],
  ["run --trace good.jsonl --max-bad-rows x", "--max-bad-rows", "a whole number"],
  ["run --trace good.jsonl --require-attainment 2", "--require-attainment", "from 0 to 1"],
  ["run --trace good.jsonl --require-attainment 1", "--require-attainment", "slo.ttft_s"],
  ["run --trace good.jsonl --out good.jsonl", "good.jsonl", "is no folder"],
  ["run --trace good.jsonl --out thesis", "thesis", "chapter.tex"],
  ["run --trace good.jsonl --out /proc/headworks", "/proc/headworks", "another folder"],
  ["run --set traffic.source.synth=azure-cnov", "traffic.source", "azure-conv"],
  ["run --trace good.jsonl --model lama-3.1-8b --gpu h100", "model: ", "nearest: llama-3.1-8b"],
  ["run --trace good.jsonl --model llama-3.1-8b --gpu h9000", "gpu: ", "nearest: h100"],
  [
    "run --trace good.jsonl --model llama-3.1-70b --gpu h100",
    "model: ",
    "tensor=2, engine.dtype=fp8",
  ],
  ["run lacks.yaml --gpu a100", "engine.dtype: ", "nearest: int8"],
  ["memory llama-3.1-8b --gpu h100 --max-num-seqs 999999999999", "--max-num-seqs", "1073741824"],
  ["memory llama-3.1-8b --gpu h100 --max-loras 4 --max-lora-rank 0", "--max-lora-rank", "≥ 1"],
  ["memory llama-3.1-8b --gpu h100 --mtp", "--mtp", "use --eagle"],
  ["memory llama-3.1-8b --gpu h100 --pp 33", "--pp", "at most 32"],
  ["memory llama-3.1-8b --gpu h100 --redundant-experts 4", "--redundant-experts", "ep above 1"],
  ["memory deepseek-r1 --gpu gb200 --dp 48 --ep 48", "ep 48", "or 32 redundant experts"],
  ["calibrate --steps good.jsonl", "--model", "for example --model llama-3.1-8b"],
  ["calibrate --benchmarks good.jsonl --model llama-3.1-8b", "--gpu", "for example --gpu h100"],
  ["calibrate --data folder --steps good.jsonl", "one kind of measurement", "either --data"],
  ["calibrate --data nowhere", "nowhere", "no such folder"],
  ["accuracy --data nowhere", "nowhere", "no such folder"],
  ["models show llama-3.1-8b --tp 0", "--tp", "a whole number ≥ 1"],
  ["models add key.yaml --as ../x", "--as", "letters, digits"],
  [
    "run lacks.yaml --gpu h100 --set cluster.parallelism.tensor=3",
    "parallelism: ",
    "nearest: tp 2",
  ],
  ["run lacks.yaml --gpu h100 --set engine.dtype=fp9", "--set engine.dtype", "did you mean fp8?"],
  ["run --trace good.jsonl --gpu none --cards nowhere.yaml", "nowhere.yaml", "no such file"],
  ["run --trace good.jsonl --gpu none --cards key.yaml", "key.yaml", "a card"],
  ["run nothing.yaml --set engine.step_time.type=kernels", "engine.step_time.type", "model: NAME"],
  ["run fabric.yaml --set cluster.fabric.nodes=1", "cluster.fabric.nodes", "raise"],
  [
    'run fabric.yaml --set kv.bytes_per_token=1000 --set kv.tiers=[{"level":"g4","capacity_blocks":9}]',
    "cluster.fabric.store",
    "set cluster.fabric.store: object-store",
  ],
  [
    'run fabric.yaml --set faults.events=[{"at_s":1,"kind":"crash","worker":2}]',
    "faults.events.0.worker",
    "0 to 1",
  ],
  [
    'run fabric.yaml --set faults.events=[{"at_s":1,"kind":"node_loss","node":2}]',
    "faults.events.0.node",
    "0 to 1",
  ],
  [
    'run fabric.yaml --set faults.events=[{"at_s":1,"kind":"link","link":"sore","factor":0}] --set cluster.fabric.store=object-store',
    "faults.events.0.link",
    "node 0",
  ],
  ["run fabric.yaml --set faults.weights_from=store", "faults.weights_from", "object-store"],
  [
    'run nothing.yaml --set faults.events=[{"at_s":1,"kind":"link","worker":0,"factor":0}]',
    "faults.events.0.kind",
    "cluster.fabric",
  ],
  [
    "run nothing.yaml --set faults.rates.transfer_failure=0.1",
    "faults.rates.transfer_failure",
    "roles prefill and decode",
  ],
  ["compare report.json report.json", "report.json", "no Headworks report"],
  ["compare good.jsonl report.json", "good.jsonl", "JSON"],
  ["compare report.json repotr.json", "repotr.json", "did you mean report.json?"],
  ["compare report.json report.json --fail-above p99", "--fail-above", "METRIC=LIMIT"],
  ["trace inspect empty.jsonl", "empty.jsonl", "empty"],
  ["trace inspect good.jsonl --format azur", "--format", "azure"],
  ["trace inspect good.jsonl --column what", "--column", "ROLE=NAME"],
  ["trace convert good.jsonl --out good.jsonl", "good.jsonl", "--force"],
  ["trace convert good.jsonl --out out.xyz", "out.xyz", "--to"],
  ["trace convert good.jsonl --out none/at/all.csv", "none/at/all.csv", "cannot be written"],
  ["trace synth azure-cnov --out a.csv", "azure-cnov", "azure-conv"],
  ["trace synth azure-conv --out a.csv --rows 0", "rows", ">0"],
  ["trace fetch mooncake-conversatoin", "mooncake-conversatoin", "mooncake-conversation"],
  ["models show lama", "lama", ""],
  ["memory llama-3.1-8b --gpu h9000", "h9000", ""],
];

it.concurrent.each(CASES)("%s", { timeout: 120_000 }, async (args, place, words) => {
  const { code, stdout, stderr } = await headworks(args.split(" "), { cwd: folder });
  expect(stderr).toContain(place);
  expect(stderr).toContain(words);
  expect(stderr.match(/^error: /gm)).toHaveLength(1);
  expect(stderr).not.toMatch(/^\s+at .*[:(]/m);
  expect(stdout).toBe("");
  expect(code).toBe(2);
});

it.each(["frobnicate", "run --frobnicate", "compare one", "trace"])(
  "explains the command line after `%s`",
  async (args) => {
    const { code, stderr } = await headworks(args.split(" "), { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/error: |Usage: /);
  },
);
