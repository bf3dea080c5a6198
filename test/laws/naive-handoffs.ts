/**
 * Prefill and decode workers, as naively as the naive engine: plain objects, one thing after another. Written from the rules in
 * the documentation of `disagg`, not from src/sim. Workers of the `vllm` scheduler, round robin, links of their own.
 *
 * What comes first at one instant is part of the rules: steps end (workers in order), then transfers (in order of their
 * numbers), then messages (asks, orders to compute, empty transfers, timeouts; each in order of the requests' places), then
 * requests arrive, then workers start. Places and numbers of transfers are taken from a stack: the last one given back first.
 */

import type { Scenario } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { keysOf, refused } from "./naive-engine.ts";
import { NaiveDecode, NaivePrefill } from "./naive-pair.ts";
import type { NaiveKnobs, NaiveRequest, NaiveTotals } from "./naive-worker.ts";

/** Numbers given out and taken back. */
class Numbers {
  private readonly free: number[] = [];
  private next = 0;

  take(): number {
    return this.free.pop() ?? this.next++;
  }

  give(number: number): void {
    this.free.push(number);
  }
}

const MESSAGES = ["ask", "compute", "landed", "timeout"] as const;
type Message = { readonly kind: (typeof MESSAGES)[number]; readonly at: number };

/** A request between its workers. */
type Flight = {
  readonly request: NaiveRequest;
  readonly place: number;
  /** Its prompt on the prefill worker, while that has it. */
  prompt: NaiveRequest | undefined;
  promptPlace: number;
  source: NaivePrefill | undefined;
  target: NaiveDecode | undefined;
  /** Blocks to be moved; NaN: the target has no memory for it yet. */
  missing: number;
  prefilled: number;
  transfer: { readonly number: number; readonly at: number } | undefined;
  message: Message | undefined;
  timeout: Message | undefined;
};

export type NaiveOutcome = NaiveRequest & { failed: boolean };

export class NaiveCluster {
  readonly requests: NaiveOutcome[];
  readonly totals: NaiveTotals;
  handoffs = 0;
  fallbacks = 0;
  timeouts = 0;
  bytes = 0;
  private readonly scenario: Scenario;
  private readonly prefills: NaivePrefill[];
  private readonly decodes: NaiveDecode[];
  private readonly flights: Flight[] = [];
  private readonly places = new Numbers();
  private readonly transfers = new Numbers();
  private promptsRouted = 0;
  private answersRouted = 0;

  constructor(scenario: Scenario, trace: Trace) {
    this.scenario = scenario;
    this.totals = { preemptions: 0, gaveWay: 0, evicted: 0, steps: 0, end: 0, gaps: [] };
    const [first, second] = scenario.cluster.pools;
    const knobsOf = (pool: typeof first): NaiveKnobs =>
      ({ ...scenario.engine, ...pool!.engine }) as NaiveKnobs;
    const prefill = knobsOf(first);
    const decode = knobsOf(second);
    const computed = (prompt: NaiveRequest, now: number): void => this.computed(prompt, now);
    this.prefills = Array.from(
      { length: first!.workers },
      (_, id) => new NaivePrefill(id, prefill, this.totals, computed),
    );
    const listener = {
      reserved: (request: NaiveRequest, missing: number, now: number): void =>
        this.reserved(request, missing, now),
      gone: (request: NaiveRequest): void => this.gone(request),
    };
    const withToken = scenario.disagg.first_token === "handed_over";
    this.decodes = Array.from(
      { length: second!.workers },
      (_, id) => new NaiveDecode(first!.workers + id, decode, this.totals, listener, withToken),
    );
    this.requests = Array.from({ length: trace.rows }, (_, row) => {
      const arrival = trace.arrivalUs[row]!;
      const input = trace.inputTokens[row]!;
      const output = trace.outputTokens[row]!;
      const isRefused = refused(prefill, input, 0) || refused(decode, input, output);
      return {
        ...blank(row, arrival, input, output, keysOf(trace, row, decode.block_size)),
        finish: isRefused ? arrival : NaN,
        rejected: isRefused,
        failed: false,
      };
    });
  }

