import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fetchTrace, type FetchProgress } from "../../src/cli/trace-fetch.ts";
import type { RegistryEntry } from "../../src/trace/index.ts";

const BODY = Buffer.from(
  Array.from({ length: 30_000 }, (_, i) => `${i},${(i * 7919) % 1000}\n`).join(""),
);
const HASH = createHash("sha256").update(BODY).digest("hex");

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let handler: Handler;
let server: Server;
let base = "";
let dir = "";
let requests: IncomingMessage[] = [];

beforeEach(async () => {
  requests = [];
  dir = mkdtempSync(join(tmpdir(), "headworks-fetch-"));
  server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(dir, { recursive: true, force: true });
});

function entry(change: Partial<RegistryEntry> = {}): RegistryEntry {
  return {
    name: "sample",
    title: "Sample",
    urls: [`${base}/sample.csv`],
    file: "sample.csv",
    format: "csv",
    licence: "CC0-1.0",
    citation: "none",
    sha256: HASH,
    ...change,
  };
}

/** The same without a hash: what comes cannot be checked. */
function unchecked(): RegistryEntry {
  const { sha256: _, ...rest } = entry();
  return rest;
}

const good: Handler = (_, response) => {
  response.writeHead(200, { "content-length": BODY.length }).end(BODY);
};

/** Sends half of the body with the length of all of it, and hangs up. */
const cut: Handler = (_, response) => {
  response.writeHead(200, { "content-length": BODY.length });
  response.write(BODY.subarray(0, BODY.length / 2), () => response.destroy());
};

const ranged: Handler = (request, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from >= BODY.length) {
    response.writeHead(416).end();
    return;
  }
  const rest = BODY.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, { "content-length": rest.length }).end(rest);
};

const path = (): string => join(dir, "sample.csv");
const part = (): string => `${path()}.part`;

