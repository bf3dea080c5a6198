/** From a finished run to the report's `slo` section: the whole, and each class and tenant. */

import { summaryOf } from "./latency-summary.ts";
import type { Outcomes } from "./recorder.ts";
import type { RequestGroup, RequestGroups } from "./request-groups.ts";
import type { GroupSummary, SloReport, TargetsMs } from "./slo-report.ts";
import type { SloClass, SloTargets } from "./slo-classes.ts";
import { isTarget } from "./slo-classes.ts";

const US_PER_MS = 1e3;

/**
 * @param windowS time that is measured, s
 * @param pathUs what a client waits beside the engine, µs
 */
export function sloOf(outcomes: Outcomes, windowS: number, pathUs: number): SloReport {
  const { slo, measured, withinSlo, groups } = outcomes;
  const rest = slo.all.at(-1)!;
  const { hasTargets } = slo;
  const perS = (count: number): number => (windowS > 0 ? count / windowS : 0);
  const summary = (group: RequestGroup, promised: boolean): GroupSummary =>
    groupSummary(group, promised ? perS(group.withinSlo) : null, pathUs);
  const byTenant = ({ all }: RequestGroups): SloReport["tenants"] =>
    all.map((group) => summary(group, hasTargets));
  const byClass = ({ all }: RequestGroups): SloReport["classes"] =>
    all.map((group, index) => {
      const own = slo.areSeveral ? slo.all[index]! : rest;
      return { ...summary(group, isTarget(own.targets)), ...promiseOf(own, group) };
    });
  return {
    targets: inMs(rest.targets),
    goodputPerS: hasTargets ? perS(withinSlo) : null,
    attainment: !hasTargets || measured === 0 ? null : withinSlo / measured,
    attainmentMin: rest.attainment,
    classes: groups.classes === undefined ? null : byClass(groups.classes),
    tenants: groups.tenants === undefined ? null : byTenant(groups.tenants),
  };
}

function promiseOf({ targets, attainment }: SloClass, { measured, withinSlo }: RequestGroup) {
  const isPromised = isTarget(targets) && measured > 0;
  return {
    targets: inMs(targets),
    attainmentMin: attainment,
    held: isPromised ? withinSlo >= attainment * measured : null,
  };
}

function groupSummary(
  group: RequestGroup,
  goodputPerS: number | null,
  pathUs: number,
): GroupSummary {
  const { name, measured, completed, rejected, failed, cancelled, unfinished } = group;
  return {
    name,
    requests: { measured, completed, rejected, failed, cancelled, unfinished },
    ttftMs: summaryOf(group.ttft, pathUs),
    tpotMs: summaryOf(group.tpot),
    e2eMs: summaryOf(group.e2e, pathUs),
    goodputPerS,
    attainment: goodputPerS === null || measured === 0 ? null : group.withinSlo / measured,
  };
}

function inMs({ ttftUs, tpotUs, e2eUs }: SloTargets): TargetsMs {
  return {
    ...(ttftUs === Infinity ? {} : { ttftMs: ttftUs / US_PER_MS }),
    ...(tpotUs === Infinity ? {} : { tpotMs: tpotUs / US_PER_MS }),
    ...(e2eUs === Infinity ? {} : { e2eMs: e2eUs / US_PER_MS }),
  };
}
