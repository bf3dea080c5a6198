/** Flags of `headworks models …` and `headworks memory`. */

import { Option } from "commander";
import type { Command } from "commander";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { KV_DTYPES, MEMORY_ENGINES, WEIGHT_DTYPES } from "../hardware/index.ts";
import type { KvDtype, MemoryEngine, ModelLayout, WeightDtype } from "../hardware/index.ts";
import type { CommandOutput } from "./commands/memory.ts";
import type { ModelsOptions } from "./commands/models.ts";
import { collect, shareFlag, wholeFlag } from "./flags.ts";
import type { Terminal } from "./terminal.ts";

type Finish = (result: Result<number>) => void;

type CardFlags = {
  readonly dtype?: WeightDtype;
  readonly kvDtype?: KvDtype;
  readonly tp?: string;
  readonly pp?: string;
  readonly ep?: string;
  readonly redundantExperts?: string;
  readonly dp?: string;
  readonly cards?: readonly string[];
  readonly json?: boolean;
};

/** vLLM's default of max_lora_rank. */
const LORA_RANK = 16;

type MemoryFlags = CardFlags & {
  readonly engine: MemoryEngine;
  readonly gpu: string;
  readonly model?: string;
  readonly fraction?: string;
  readonly blockSize?: string;
  readonly maxNumSeqs?: string;
  readonly maxBatchedTokens?: string;
  readonly encoderCacheTokens?: string;
  readonly mtp?: boolean;
  readonly eagle?: boolean;
  readonly maxLoras?: string;
  readonly maxLoraRank?: string;
};

/** Adds `models list | show | add` and `memory`. */
export function addCardCommands(program: Command, terminal: Terminal, finish: Finish): void {
  const models = program.command("models").description("model cards: list, show, add");
  withJson(models.command("list").description("every model that is known")).action(
    async (flags: CardFlags) => {
      finish(await showModels({ action: "list", ...plain(flags) }, terminal));
    },
  );
  withLayout(
    models
      .command("show")
      .description("layers, weights and KV bytes of one model, by precision and split")
      .argument("<NAME>", "name of the card or of the Hugging Face model"),
  ).action(async (name: string, flags: CardFlags) => {
    const layout = layoutOf(flags);
    if (!layout.ok) finish(layout);
    else {
      finish(
        await showModels({ action: "show", name, layout: layout.value, ...plain(flags) }, terminal),
      );
    }
  });
  models
    .command("add")
    .description("make a card from a Hugging Face config.json")
    .argument("<CONFIG>", "path of the config.json")
    .option("--as <NAME>", "name of the card")
    .option("--out <FILE>", "where to write it")
    .option("--force", "replace an existing file")
    .action(async (name: string, flags: { as?: string; out?: string; force?: boolean }) => {
      finish(await showModels({ action: "add", name, ...flags }, terminal));
    });
  addMemory(program, terminal, finish);
}

function addMemory(program: Command, terminal: Terminal, finish: Finish): void {
  withLayout(
    program
      .command("memory")
      .description("where a GPU's memory goes: weights, overhead, KV blocks; what would fit")
      .argument("[MODEL]", "name of the model's card")
      .option("--model <NAME>", "the same, as a flag")
      .requiredOption("--gpu <NAME>", "name of the GPU's card"),
  )
    .addOption(new Option("--engine <NAME>", "engine").choices(MEMORY_ENGINES).default("vllm"))
    .option("--fraction <X>", "share of memory the engine takes (its usual default)")
    .option("--block-size <N>", "tokens per KV block")
    .option("--max-num-seqs <N>", "most requests in a batch")
    .option("--max-batched-tokens <N>", "most tokens in a step")
    .option("--encoder-cache-tokens <N>", "image tokens kept encoded (vLLM; a step's by default)")
    .option("--mtp", "load the extra prediction layers")
    .option("--eagle", "load a draft layer beside the model")
    .option("--max-loras <N>", "slots of LoRA adapters")
    .option("--max-lora-rank <N>", "rank that every slot has room for; 16 by default")
    .action(async (argument: string | undefined, flags: MemoryFlags) => {
      const model = oneModel(argument, flags.model);
      finish(model.ok ? await memory(model.value, flags, terminal) : model);
    });
}

