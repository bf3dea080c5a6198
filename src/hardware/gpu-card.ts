import type { Problem, QuantityParser, QuantityUnit, Result } from "../core/index.ts";
import { fail, ok } from "../core/index.ts";
import { isObject } from "./hf-config-fields.ts";

/** Peak dense rates by number format; a missing format is one the GPU lacks. */
export type PeakFlops = {
  readonly bf16FlopPerS: number;
  readonly fp8FlopPerS?: number;
  readonly fp4FlopPerS?: number;
  readonly int8FlopPerS?: number;
};

/** Board power by regime, W. */
export type PowerRegimes = {
  readonly idleW: number;
  readonly computeW: number;
  readonly weightStreamW: number;
  readonly attentionDecodeW: number;
};

/** Price of one GPU for one hour at three kinds of provider, on a date. */
export type Price = {
  readonly date: string;
  readonly hyperscalerUsdPerHour: number;
  readonly neocloudUsdPerHour: number;
  readonly rental3yUsdPerHour: number;
};

export type GpuCard = {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  /** Memory as it is sold. */
  readonly hbmBytes: number;
  /** Memory as CUDA reports it, what engines take fractions of. */
  readonly visibleBytes: number;
  readonly hbmBytesPerS: number;
  readonly flops: PeakFlops;
  readonly sms: number;
  /** One direction, per GPU; 0 without NVLink. */
  readonly nvlinkBytesPerS: number;
  /** GPUs that reach one another over NVLink. */
  readonly nvlinkGpus: number;
  readonly pcieBytesPerS: number;
  /** Coherent CPU link, one direction; 0 without. */
  readonly c2cBytesPerS: number;
  readonly tdpW: number;
  /** GPU with its share of host, network and cooling. */
  readonly allInW: number;
  readonly power: PowerRegimes;
  readonly prices: readonly Price[];
  /** Name of the calibrated kernel parameters; empty when results are estimated from `peer`. */
  readonly calibration: string;
  /** GPU whose efficiencies are scaled by the ratio of peaks when nothing was measured here. */
  readonly peer: string;
  readonly estimated: boolean;
  /** Node this GPU usually sits in. */
  readonly node: string;
};

export type NodeCard = {
  readonly id: string;
  readonly gpu: string;
  readonly gpus: number;
  readonly nvlinkGpus: number;
  readonly nics: number;
  readonly nicBytesPerS: number;
  readonly hostBytes: number;
  readonly hostBytesPerS: number;
  readonly nvmeBytes: number;
  readonly nvmeReadBytesPerS: number;
  readonly nvmeWriteBytesPerS: number;
  /** Power of the node without its GPUs. */
  readonly hostW: number;
};

export type LinkCard = {
  readonly id: string;
  readonly kind: string;
  /** One direction. */
  readonly bytesPerS: number;
  readonly latencyS: number;
  /** Part of the line rate large messages reach. */
  readonly efficiency: number;
};

/** Reads one card file: every quantity is `[text, source]` and every source is declared. */
class CardReader {
  readonly problems: Problem[] = [];
  readonly file: string;
  private readonly root: Readonly<Record<string, unknown>>;
  private readonly quantity: QuantityParser;

  constructor(file: string, root: Readonly<Record<string, unknown>>, quantity: QuantityParser) {
    this.file = file;
    this.root = root;
    this.quantity = quantity;
  }

