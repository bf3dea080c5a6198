/** A part of a trace: a stretch of time or of rows, some conversations, a share drawn at random. */

import { useState } from "react";
import { problemText } from "../../../src/core/index.ts";
import { bringTrace, engine } from "../../engine/session.ts";
import { parseAmount } from "../../scenario/amount.ts";
import { importStore } from "../../stores/import-store.ts";
import { saveBytes } from "../../share/save.ts";
import { notify } from "../../stores/view-store.ts";
import type { TraceCut, TracePreview } from "../../workers/protocol.ts";

const US_PER_S = 1e6;

/** The form as typed; an empty field sets no limit. */
type Typed = {
  readonly fromS: string;
  readonly toS: string;
  readonly fromRow: string;
  readonly toRow: string;
  readonly most: string;
  readonly share: string;
  readonly seed: string;
};

const EMPTY: Typed = {
  fromS: "",
  toS: "",
  fromRow: "",
  toRow: "",
  most: "",
  share: "",
  seed: "",
};

/** A field's number, or what an empty one stands for; NaN: it is no number. */
function numberOf(text: string, unit: string, empty: number): number {
  if (text.trim() === "") return empty;
  const amount = parseAmount(text, unit);
  return amount.ok ? amount.value : NaN;
}

/** The cut that the form asks for, or what is wrong with it. */
function cutOf(typed: Typed): TraceCut | string {
  const [fromS, toS] = [numberOf(typed.fromS, "s", 0), numberOf(typed.toS, "s", Infinity)];
  const [fromRow, toRow] = [numberOf(typed.fromRow, "", 0), numberOf(typed.toRow, "", Infinity)];
  const most = numberOf(typed.most, "", Infinity);
  const share = numberOf(typed.share, "", 1);
  const seed = numberOf(typed.seed, "", 1);
  if (!(toS > fromS)) return "Time: give a stretch such as 0 s to 10 min.";
  if (!(toRow > fromRow)) return "Rows: give a stretch such as 0 to 1000.";
  if (!(most >= 1)) return "At most: give a count of 1 or more.";
  if (!(share > 0 && share <= 1)) return "Keep: give a share such as 25%.";
  if (!Number.isSafeInteger(seed)) return "Seed: give a whole number.";
  return {
    fromUs: fromS * US_PER_S,
    toUs: toS * US_PER_S,
    fromRow,
    toRow,
    share,
    seed,
    conversationsMost: Number.isFinite(most) ? Math.floor(most) : null,
  };
}

/** A name that says what was kept. */
function nameOf(name: string, typed: Typed): string {
  const part = (from: string, to: string, what: string): string =>
    from === "" && to === "" ? "" : `-${what}${from === "" ? "0" : from}-${to === "" ? "end" : to}`;
  const words =
    part(typed.fromS, typed.toS, "") +
    part(typed.fromRow, typed.toRow, "rows-") +
    (typed.most === "" ? "" : `-first-${typed.most}`) +
    (typed.share === "" ? "" : `-${typed.share}`) +
    (typed.seed === "" ? "" : `-seed-${typed.seed}`);
  const plain = words.replaceAll("%", "pc").replaceAll(/[^\w.-]+/g, "");
  return `${name}${plain === "" ? "-copy" : plain}`;
}

export function Cut({ preview }: { readonly preview: TracePreview }) {
  const hasGroups = preview.statistics.sessions !== undefined;
  const [typed, setTyped] = useState(EMPTY);
  const [problem, setProblem] = useState("");

  async function cut(): Promise<void> {
    const wanted = cutOf(typed);
    if (typeof wanted === "string") {
      setProblem(wanted);
      return;
    }
    const as = nameOf(preview.name, typed);
    const made = await engine.ask("cutTrace", { name: preview.name, cut: wanted, as });
    if (!made.ok) {
      setProblem(problemText(made.problem));
      return;
    }
    setProblem("");
    const bytes = await engine.ask("exportTrace", { name: as });
    // Other workers and a restart need it as a file.
    if (bytes.ok) await bringTrace(as, new Blob([bytes.value as Uint8Array<ArrayBuffer>]), {});
    importStore.setState({ preview: made.value, problem: null });
    notify(`${as} has ${String(made.value.rows)} requests.`);
  }
  async function save(): Promise<void> {
    const bytes = await engine.ask("exportTrace", { name: preview.name });
    if (bytes.ok) saveBytes(bytes.value, `${preview.name}.columns`, "application/octet-stream");
    else notify(problemText(bytes.problem));
  }

  return (
    <section className="figure pad-above" aria-label="Part of the trace">
      <h3>Take a part</h3>
      <p className="faint">
        {hasGroups
          ? "Conversations stay whole: one belongs where its first call is. "
          : "Times begin at 0 again. "}
        An empty field sets no limit.
      </p>
      <form
        className="cut"
        onSubmit={(event) => {
          event.preventDefault();
          void cut();
        }}
      >
        <fieldset>
          <legend>Arrivals</legend>
          <Entry name="fromS" label="from" hint="0 s" typed={typed} onChange={setTyped} />
          <Entry
            name="toS"
            label="to"
            hint={`${String(Math.ceil(preview.statistics.arrivals.spanS ?? 0))} s`}
            typed={typed}
            onChange={setTyped}
          />
        </fieldset>
        <fieldset>
          <legend>Rows</legend>
          <Entry name="fromRow" label="from row" hint="0" typed={typed} onChange={setTyped} />
          <Entry
            name="toRow"
            label="to row"
            hint={String(preview.rows)}
            typed={typed}
            onChange={setTyped}
          />
        </fieldset>
        <fieldset>
          <legend>{hasGroups ? "Conversations" : "Requests"}</legend>
          <Entry name="share" label="keep" hint="100%" typed={typed} onChange={setTyped} />
          <Entry name="seed" label="drawn by seed" hint="1" typed={typed} onChange={setTyped} />
          <Entry name="most" label="at most" hint="all" typed={typed} onChange={setTyped} />
        </fieldset>
        <div className="row">
          <button type="submit" className="strong">
            Cut
          </button>
          <button
            type="button"
            onClick={() => {
              void save();
            }}
          >
            Save as a compact file
          </button>
        </div>
      </form>
      {problem === "" ? null : (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

function Entry({
  name,
  label,
  hint,
  typed,
  onChange,
}: {
  readonly name: keyof Typed;
  readonly label: string;
  readonly hint: string;
  readonly typed: Typed;
  readonly onChange: (typed: Typed) => void;
}) {
  return (
    <label className="row">
      {label}
      <input
        type="text"
        size={8}
        value={typed[name]}
        placeholder={hint}
        onChange={(event) => {
          onChange({ ...typed, [name]: event.target.value });
        }}
      />
    </label>
  );
}
