/** `headworks explore`: serves the what-if explorer on this machine and opens it. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { serveExplorer } from "../explore-server.ts";
import type { Given } from "../explore-server.ts";
import { wholeFlag } from "../flags.ts";
import { openBrowser } from "../open-browser.ts";
import { bundledTrace, packagePath } from "../package-root.ts";
import { readText } from "../read-file.ts";
import { parseDocument } from "../scenario-document.ts";
import type { Terminal } from "../terminal.ts";

export type ExploreFlags = {
  readonly port?: string;
  /** False with `--no-open`. */
  readonly open?: boolean;
};

/** Larger traces are dropped on the page instead: this one travels inside it (assumption). */
const TRACE_MOST = 128 * 1024 * 1024;

/** Serves until Ctrl-C; the exit code. Errors: a file that is no scenario and no report, a port in use. */
export async function exploreCommand(
  file: string | undefined,
  flags: ExploreFlags,
  terminal: Terminal,
): Promise<Result<number>> {
  const port = wholeFlag(flags.port, "--port");
  if (!port.ok) return port;
  const folder = packagePath("dist/explorer");
  if (!existsSync(join(folder, "index.html"))) {
    return fail({
      what: "the explorer is not built",
      where: folder,
      expected: "the page that `npm run setup` builds",
      remedy: "run `npm run setup`, then this command again",
    });
  }
  const given = file === undefined ? ok(undefined) : await givenBy(file, terminal);
  if (!given.ok) return given;
  const server = await serveExplorer(folder, {
    port: port.value ?? 0,
    ...(given.value === undefined ? {} : { given: given.value }),
  });
  if (!server.ok) return server;
  terminal.out(`${server.value.url}\n`);
  terminal.note(
    "The explorer runs in your browser; this only hands it the page. Ctrl-C ends it.\n",
  );
  if (flags.open !== false && !openBrowser(server.value.url)) {
    terminal.note("No browser could be started: open the address above.\n");
  }
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await server.value.close();
  return ok(EXIT_DONE);
}

/** What the page is to open: a scenario or a report, and the scenario's trace where it is a file. */
async function givenBy(file: string, terminal: Terminal): Promise<Result<Given>> {
  const text = readText(file, "a scenario or a report");
  if (!text.ok) return text;
  const document = await parseDocument(text.value, file);
  if (!document.ok) return document;
  if (typeof document.value !== "object" || document.value === null) {
    return fail({
      what: "the file holds no mapping",
      where: file,
      expected: "a scenario in YAML or JSON, or a report of `headworks run --json`",
    });
  }
  const trace = traceFile(document.value, dirname(file));
  const name = basename(file);
  if (trace === undefined) return ok({ name, document: document.value });
  if (statSync(trace.path).size > TRACE_MOST) {
    terminal.note(`${trace.name} is large: drop it on the page yourself.\n`);
    return ok({ name, document: document.value });
  }
  const base64 = readFileSync(trace.path).toString("base64");
  return ok({ name, document: document.value, trace: { name: trace.name, base64 } });
}

/** The trace that the scenario, or a report's, names, where it is a file beside it or here. */
function traceFile(
  document: object,
  folder: string,
): { readonly name: string; readonly path: string } | undefined {
  const { scenario = document } = document as { readonly scenario?: object };
  const { trace: shorthand, traffic } = scenario as {
    readonly trace?: unknown;
    readonly traffic?: { readonly source?: { readonly trace?: unknown } };
  };
  const name = shorthand ?? traffic?.source?.trace;
  if (typeof name !== "string" || bundledTrace(name) !== undefined) return undefined;
  const path = [isAbsolute(name) ? name : join(folder, name), name].find((one) => existsSync(one));
  return path === undefined ? undefined : { name, path };
}
