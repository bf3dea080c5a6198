/** Keys of the whole page, as data: the help dialog and the palette list the same. */

import { dropBaseline, pinBaseline, runNow, runStore } from "../engine/session.ts";
import { redo, undo } from "../stores/scenario-store.ts";
import { show, viewStore } from "../stores/view-store.ts";
import { SCREENS } from "../stores/view-store.ts";

export type Command = {
  readonly key: string;
  readonly label: string;
  readonly run: () => void;
};

export const COMMANDS: readonly Command[] = [
  ...SCREENS.slice(0, 9).map((screen, index) => ({
    key: String(index + 1),
    label: `View: ${screen}`,
    run: () => {
      show(screen);
    },
  })),
  { key: "r", label: "Run again", run: runNow },
  {
    key: "c",
    label: "Compare: keep this result as the baseline, or drop it",
    run: () => {
      if (runStore.getState().compares) dropBaseline();
      else pinBaseline();
    },
  },
  {
    key: "d",
    label: "Compare: the difference, or one run over the other",
    run: () => {
      viewStore.setState(({ isDifference }) => ({ isDifference: !isDifference }));
    },
  },
  {
    key: "t",
    label: "Charts as tables, and back",
    run: () => {
      viewStore.setState(({ tables }) => ({ tables: !tables }));
    },
  },
  {
    key: "/",
    label: "Find a field of the scenario",
    run: () => {
      viewStore.setState({ isPanelOpen: true });
      requestAnimationFrame(() => {
        document.querySelector<HTMLInputElement>("#find-field")?.focus();
      });
    },
  },
  {
    key: "s",
    label: "Share and export",
    run: () => {
      viewStore.setState({ dialog: "share" });
    },
  },
  {
    key: "?",
    label: "Keys and privacy",
    run: () => {
      viewStore.setState({ dialog: "keys" });
    },
  },
];

/** Whether keys belong to a field that is being edited. */
function isEditing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
  );
}

export function listenForKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      control(event);
      return;
    }
    if (isEditing(event.target)) return;
    if (event.key === "Escape") {
      if (viewStore.getState().dialog === "none") viewStore.setState({ brush: null });
      return;
    }
    const command = COMMANDS.find(({ key }) => key === event.key.toLowerCase());
    if (command === undefined || viewStore.getState().dialog !== "none") return;
    event.preventDefault();
    command.run();
  });
}

function control(event: KeyboardEvent): void {
  const key = event.key.toLowerCase();
  if (key === "k") viewStore.setState({ dialog: "palette" });
  else if (key === "z" && !isEditing(event.target)) {
    if (event.shiftKey) redo();
    else undo();
  } else return;
  event.preventDefault();
}
