/** A part of a trace: a stretch of time, a share of its requests. */

import { useState } from "react";
import { problemText } from "../../../src/core/index.ts";
import { bringTrace, engine } from "../../engine/session.ts";
import { parseAmount } from "../../scenario/amount.ts";
import { importStore } from "../../stores/import-store.ts";
import { saveBytes } from "../../share/save.ts";
import { notify } from "../../stores/view-store.ts";
import type { TracePreview } from "../../workers/protocol.ts";

export function Cut({ preview }: { readonly preview: TracePreview }) {
  const span = preview.statistics.arrivals.spanS ?? 0;
  const [from, setFrom] = useState("0 s");
  const [to, setTo] = useState(`${String(Math.ceil(span))} s`);
  const [share, setShare] = useState("100%");
  const [problem, setProblem] = useState("");

  async function cut(): Promise<void> {
    const values = [parseAmount(from, "s"), parseAmount(to, "s"), parseAmount(share, "")];
    const [fromS, toS, part] = values.map((one) => (one.ok ? one.value : NaN));
    if (
      fromS === undefined ||
      toS === undefined ||
      part === undefined ||
      !(toS > fromS) ||
      !(part > 0)
    ) {
      setProblem("Give a stretch such as 0 s to 600 s, and a share such as 25%.");
      return;
    }
    const as = `${preview.name}-${String(Math.round(fromS))}-${String(Math.round(toS))}${part < 1 ? `-${String(Math.round(part * 100))}pc` : ""}`;
    const made = await engine.ask("cutTrace", {
      cut: { name: preview.name, fromS, toS, share: part, seed: 1 },
      as,
    });
    if (!made.ok) {
      setProblem(problemText(made.problem));
      return;
    }
    setProblem("");
    const bytes = await engine.ask("exportTrace", { name: as });
    // Other workers and a restart need it as a file.
    if (bytes.ok) await bringTrace(as, new Blob([bytes.value as Uint8Array<ArrayBuffer>]), {});
    importStore.setState({ preview: made.value, problem: null });
  }
  async function save(): Promise<void> {
    const bytes = await engine.ask("exportTrace", { name: preview.name });
    if (bytes.ok) saveBytes(bytes.value, `${preview.name}.columns`, "application/octet-stream");
    else notify(problemText(bytes.problem));
  }

  return (
    <section className="figure pad-above" aria-label="Part of the trace">
      <h3>Take a part</h3>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          void cut();
        }}
      >
        <label className="row">
          from
          <input
            type="text"
            size={8}
            value={from}
            onChange={(event) => {
              setFrom(event.target.value);
            }}
          />
        </label>
        <label className="row">
          to
          <input
            type="text"
            size={8}
            value={to}
            onChange={(event) => {
              setTo(event.target.value);
            }}
          />
        </label>
        <label className="row">
          keep
          <input
            type="text"
            size={6}
            value={share}
            onChange={(event) => {
              setShare(event.target.value);
            }}
          />
          of the requests
        </label>
        <button type="submit">Cut</button>
        <button
          type="button"
          onClick={() => {
            void save();
          }}
        >
          Save as a compact file
        </button>
      </form>
      {problem === "" ? null : (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