  /** Runs to the end. */
  run(): void {
    const workers = [...this.prefills, ...this.decodes];
    let next = 0;
    for (;;) {
      const { requests, flights } = this;
      const times = flights.flatMap(({ transfer, message, timeout }) =>
        [transfer, message, timeout].map((one) => one?.at ?? Infinity),
      );
      const now = Math.min(
        requests[next]?.arrival ?? Infinity,
        ...workers.map(({ endsAt }) => endsAt),
        ...times,
      );
      if (now === Infinity) return;
      this.totals.end = now;
      for (const worker of workers) if (worker.endsAt === now) worker.end(now);
      this.moved(now);
      this.told(now);
      for (; requests[next]?.arrival === now; next++) {
        if (!requests[next]!.rejected) this.arrives(requests[next]!, now);
      }
      for (const worker of workers) if (worker.endsAt === Infinity) worker.start(now);
    }
  }

  /** Transfers that end now. */
  private moved(now: number): void {
    for (;;) {
      const ended = this.flights
        .filter(({ transfer }) => transfer?.at === now)
        .toSorted((a, b) => a.transfer!.number - b.transfer!.number)[0];
      if (ended === undefined) return;
      this.transfers.give(ended.transfer!.number);
      ended.transfer = undefined;
      if (this.scenario.faults.rates.transfer_failure === 1) this.givesUp(ended, now);
      else this.landed(ended, now);
    }
  }

  /** Messages and timeouts that are due now. */
  private told(now: number): void {
    for (;;) {
      const due = this.flights
        .flatMap((flight) => [flight.message, flight.timeout].map((one) => ({ flight, one })))
        .filter(({ one }) => one?.at === now)
        .toSorted(
          (a, b) =>
            MESSAGES.indexOf(a.one!.kind) - MESSAGES.indexOf(b.one!.kind) ||
            a.flight.place - b.flight.place,
        )[0];
      if (due === undefined) return;
      const { flight } = due;
      const { kind } = due.one!;
      if (kind === "timeout") {
        flight.timeout = undefined;
        this.timeouts++;
        this.givesUp(flight, now);
        continue;
      }
      flight.message = undefined;
      if (kind === "ask") this.asks(flight);
      else if (kind === "compute") this.startsPrompt(flight);
      else this.landed(flight, now);
    }
  }

  private arrives(request: NaiveRequest, _now: number): void {
    const flight: Flight = {
      request,
      place: this.places.take(),
      prompt: undefined,
      promptPlace: -1,
      source: undefined,
      target: undefined,
      missing: NaN,
      prefilled: NaN,
      transfer: undefined,
      message: undefined,
      timeout: undefined,
    };
    this.flights.push(flight);
    if (this.needsAnswer(request)) {
      const { dispatch, reserve } = this.scenario.disagg;
      const isFirst = dispatch === "bootstrap" && reserve === "destination_first";
      if (dispatch !== "sync") this.chooses(flight);
      if (dispatch === "push" || isFirst) this.asks(flight);
      if (isFirst) return;
    }
    this.startsPrompt(flight);
  }

  /** With a first token that comes with the prompt, an answer of one token is complete with it. */
  private needsAnswer({ output }: NaiveRequest): boolean {
    return output > (this.scenario.disagg.first_token === "handed_over" ? 1 : 0);
  }

  private chooses(flight: Flight): NaiveDecode {
    flight.target ??= this.decodes[this.answersRouted++ % this.decodes.length]!;
    flight.request.worker = flight.target.id;
    return flight.target;
  }

  private asks(flight: Flight): void {
    this.chooses(flight).asking.push(flight.request);
  }

  private startsPrompt(flight: Flight): void {
    const { row, arrival, input, keys } = flight.request;
    flight.promptPlace = this.places.take();
    flight.source = this.prefills[this.promptsRouted++ % this.prefills.length]!;
    flight.prompt = blank(row, arrival, input, 0, keys);
    flight.source.waiting.push(flight.prompt);
  }

