/** Laws of the network on random routes, transfers, cancellations and faults. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FLOW_MOVING } from "../../../src/sim/network/flow-table.ts";
import { UNITS_PER_BYTE } from "../../../src/sim/network/links.ts";
import { Network } from "../../../src/sim/network/network.ts";
import { lawRuns } from "../../laws/law-runs.ts";
import type { OracleFlow } from "./advertised-shares.ts";
import { advertisedRates } from "./advertised-shares.ts";

type Step =
  | {
      readonly kind: "start";
      readonly route: number;
      readonly bytes: number;
      readonly weight: number;
      readonly cap: number | undefined;
      readonly sourceUs: number | undefined;
      readonly owner: number;
    }
  | { readonly kind: "cancel"; readonly which: number }
  | { readonly kind: "scale"; readonly link: number; readonly scale: number }
  | { readonly kind: "wait"; readonly us: number };

const LINKS = 7;
const OWNERS = 3;

const use = fc.record({ link: fc.nat(LINKS - 1), lanes: fc.integer({ min: 1, max: 4 }) });
const routes = fc.array(
  fc.uniqueArray(use, { minLength: 1, maxLength: 4, selector: ({ link }) => link }),
  { minLength: 1, maxLength: 8 },
);
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("start" as const),
        route: fc.nat(),
        bytes: fc.integer({ min: 0, max: 3_000_000 }),
        weight: fc.integer({ min: 1, max: 3 }),
        cap: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
        sourceUs: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined, freq: 5 }),
        owner: fc.integer({ min: -1, max: OWNERS - 1 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("scale" as const),
        link: fc.nat(LINKS - 1),
        scale: fc.constantFrom(0, 0.1, 0.5, 1),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("wait" as const),
        us: fc.integer({ min: 0, max: 5000 }),
      }),
    },
  ),
  { maxLength: 60 },
);
const cases = fc.record({
  bytesPerUs: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: LINKS, maxLength: LINKS }),
  routes,
  steps,
  most: fc.constantFrom(1, 2, Infinity),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** A network under test, with what its flows were asked to do. */
class Trial {
  readonly network: Network;
  readonly asked = new Map<number, { links: Case["routes"][number]; bytes: number }>();
  nowUs = 0;
  finished = 0;
  /** Bytes of each link by the flows that are over, exact. */
  readonly carried: number[] = Array.from({ length: LINKS }, () => 0);
  private readonly routes: Case["routes"];

  constructor({ bytesPerUs, routes: given, most }: Case) {
    this.routes = given;
    this.network = new Network({
      links: bytesPerUs.map((rate, i) => ({
        name: `link ${i}`,
        kind: "nic",
        node: i,
        bytesPerUs: rate,
        members: 1,
      })),
      shared: true,
      setupUs: 3,
      descriptorUs: 0.5,
      owners: OWNERS,
      transfersPerOwner: most,
    });
    for (const links of given) this.network.addRoute(links, lanesOf(links), 2);
  }

  act(step: Step): void {
    const { network, nowUs } = this;
    if (step.kind === "wait") return this.waitUntil(nowUs + step.us);
    if (step.kind === "scale") return network.setScale(step.link, step.scale, nowUs);
    if (step.kind === "cancel") {
      const flow = [...this.asked.keys()][step.which % Math.max(1, this.asked.size)];
      if (flow !== undefined) this.leave(flow, () => network.cancel(flow, nowUs));
      return undefined;
    }
    const route = step.route % this.routes.length;
    const flow = network.start(route, step.bytes, 7, nowUs, {
      owner: step.owner,
      weight: step.weight,
      descriptors: 4,
      ...(step.cap === undefined ? {} : { bytesPerUsMax: step.cap }),
      ...(step.sourceUs === undefined ? {} : { sourceEndUs: nowUs + step.sourceUs, layers: 8 }),
    });
    expect(this.asked.has(flow)).toBe(false);
    this.asked.set(flow, { links: this.routes[route]!, bytes: step.bytes });
    return undefined;
  }

  waitUntil(untilUs: number): void {
    const { network } = this;
    while (network.nextUs < Infinity && network.nextUs <= untilUs) {
      this.nowUs = network.nextUs;
      for (let flow = network.pop(this.nowUs); flow >= 0; flow = network.pop(this.nowUs)) {
        this.finished++;
        const { links, bytes } = this.asked.get(flow)!;
        this.count(links, Math.ceil(bytes / lanesOf(links)));
        this.asked.delete(flow);
      }
    }
    if (untilUs < Infinity) this.nowUs = untilUs;
  }

  private leave(flow: number, how: () => void): void {
    const { links, bytes } = this.asked.get(flow)!;
    const lane = this.laneBytes(flow, bytes, links);
    how();
    this.count(links, lane);
    this.asked.delete(flow);
  }