  at(path: string): unknown {
    let value: unknown = this.root;
    for (const key of path.split(".")) {
      if (!isObject(value) && !Array.isArray(value)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    return value;
  }

  text(path: string): string {
    const value = this.at(path);
    if (typeof value === "string" && value !== "") return value;
    this.note(path, "is missing or no text", "a text");
    return "";
  }

  textOr(fallback: string, path: string): string {
    return this.at(path) === undefined ? fallback : this.text(path);
  }

  /** A whole number, plain or with its source. */
  count(path: string): number {
    const written = this.at(path);
    const value: unknown = Array.isArray(written) ? written[0] : written;
    if (Array.isArray(written)) this.checkSource(path, written[1]);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    this.note(path, "is no whole number", "a whole number ≥ 0");
    return 0;
  }

  number(path: string, unit: QuantityUnit): number {
    const value = this.at(path);
    const isPair = Array.isArray(value) && value.length === 2;
    const [text, source] = isPair ? (value as readonly unknown[]) : [value, undefined];
    if (text === undefined) {
      this.note(path, "is missing", 'a quantity with its source, as ["3.35 TB/s", datasheet]');
      return 0;
    }
    this.checkSource(path, source);
    const parsed = this.quantity(String(text), unit);
    if (!parsed.ok) {
      this.problems.push({ ...parsed.problem, where: `${this.file}: ${path}` });
      return 0;
    }
    if (parsed.value >= 0) return parsed.value;
    this.note(path, "is negative", "a quantity ≥ 0");
    return 0;
  }

  private checkSource(path: string, source: unknown): void {
    if (typeof source === "string" && typeof this.at(`sources.${source}`) === "string") return;
    this.note(path, "has no declared source", "[quantity, key of `sources`]");
  }

  numberOr(fallback: number, path: string, unit: QuantityUnit): number {
    return this.at(path) === undefined ? fallback : this.number(path, unit);
  }

  note(path: string, what: string, expected: string): void {
    this.problems.push({ what: `${path} ${what}`, where: `${this.file}: ${path}`, expected });
  }
}

function readerOf(file: string, raw: unknown, quantity: QuantityParser): Result<CardReader> {
  if (isObject(raw)) return ok(new CardReader(file, raw, quantity));
  return fail({ what: "the card is not a mapping", where: file, expected: "keys with values" });
}

function finish<T>(reader: CardReader, card: T): Result<T> {
  const first = reader.problems[0];
  if (first === undefined) return ok(card);
  const more = reader.problems.length - 1;
  return fail(more === 0 ? first : { ...first, what: `${first.what} (and ${more} more)` });
}

function flopsOf(card: CardReader): PeakFlops {
  const flops: { -readonly [K in keyof PeakFlops]: PeakFlops[K] } = {
    bf16FlopPerS: card.number("flops.bf16", "flop/s"),
  };
  if (card.at("flops.fp8") !== undefined) flops.fp8FlopPerS = card.number("flops.fp8", "flop/s");
  if (card.at("flops.fp4") !== undefined) flops.fp4FlopPerS = card.number("flops.fp4", "flop/s");
  if (card.at("flops.int8") !== undefined) {
    flops.int8FlopPerS = card.number("flops.int8", "flop/s");
  }
  return flops;
}

function pricesOf(card: CardReader): Price[] {
  const list = card.at("prices");
  if (!Array.isArray(list)) return [];
  return list.map((_, index) => {
    const path = `prices.${index}`;
    const date = card.text(`${path}.date`);
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) card.note(`${path}.date`, "is no date", "yyyy-mm-dd");
    return {
      date,
      hyperscalerUsdPerHour: card.number(`${path}.hyperscaler`, "usd/hour"),
      neocloudUsdPerHour: card.number(`${path}.neocloud`, "usd/hour"),
      rental3yUsdPerHour: card.number(`${path}.rental3y`, "usd/hour"),
    };
  });
}

/** Parts of TDP by regime when none was measured: medians of H200 and B200 (kernel notes §5.6). */
const POWER_SHARE = { idle: 0.2, weightStream: 0.73, attentionDecode: 0.39 };

function powerOf(card: CardReader, tdpW: number): PowerRegimes {
  return {
    idleW: card.numberOr(POWER_SHARE.idle * tdpW, "power.idle", "W"),
    computeW: card.numberOr(tdpW, "power.compute", "W"),
    weightStreamW: card.numberOr(POWER_SHARE.weightStream * tdpW, "power.weightStream", "W"),
    attentionDecodeW: card.numberOr(
      POWER_SHARE.attentionDecode * tdpW,
      "power.attentionDecode",
      "W",
    ),
  };
}

/** Parses a GPU card. Errors name file and field; every quantity must name a declared source. */
export function parseGpuCard(
  file: string,
  raw: unknown,
  quantity: QuantityParser,
): Result<GpuCard> {
  const reader = readerOf(file, raw, quantity);
  if (!reader.ok) return reader;
  const card = reader.value;
  const hbmBytes = card.number("hbm.capacity", "byte");
  const tdpW = card.number("power.tdp", "W");
  const calibration = card.textOr("", "calibration");
  if (hbmBytes === 0) card.note("hbm.capacity", "is zero", "a size");
  return finish(card, {
    id: card.text("gpu"),
    name: card.text("name"),
    architecture: card.text("architecture"),
    hbmBytes,
    visibleBytes: card.numberOr(hbmBytes * VISIBLE_SHARE, "hbm.visible", "byte"),
    hbmBytesPerS: card.number("hbm.bandwidth", "byte/s"),
    flops: flopsOf(card),
    sms: card.count("sms"),
    nvlinkBytesPerS: card.numberOr(0, "nvlink.bandwidth", "byte/s"),
    nvlinkGpus: card.at("nvlink.gpus") === undefined ? 1 : card.count("nvlink.gpus"),
    pcieBytesPerS: card.number("pcie.bandwidth", "byte/s"),
    c2cBytesPerS: card.numberOr(0, "c2c.bandwidth", "byte/s"),
    tdpW,
    allInW: card.numberOr(ALL_IN_SHARE * tdpW, "power.allIn", "W"),
    power: powerOf(card, tdpW),
    prices: pricesOf(card),
    calibration,
    peer: calibration === "" ? card.text("peer") : card.textOr("", "peer"),
    estimated: calibration === "",
    node: card.textOr("", "node"),
  });
}

/** CUDA reports about 1.1 % less than the nominal size on H100, H200 and A100 (see their cards). */
const VISIBLE_SHARE = 0.989;

/** All-in power over TDP: 1.37 kW for a 700 W GPU, 1.71 kW for 1 kW (InferenceX TCO constants). */
const ALL_IN_SHARE = 1.8;

/** Parses a node card. */
export function parseNodeCard(
  file: string,
  raw: unknown,
  quantity: QuantityParser,
): Result<NodeCard> {
  const reader = readerOf(file, raw, quantity);
  if (!reader.ok) return reader;
  const card = reader.value;
  return finish(card, {
    id: card.text("node"),
    gpu: card.text("gpu"),
    gpus: card.count("gpus"),
    nvlinkGpus: card.count("nvlinkGpus"),
    nics: card.count("nic.count"),
    nicBytesPerS: card.number("nic.bandwidth", "byte/s"),
    hostBytes: card.number("host.capacity", "byte"),
    hostBytesPerS: card.number("host.bandwidth", "byte/s"),
    nvmeBytes: card.number("nvme.capacity", "byte"),
    nvmeReadBytesPerS: card.number("nvme.read", "byte/s"),
    nvmeWriteBytesPerS: card.number("nvme.write", "byte/s"),
    hostW: card.number("host.power", "W"),
  });
}

/** Parses a link card. */
export function parseLinkCard(
  file: string,
  raw: unknown,
  quantity: QuantityParser,
): Result<LinkCard> {
  const reader = readerOf(file, raw, quantity);
  if (!reader.ok) return reader;
  const card = reader.value;
  return finish(card, {
    id: card.text("link"),
    kind: card.text("kind"),
    bytesPerS: card.number("bandwidth", "byte/s"),
    latencyS: card.number("latency", "s"),
    efficiency: card.number("efficiency", "fraction"),
  });
}