  /** A prompt has been computed. */
  private computed(prompt: NaiveRequest, now: number): void {
    const flight = this.flights.find((one) => one.prompt === prompt)!;
    const { request, source } = flight;
    flight.prefilled = now;
    request.admitted = prompt.admitted;
    request.cached = prompt.cached;
    request.preemptions += prompt.preemptions;
    if (!this.needsAnswer(request)) {
      this.stops(flight);
      if (request.output > 0) request.first = now;
      request.finish = now;
      request.worker = source!.id;
      this.leaves(flight);
      return;
    }
    const { timeout_s: timeout, control_us: control } = this.scenario.disagg;
    flight.timeout = { kind: "timeout", at: now + Math.round(timeout * 1e6) };
    if (!Number.isNaN(flight.missing)) this.startsTransfer(flight, now);
    else if (flight.target?.asking.includes(request) !== true) {
      flight.message = { kind: "ask", at: now + control };
    }
  }

  private reserved(request: NaiveRequest, missing: number, now: number): void {
    const flight = this.flights.find((one) => one.request === request)!;
    flight.missing = missing;
    if (!Number.isNaN(flight.prefilled)) this.startsTransfer(flight, now);
    else if (flight.prompt === undefined) {
      flight.message = { kind: "compute", at: now + this.scenario.disagg.control_us };
    }
  }

  private startsTransfer(flight: Flight, now: number): void {
    const { disagg, engine } = this.scenario;
    const { input } = flight.request;
    const size = engine.block_size;
    const blocks = disagg.transfer === "full_prompt" ? Math.ceil(input / size) : flight.missing;
    const bytes = Math.min(input, blocks * size) * (disagg.kv_bytes_per_token ?? NaN);
    this.bytes += bytes;
    if (bytes === 0) {
      flight.message = { kind: "landed", at: now + disagg.control_us };
      return;
    }
    const end = now + disagg.setup_us + bytes / (disagg.bandwidth_gb_per_s * 1000);
    const at = Math.max(now + 1, Math.ceil(end));
    flight.transfer = { number: this.transfers.take(), at };
  }

  private landed(flight: Flight, _now: number): void {
    this.handoffs++;
    flight.target!.arrives(flight.request);
    this.stops(flight);
  }

  /** The hand-off has come to nothing. */
  private givesUp(flight: Flight, now: number): void {
    const { request } = flight;
    const isLocal = this.scenario.disagg.fallback === "local";
    this.stops(flight);
    if (isLocal) this.fallbacks++;
    else {
      this.requests[request.row]!.failed = true;
      request.finish = now;
      request.worker = (flight.target ?? flight.source!).id;
    }
    const target = isLocal ? this.chooses(flight) : flight.target;
    if (target?.taken.includes(request) === true) {
      target.taken = target.taken.filter((other) => other !== request);
      (isLocal ? target.returning : target.leaving).push(request);
      return;
    }
    if (target !== undefined) target.asking = target.asking.filter((other) => other !== request);
    if (isLocal) target!.waiting.push(request);
    else this.leaves(flight);
  }

  /** Nothing goes on for a request any more: its prompt, its transfer, its messages. */
  private stops(flight: Flight): void {
    flight.message = undefined;
    flight.timeout = undefined;
    if (flight.transfer !== undefined) this.transfers.give(flight.transfer.number);
    flight.transfer = undefined;
    const { prompt, source } = flight;
    if (prompt === undefined) return;
    source!.letGo(prompt);
    this.places.give(flight.promptPlace);
    flight.prompt = undefined;
  }

  /** A decode worker has nothing left of a request that is over. */
  private gone(request: NaiveRequest): void {
    const flight = this.flights.find((one) => one.request === request);
    if (flight !== undefined) this.leaves(flight);
  }

  private leaves(flight: Flight): void {
    this.places.give(flight.place);
    this.flights.splice(this.flights.indexOf(flight), 1);
  }
}

function blank(
  row: number,
  arrival: number,
  input: number,
  output: number,
  keys: NaiveRequest["keys"],
): NaiveRequest {
  return {
    row,
    arrival,
    input,
    output,
    keys,
    answerKeys: [],
    keepUs: 0,
    admitted: NaN,
    first: NaN,
    finish: NaN,
    last: NaN,
    cached: 0,
    preemptions: 0,
    worker: -1,
    rejected: false,
    cancelled: false,
    generated: 0,
    computed: 0,
    prefilled: 0,
    decoding: false,
    blocks: [],
  };
}
