/**
 * The screens by name: each a module of its own, loaded when it is first shown or, after the first answer, when
 * the page is idle, so that nothing is requested later. Contract of a screen: a component without
 * properties that reads the stores (`runStore`: results, `viewStore`: brush) and draws with `Figure`.
 */

import { lazy } from "react";
import type { ComponentType, LazyExoticComponent } from "react";
import { engine } from "../engine/session.ts";
import { Overview } from "../screens/overview/overview.tsx";
import type { ScreenName } from "../stores/view-store.ts";

type Load = () => Promise<{ readonly default: ComponentType }>;

const LOADERS: Readonly<Record<Exclude<ScreenName, "overview">, Load>> = {
  start: async () => ({ default: (await import("../screens/start/start.tsx")).Start }),
  topology: async () => ({ default: (await import("../screens/topology/topology.tsx")).Topology }),
  timeline: async () => ({ default: (await import("../screens/timeline/timeline.tsx")).Timeline }),
  latency: async () => ({ default: (await import("../screens/latency/latency.tsx")).Latency }),
  kv: async () => ({ default: (await import("../screens/kv/kv.tsx")).Kv }),
  explore: async () => ({ default: (await import("../screens/explore/explore.tsx")).Explore }),
  trace: async () => ({ default: (await import("../screens/trace/trace.tsx")).Trace }),
  method: async () => ({ default: (await import("../screens/method/method.tsx")).Method }),
  planner: async () => ({ default: (await import("../screens/later/later.tsx")).Planner }),
  live: async () => ({ default: (await import("../screens/later/later.tsx")).Live }),
};

type Screen = {
  readonly name: ScreenName;
  readonly label: string;
  readonly view: ComponentType | LazyExoticComponent<ComponentType>;
};

const LABELS: Readonly<Record<ScreenName, string>> = {
  start: "Start",
  overview: "Overview",
  topology: "Topology",
  timeline: "Timeline",
  latency: "Latency",
  kv: "KV",
  explore: "Explore",
  trace: "Trace",
  method: "Method",
  planner: "Planner",
  live: "Live",
};

export const SCREEN_VIEWS: readonly Screen[] = (Object.keys(LABELS) as ScreenName[]).map(
  (name) => ({
    name,
    label: LABELS[name],
    view: name === "overview" ? Overview : lazy(LOADERS[name]),
  }),
);

/** Loads every lazy part, so that the page needs nothing any more; resolves when all are there. */
export async function loadEverything(): Promise<void> {
  await Promise.all([
    ...Object.values(LOADERS).map((load) => load()),
    import("../share/share-dialog.tsx"),
    import("../share/open-file.ts"),
    import("../share/recent.ts"),
    import("yaml"),
    engine.ask("preload", null),
  ]);
}
