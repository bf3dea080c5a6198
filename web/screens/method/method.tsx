/** How each number is computed, with this run's own inputs. */

import { useEffect } from "react";
import { useStore } from "zustand";
import { runStore } from "../../engine/session.ts";
import { viewStore } from "../../stores/view-store.ts";
import { TOPICS } from "./topics.ts";

export function Method() {
  const report = useStore(runStore, (state) => state.shown.insight.report);
  const topic = useStore(viewStore, (state) => state.topic);
  useEffect(() => {
    const element = document.getElementById(`topic-${topic}`);
    element?.scrollIntoView({ block: "start" });
    element?.focus();
  }, [topic]);
  return (
    <div className="method">
      <p>
        Every number comes from the run&apos;s own columns, computed by the same code as the command
        line. What stands under “in this run” are the inputs of the result on screen.
      </p>
      {TOPICS.map(({ id, title, text, inputs }) => (
        <section
          key={id}
          id={`topic-${id}`}
          tabIndex={-1}
          className={id === topic ? "card current" : "card"}
          aria-label={title}
        >
          <h3>{title}</h3>
          <p>{text}</p>
          <dl>
            {inputs(report).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
