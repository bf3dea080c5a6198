/** Every key, and what this page does with what it is given. */

import { useStore } from "zustand";
import { prefsStore } from "../stores/prefs-store.ts";
import { notify } from "../stores/view-store.ts";
import { COMMANDS } from "./keys.ts";

const CHART_KEYS: readonly (readonly [string, string])[] = [
  ["← →", "in a chart: the next value along the curve"],
  ["↑ ↓", "in a chart: the next curve"],
  ["Home End PgUp PgDn", "in a chart: ends, and leaps of a tenth"],
  ["Esc", "let go of the brush"],
  ["Ctrl K", "commands"],
  ["Ctrl Z, Ctrl Shift Z", "undo, redo"],
];

export function KeysDialog() {
  const { remembers, highContrast } = useStore(prefsStore);
  return (
    <>
      <div className="key-list">
        {[...COMMANDS.map(({ key, label }) => [key, label] as const), ...CHART_KEYS].map(
          ([key, label]) => (
            <p key={key + label}>
              <kbd>{key}</kbd> {label}
            </p>
          ),
        )}
      </div>
      <h3>Nothing leaves this browser</h3>
      <p>
        The simulator runs in this page. Its content policy forbids every connection; scenarios and
        traces stay in the page's memory. A shared link holds the scenario after the #, which
        browsers never send; a trace is only named in it.
      </p>
      <label className="row">
        <input
          type="checkbox"
          checked={remembers}
          onChange={(event) => {
            prefsStore.setState({ remembers: event.target.checked });
          }}
        />
        Remember recent scenarios in this browser
      </label>
      <label className="row">
        <input
          type="checkbox"
          checked={highContrast}
          onChange={(event) => {
            prefsStore.setState({ highContrast: event.target.checked });
          }}
        />
        Higher contrast
      </label>
      <p>
        <button
          type="button"
          onClick={() => {
            void import("../share/recent.ts")
              .then(({ forgetEverything }) => forgetEverything())
              .then(() => {
                notify("Recent scenarios and settings are forgotten.");
              });
          }}
        >
          Forget everything
        </button>
      </p>
    </>
  );
}
