/** What `headworks explore FILE` put into the page: a scenario or a report, with its trace. */

import { bringTrace, runStore } from "../engine/session.ts";

type Given = {
  readonly name: string;
  readonly document: object;
  readonly trace?: { readonly name: string; readonly base64: string };
};

/** Opens it; a page from elsewhere has none. */
export async function openGiven(): Promise<void> {
  const text = document.getElementById("given")?.textContent;
  if (text === undefined || text === null) return;
  const given = JSON.parse(text) as Given;
  const { openDocumentFile } = await import("./open-file.ts");
  if (given.trace !== undefined) {
    const bytes = Uint8Array.from(atob(given.trace.base64), (letter) => letter.charCodeAt(0));
    const read = await bringTrace(given.trace.name, new Blob([bytes]), {});
    if (!read.ok) runStore.setState({ linkProblem: read.problem });
  }
  openDocumentFile(given.document, given.name);
}