describe("fetchTrace", () => {
  test("brings the file, checks it and reports progress", async () => {
    handler = good;
    const seen: FetchProgress[] = [];
    const onProgress = (progress: FetchProgress): void => void seen.push(progress);
    const result = await fetchTrace(entry(), { dir: join(dir, "new"), onProgress });
    expect(result).toEqual({ ok: true, value: join(dir, "new", "sample.csv") });
    expect(readFileSync(join(dir, "new", "sample.csv")).equals(BODY)).toBe(true);
    expect(existsSync(join(dir, "new", "sample.csv.part"))).toBe(false);
    expect(seen[0]).toEqual({ receivedBytes: 0, totalBytes: BODY.length });
    expect(seen.at(-1)).toEqual({ receivedBytes: BODY.length, totalBytes: BODY.length });
    expect(requests[0]!.headers["accept-encoding"]).toBe("identity");
  });

  test("does not fetch what is there, and does not overwrite what is not it", async () => {
    handler = good;
    writeFileSync(path(), BODY);
    expect(await fetchTrace(entry(), { dir })).toEqual({ ok: true, value: path() });
    writeFileSync(path(), "mine");
    const result = await fetchTrace(entry(), { dir });
    expect(result).toMatchObject({ ok: false, problem: { expected: `sha256 ${HASH}` } });
    expect(readFileSync(path(), "utf8")).toBe("mine");
    expect(requests.length).toBe(0);
  });

  test("follows redirects", async () => {
    handler = (request, response) => {
      if (request.url === "/moved.csv") good(request, response);
      else response.writeHead(302, { location: "/moved.csv" }).end();
    };
    expect(await fetchTrace(entry(), { dir })).toEqual({ ok: true, value: path() });
  });

  test("ends a circle of redirects", async () => {
    handler = (_, response) => void response.writeHead(302, { location: "/sample.csv" }).end();
    const result = await fetchTrace(entry(), { dir });
    expect(result).toMatchObject({
      ok: false,
      problem: { what: expect.stringContaining("redirect") },
    });
  });

  test.each([404, 403, 500, 429])("reports status %i and leaves nothing", async (status) => {
    handler = (_, response) => void response.writeHead(status).end("no");
    const result = await fetchTrace(entry(), { dir });
    const what = expect.stringContaining(String(status));
    expect(result).toMatchObject({ ok: false, problem: { what, where: `${base}/sample.csv` } });
    expect([existsSync(path()), existsSync(part())]).toEqual([false, false]);
  });

  test("removes a file with the wrong hash, and shows both", async () => {
    const wrong = Buffer.from("something else");
    handler = (_, response) => void response.writeHead(200).end(wrong);
    const result = await fetchTrace(entry(), { dir });
    const found = createHash("sha256").update(wrong).digest("hex");
    expect(result).toMatchObject({
      ok: false,
      problem: { what: expect.stringContaining(found), expected: `sha256 ${HASH}` },
    });
    expect([existsSync(path()), existsSync(part())]).toEqual([false, false]);
  });

  test("a cut download fails, is kept, and is resumed", async () => {
    handler = cut;
    const first = await fetchTrace(entry(), { dir });
    expect(first).toMatchObject({
      ok: false,
      problem: { remedy: expect.stringContaining("resume") },
    });
    const kept = readFileSync(part()).length;
    // The cut may overtake bytes that were sent: what arrived is kept, however much that is.
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(BODY.length / 2);
    expect(existsSync(path())).toBe(false);
    handler = ranged;
    expect(await fetchTrace(entry(), { dir })).toEqual({ ok: true, value: path() });
    expect(requests.at(-1)!.headers.range).toBe(`bytes=${kept}-`);
    expect(readFileSync(path()).equals(BODY)).toBe(true);
  });

  test("a server without ranges sends it all again; a whole part is taken as it is", async () => {
    writeFileSync(part(), BODY.subarray(0, 1000));
    handler = good;
    expect(await fetchTrace(entry(), { dir })).toEqual({ ok: true, value: path() });
    expect(readFileSync(path()).equals(BODY)).toBe(true);
    rmSync(path());
    writeFileSync(part(), BODY);
    handler = ranged;
    expect(await fetchTrace(entry(), { dir })).toEqual({ ok: true, value: path() });
  });

  test("a foreign part fails its hash, goes, and the next call is clean", async () => {
    writeFileSync(part(), Buffer.alloc(1000, 1));
    handler = ranged;
    expect(await fetchTrace(entry(), { dir })).toMatchObject({ ok: false });
    expect(existsSync(part())).toBe(false);
    expect(await fetchTrace(entry(), { dir })).toEqual({ ok: true, value: path() });
  });

  test("without a hash a cut download leaves nothing, and a part is not trusted", async () => {
    handler = cut;
    expect(await fetchTrace(unchecked(), { dir })).toMatchObject({ ok: false });
    expect(existsSync(part())).toBe(false);
    writeFileSync(part(), "old");
    handler = ranged;
    expect(await fetchTrace(unchecked(), { dir })).toEqual({ ok: true, value: path() });
    expect(requests.at(-1)!.headers.range).toBeUndefined();
    expect(readFileSync(path()).equals(BODY)).toBe(true);
  });

  test("gives up on a silent server, before and amid the body", async () => {
    handler = () => undefined;
    const silent = await fetchTrace(entry(), { dir, idleTimeoutMs: 60 });
    expect(silent).toMatchObject({ ok: false, problem: { what: "no data came for 0.06 s" } });
    handler = (_, response) => {
      response.writeHead(200, { "content-length": BODY.length });
      response.write(BODY.subarray(0, 100));
    };
    const stalled = await fetchTrace(entry(), { dir, idleTimeoutMs: 60 });
    expect(stalled).toMatchObject({ ok: false, problem: { what: "no data came for 0.06 s" } });
  });

  test("a slow server that keeps sending is waited for", async () => {
    handler = (_, response) => {
      response.writeHead(200, { "content-length": BODY.length });
      let at = 0;
      const step = Math.ceil(BODY.length / 6);
      const timer = setInterval(() => {
        response.write(BODY.subarray(at, (at += step)));
        if (at < BODY.length) return;
        clearInterval(timer);
        response.end();
      }, 100);
    };
    expect(await fetchTrace(entry(), { dir, idleTimeoutMs: 400 })).toMatchObject({ ok: true });
  });

  test("is interrupted by its signal, and keeps what came", async () => {
    const stop = new AbortController();
    handler = (_, response) => {
      response.writeHead(200, { "content-length": BODY.length });
      response.write(BODY.subarray(0, 5000));
    };
    const onProgress = ({ receivedBytes }: FetchProgress): void => {
      if (receivedBytes > 0) stop.abort();
    };
    const result = await fetchTrace(entry(), { dir, signal: stop.signal, onProgress });
    expect(result).toMatchObject({
      ok: false,
      problem: { what: "the download was interrupted", remedy: "run it again to resume" },
    });
    expect(readFileSync(part()).length).toBe(5000);
  });

  test("tries the next address, and names the last one that failed", async () => {
    handler = (request, response) => {
      if (request.url === "/second.csv") good(request, response);
      else response.writeHead(404).end();
    };
    const urls = [`${base}/first.csv`, `${base}/second.csv`];
    expect(await fetchTrace(entry({ urls }), { dir })).toEqual({ ok: true, value: path() });
    rmSync(path());
    const gone = await fetchTrace(entry({ urls: [urls[0]!, `${base}/third.csv`] }), { dir });
    expect(gone).toMatchObject({ ok: false, problem: { where: `${base}/third.csv` } });
  });

  test("says why nothing could be reached or written", async () => {
    handler = good;
    const port = (server.address() as AddressInfo).port;
    await new Promise((done) => server.close(done));
    const refused = await fetchTrace(entry(), { dir });
    expect(refused).toMatchObject({
      ok: false,
      problem: { what: expect.stringContaining(`ECONNREFUSED 127.0.0.1:${port}`) },
    });
    writeFileSync(join(dir, "file"), "");
    const blocked = await fetchTrace(entry(), { dir: join(dir, "file", "below") });
    expect(blocked).toMatchObject({
      ok: false,
      problem: { what: expect.stringContaining("cannot write here") },
    });
  });
});