/** The model named as an argument or by `--model`. Errors: neither, or two different ones. */
function oneModel(argument: string | undefined, flag: string | undefined): Result<string> {
  const name = argument ?? flag;
  if (name !== undefined && (flag ?? name) === name) return ok(name);
  return fail({
    what: name === undefined ? "no model" : `two models, ${name} and ${flag}`,
    where: "--model",
    expected: "the name of one model's card",
    remedy:
      "`headworks models list` names them; write for example --model llama-3.1-70b --gpu h100",
  });
}

async function memory(
  model: string,
  flags: MemoryFlags,
  terminal: Terminal,
): Promise<Result<number>> {
  const layout = layoutOf(flags);
  if (!layout.ok) return layout;
  const counts = wholeFlags({
    blockSize: [flags.blockSize, "--block-size"],
    maxNumSeqs: [flags.maxNumSeqs, "--max-num-seqs"],
    maxBatchedTokens: [flags.maxBatchedTokens, "--max-batched-tokens"],
    encoderCacheTokens: [flags.encoderCacheTokens, "--encoder-cache-tokens"],
  });
  if (!counts.ok) return counts;
  const lora = wholeFlags({
    slots: [flags.maxLoras, "--max-loras"],
    rank: [flags.maxLoraRank, "--max-lora-rank"],
  });
  if (!lora.ok) return lora;
  const { slots, rank = LORA_RANK } = lora.value;
  const fraction = shareFlag(flags.fraction, "--fraction");
  if (!fraction.ok) return fraction;
  const { runMemory } = await import("./commands/memory.ts");
  const output = await runMemory({
    model,
    gpu: flags.gpu,
    engine: flags.engine,
    ...layout.value,
    ...counts.value,
    ...(fraction.value === undefined ? {} : { fraction: fraction.value }),
    ...(flags.mtp === undefined ? {} : { mtp: flags.mtp }),
    ...(flags.eagle === undefined ? {} : { eagle: flags.eagle }),
    ...(slots === undefined ? {} : { adapters: { slots, rank } }),
    ...plain(flags),
  });
  return print(output, terminal);
}

async function showModels(options: ModelsOptions, terminal: Terminal): Promise<Result<number>> {
  const { runModels } = await import("./commands/models.ts");
  return print(await runModels(options), terminal);
}

function print(output: Result<CommandOutput>, terminal: Terminal): Result<number> {
  if (!output.ok) return output;
  terminal.out(output.value.text);
  return ok(output.value.exitCode);
}

function withJson(command: Command): Command {
  return command
    .option("--cards <PATH>", "your own card file or folder; repeatable", collect)
    .option("--json", "print JSON");
}

function withLayout(command: Command): Command {
  return withJson(command)
    .addOption(new Option("--dtype <FORMAT>", "format of the weights").choices(WEIGHT_DTYPES))
    .addOption(new Option("--kv-dtype <FORMAT>", "format of the KV cache").choices(KV_DTYPES))
    .option("--tp <N>", "tensor parallel ranks")
    .option("--pp <N>", "pipeline stages")
    .option("--ep <N>", "expert parallel ranks")
    .option("--redundant-experts <N>", "copies of experts beyond one of each, over all ranks")
    .option("--dp <N>", "attention data parallel ranks");
}

function plain({ cards, json }: CardFlags): Pick<CardFlags, "cards" | "json"> {
  return { ...(cards === undefined ? {} : { cards }), ...(json === undefined ? {} : { json }) };
}

function layoutOf(flags: CardFlags): Result<ModelLayout> {
  const ranks = wholeFlags({
    tp: [flags.tp, "--tp"],
    pp: [flags.pp, "--pp"],
    ep: [flags.ep, "--ep"],
    redundantExperts: [flags.redundantExperts, "--redundant-experts"],
    dp: [flags.dp, "--dp"],
  });
  if (!ranks.ok) return ranks;
  return ok({
    ...ranks.value,
    ...(flags.dtype === undefined ? {} : { dtype: flags.dtype }),
    ...(flags.kvDtype === undefined ? {} : { kvDtype: flags.kvDtype }),
  });
}

/** The counts that were given, by key. Errors: the first that is none. */
function wholeFlags<K extends string>(
  flags: Readonly<Record<K, readonly [text: string | undefined, name: string]>>,
): Result<{ readonly [key in K]?: number }> {
  const found: { [key in K]?: number } = {};
  for (const key of Object.keys(flags) as K[]) {
    const [text, name] = flags[key];
    const value = wholeFlag(text, name);
    if (!value.ok) return value;
    if (value.value !== undefined) found[key] = value.value;
  }
  return ok(found);
}
