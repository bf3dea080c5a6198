/** A server of the built explorer for this machine alone: fixed files, one strict policy. */

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { readFileSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";

/** What the page opens first; it travels inside the page, which may fetch nothing. */
export type Given = {
  readonly name: string;
  /** A scenario, or a report. */
  readonly document: object;
  readonly trace?: { readonly name: string; readonly base64: string };
};

export type ExploreServer = { readonly url: string; readonly close: () => Promise<void> };

export type ServeOptions = { readonly port: number; readonly given?: Given };

/** The page's own policy again, as a header: workers take theirs from it. */
const POLICY =
  "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self'; " +
  "connect-src 'none'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
};

/** Serves on the loopback address. Errors: a port that is taken. */
export function serveExplorer(
  folder: string,
  options: ServeOptions,
): Promise<Result<ExploreServer>> {
  const files = filesOf(folder, options.given);
  const server = createServer((request, response) => {
    respond(files, request, response);
  });
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE" || error.code === "EACCES";
      resolve(
        fail({
          what: isTaken ? `port ${String(options.port)} cannot be used` : error.message,
          where: "--port",
          expected: "a free port",
          remedy: "leave --port out: a free one is found",
        }),
      );
    });
    server.listen(options.port, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : options.port;
      resolve(
        ok({
          url: `http://127.0.0.1:${String(port)}/`,
          close: () =>
            new Promise((closed) => {
              server.close(() => {
                closed();
              });
              server.closeAllConnections();
            }),
        }),
      );
    });
  });
}

/** Every file by its address, read once: nothing outside the folder can be asked for. */
function filesOf(folder: string, given: Given | undefined): ReadonlyMap<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => extname(name) in TYPES);
  const files = new Map(names.map((name) => [`/${name}`, readFileSync(join(folder, name))]));
  const page = files.get("/index.html");
  if (page === undefined) return files;
  const opened = given === undefined ? page : Buffer.from(withGiven(page.toString(), given));
  return new Map([...files, ["/", opened], ["/index.html", opened]]);
}

/** A block of data, which no policy lets run; "<" is escaped, so that it cannot end early. */
function withGiven(page: string, given: Given): string {
  const json = JSON.stringify(given).replaceAll("<", "\\u003c");
  return page.replace(
    "</head>",
    () => `<script type="application/json" id="given">${json}</script></head>`,
  );
}

function respond(
  files: ReadonlyMap<string, Buffer>,
  { method, url = "/", headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const path = url.split(/[?#]/)[0] ?? "/";
  const file = files.get(path);
  // A page of another name that resolves to this machine must not read the given scenario.
  const isOwn = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? "");
  if (!isOwn || file === undefined || (method !== "GET" && method !== "HEAD")) {
    response.writeHead(isOwn ? 404 : 403, { "content-type": "text/plain" });
    response.end("not here\n");
    return;
  }
  response.writeHead(200, {
    "content-type": TYPES[extname(path)] ?? TYPES[".html"],
    "content-length": file.length,
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  response.end(method === "HEAD" ? undefined : file);
}
