/** The trace on the trace screen: its preview, or why it could not be read. */

import { createStore } from "zustand/vanilla";
import { bringTrace, engine } from "../engine/session.ts";
import type { ImportOptions, Problem, TracePreview } from "../workers/protocol.ts";

export type ImportState = {
  readonly preview: TracePreview | null;
  /** The file that is being read, or that failed and may be tried with other options. */
  readonly file: File | null;
  readonly isReading: boolean;
  readonly problem: Problem | null;
};

export const importStore = createStore<ImportState>(() => ({
  preview: null,
  file: null,
  isReading: false,
  problem: null,
}));

/** Larger files may not fit a tab's memory as text and columns together (assumption). */
const BYTES_MOST = 512 * 1024 * 1024;

/** Name of a trace in scenarios: the file's, without what says that it is packed. */
function traceName(file: File): string {
  return file.name.replace(/\.gz$/i, "");
}

/** Reads a file and shows its preview. Problems are kept beside the last good preview. */
export async function readTraceFile(file: File, options: ImportOptions): Promise<void> {
  importStore.setState({ file, isReading: true, problem: null });
  if (file.size > BYTES_MOST) {
    const size = `${String(Math.round(file.size / 1024 / 1024))} MiB`;
    importStore.setState({
      isReading: false,
      problem: {
        what: `${file.name} has ${size}, more than a page can hold`,
        where: file.name,
        expected: "at most 512 MiB; gzip counts as packed",
        remedy:
          "pack it with gzip, cut it with `headworks trace convert`, or run it by `headworks run`",
      },
    });
    return;
  }
  try {
    const preview = await bringTrace(traceName(file), file, options);
    if (preview.ok) importStore.setState({ preview: preview.value, isReading: false });
    else importStore.setState({ problem: preview.problem, isReading: false });
  } catch {
    importStore.setState({
      isReading: false,
      problem: {
        what: `${file.name} could not be read`,
        where: file.name,
        remedy: "it may have been moved or be too large for this tab's memory: drop it again",
      },
    });
  }
}

/** Shows a trace that the engine has. */
export async function previewTrace(name: string): Promise<void> {
  const preview = await engine.ask("previewTrace", { name });
  if (preview.ok) importStore.setState({ preview: preview.value, problem: null });
  else importStore.setState({ problem: preview.problem });
}
