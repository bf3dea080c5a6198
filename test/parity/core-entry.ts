/** Everything numeric in src/core, driven hard and reduced to digests, for Node and for a page. */
import {
  Digest,
  EventQueue,
  GapHistogram,
  QuantileSketch,
  exp,
  ln,
  pow,
  stream,
} from "../../src/core/index.ts";

const INPUTS = 100_000;

/** Digest by part. The inputs span the range in which each function is used, and its edges. */
export function coreDigests(seed: number): Readonly<Record<string, string>> {
  const inputs = stream(seed, "inputs");
  return {
    exp: digestOf(() => exp(-745 + 1455 * inputs.next())),
    expSmall: digestOf(() => exp(inputs.next() * 2 - 1)),
    ln: digestOf(() => ln(exp(-700 + 1400 * inputs.next()))),
    lnNearOne: digestOf(() => ln(0.5 + inputs.next())),
    pow: digestOf(() => pow(1e6 * inputs.next(), 40 * inputs.next() - 20)),
    edges: edges(),
    ...distributions(seed),
    ...structures(seed),
  };
}

function digestOf(next: () => number): string {
  const digest = new Digest();
  for (let i = 0; i < INPUTS; i += 1) digest.addF64(next());
  return digest.hex();
}

function edges(): string {
  const digest = new Digest();
  const values = [0, -0, 1, -1, 0.5, Infinity, -Infinity, NaN, 5e-324, 2 ** -1022, 709.78, -745.13];
  for (const x of values) {
    digest.addF64(exp(x));
    digest.addF64(ln(x));
    for (const y of values) digest.addF64(pow(x, y));
  }
  return digest.hex();
}

function distributions(seed: number): Readonly<Record<string, string>> {
  const weights = Float64Array.of(0.1, 0.1, 0.7, 2);
  const of = (name: string, draw: (from: ReturnType<typeof stream>) => number): string => {
    const from = stream(seed, name);
    return digestOf(() => draw(from));
  };
  return {
    next: of("next", (from) => from.next()),
    int: of("int", (from) => from.int(1_000_003)),
    exponential: of("exponential", (from) => from.exponential(250)),
    normal: of("normal", (from) => from.normal()),
    lognormal: of("lognormal", (from) => from.lognormal(6.5, 1.2)),
    gamma: of("gamma", (from) => from.gamma(2.5, 3)),
    gammaBelowOne: of("gamma<1", (from) => from.gamma(0.3, 3)),
    weibull: of("weibull", (from) => from.weibull(0.8, 100)),
    zipf: of("zipf", (from) => from.zipf(10_000, 1.1)),
    pick: of("pick", (from) => from.pick(weights)),
  };
}

function structures(seed: number): Readonly<Record<string, string>> {
  const from = stream(seed, "structures");
  const sketch = new QuantileSketch({ exactLimit: 1000 });
  const gaps = new GapHistogram();
  const queue = new EventQueue();
  const order = new Digest();
  for (let i = 0; i < INPUTS; i += 1) {
    sketch.add(from.lognormal(8, 2));
    queue.schedule(from.int(5000), from.int(1000), from.int(4));
    if (from.next() < 0.4) order.addU32(queue.pop());
  }
  for (let run = 0; run < 300; run += 1) {
    gaps.addRun(5000 + from.int(5000), 0.1 * from.next(), 1e-7 * from.next(), 1e4, 64, 0, 900, 64);
  }
  return {
    sketch: hexOf(sketch, sketch.quantile(0.99), sketch.mean),
    gaps: hexOf(gaps, gaps.quantile(0.99), gaps.mean),
    queue: order.hex(),
  };
}

function hexOf(part: { addTo(digest: Digest): void }, ...values: readonly number[]): string {
  const digest = new Digest();
  part.addTo(digest);
  for (const value of values) digest.addF64(value);
  return digest.hex();
}