  /** Bytes of a lane that have moved: independent of the links' own counts. */
  laneBytes(flow: number, bytes: number, links: Case["routes"][number]): number {
    const { flows } = this.network;
    if (flows.state[flow] !== FLOW_MOVING) return 0;
    // Rates that a change of this very instant set count from now on.
    const left = flows.left[flow]! - flows.rate[flow]! * (this.nowUs - flows.anchorUs[flow]!);
    return Math.ceil(bytes / lanesOf(links)) - Math.max(0, left) / UNITS_PER_BYTE;
  }

  private count(links: Case["routes"][number], lane: number): void {
    for (const { link, lanes } of links) this.carried[link]! += lanes * lane;
  }

  /** Flows that move, as the oracle sees them. */
  moving(): { readonly flow: number; readonly seen: OracleFlow }[] {
    const { flows } = this.network;
    return [...this.asked].flatMap(([flow, { links }]) =>
      flows.state[flow] === FLOW_MOVING
        ? [{ flow, seen: { links, weight: flows.weight[flow]!, cap: flows.cap[flow]! } }]
        : [],
    );
  }
}

function lanesOf(links: Case["routes"][number]): number {
  return Math.max(...links.map(({ lanes }) => lanes));
}

describe("network", () => {
  test("rates are max-min fair after every step", () => {
    let compared = 0;
    let shared = 0;
    fc.assert(
      fc.property(cases, (given) => {
        const trial = new Trial(given);
        for (const step of given.steps) {
          trial.act(step);
          void trial.network.nextUs;
          const moving = trial.moving();
          const { links, flows } = trial.network;
          const rates = advertisedRates(
            [...links.capacity],
            moving.map(({ seen }) => seen),
          );
          moving.forEach(({ flow }, i) => {
            // The engine's rates are whole units: each level may lose one unit a lane on its way.
            const wanted = rates[i]!;
            expect(Math.abs(flows.rate[flow]! - wanted)).toBeLessThanOrEqual(
              4 * moving.length + 4 + 1e-9 * wanted,
            );
            compared++;
            if (flows.rate[flow]! < Math.min(flows.alone[flow]!, flows.cap[flow]!)) shared++;
          });
        }
      }),
      lawRuns(400),
    );
    expect(compared).toBeGreaterThan(1000);
    expect(shared).toBeGreaterThan(compared / 5);
  });

  test("no link carries more than it can, and every link carries what its flows did", () => {
    fc.assert(
      fc.property(cases, (given) => {
        const trial = new Trial(given);
        for (const step of given.steps) {
          trial.act(step);
          void trial.network.nextUs;
          const { links } = trial.network;
          for (let link = 0; link < LINKS; link++) {
            const slack = links.lanes[link]!;
            expect(links.rate[link]!).toBeLessThanOrEqual(links.capacity[link]! + slack);
          }
        }
        const { network } = trial;
        for (let link = 0; link < LINKS; link++) {
          let wanted = trial.carried[link]!;
          for (const [flow, { links, bytes }] of trial.asked) {
            const here = links.find((used) => used.link === link)?.lanes ?? 0;
            wanted += here * trial.laneBytes(flow, bytes, links);
          }
          expect(network.links.bytesAt(link, trial.nowUs)).toBe(wanted);
        }
        // Everything ends once the links are whole again.
        for (let link = 0; link < LINKS; link++) network.setScale(link, 1, trial.nowUs);
        const before = trial.asked.size;
        const ended = trial.finished;
        trial.waitUntil(Infinity);
        expect(trial.finished).toBe(ended + before);
        expect(network.flows.live).toBe(0);
        expect(network.totals.started).toBe(network.totals.finished + network.totals.cancelled);
        for (let link = 0; link < LINKS; link++) {
          expect(network.links.rate[link]).toBe(0);
          expect(network.links.demand[link]).toBe(0);
          expect(network.links.bytesAt(link, trial.nowUs)).toBe(trial.carried[link]);
        }
      }),
      lawRuns(400),
    );
  });

  test("asking more often changes nothing", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 500 }), (given, everyUs) => {
        const ends = (watch: boolean): number[] => {
          const trial = new Trial(given);
          const times: number[] = [];
          for (const step of given.steps) {
            if (watch && step.kind === "wait") {
              for (let us = everyUs; us < step.us; us += everyUs) {
                for (const [flow] of trial.asked) trial.network.movedBytes(flow, trial.nowUs);
                void trial.network.nextUs;
              }
            }
            trial.act(step);
            times.push(trial.network.nextUs, trial.finished);
          }
          return times;
        };
        expect(ends(true)).toEqual(ends(false));
      }),
      lawRuns(100),
    );
  });
});
