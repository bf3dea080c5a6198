/** Commands by name. */

import { useState } from "react";
import { viewStore } from "../stores/view-store.ts";
import { COMMANDS } from "./keys.ts";
import type { Command } from "./keys.ts";

export function Palette() {
  const [text, setText] = useState("");
  const words = text.toLowerCase().split(/\s+/);
  const found = COMMANDS.filter(({ label }) =>
    words.every((word) => label.toLowerCase().includes(word)),
  );
  function run(command: Command | undefined): void {
    if (command === undefined) return;
    viewStore.setState({ dialog: "none" });
    command.run();
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        run(found[0]);
      }}
    >
      <input
        autoFocus
        className="full"
        aria-label="Command"
        placeholder="Type a command"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
        }}
      />
      <div className="command-list">
        {found.map((command) => (
          <button
            key={command.label}
            type="button"
            onClick={() => {
              run(command);
            }}
          >
            {command.label} <kbd>{command.key}</kbd>
          </button>
        ))}
        {found.length === 0 ? <p className="faint">No command has these words.</p> : null}
      </div>
    </form>
  );
}
