/** Places of screens that need parts of Headworks which are not built yet. */

import type { ReactNode } from "react";

export function Planner() {
  return (
    <Later title="Planner">
      Traffic observed and predicted, replicas and why they changed, the ideal lower bound beside a
      planner and a static peak. It opens when scenarios have a planner.
    </Later>
  );
}

export function Live() {
  return (
    <Later title="Live">
      These charts fed by running workers: observe, advise, act. It opens with the live server,
      never in this page, which may not connect to anything.
    </Later>
  );
}

function Later({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      <p>{children}</p>
    </section>
  );
}
