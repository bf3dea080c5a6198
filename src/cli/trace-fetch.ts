import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fail, ok, type Problem, type Result } from "../core/index.ts";
import type { RegistryEntry } from "../trace/index.ts";

export type FetchProgress = {
  readonly receivedBytes: number;
  /** Absent when the server does not say. */
  readonly totalBytes?: number;
};

export type FetchOptions = {
  /** Folder for the file; made if missing. */
  readonly dir: string;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Longest wait for the first or the next bytes, ms. */
  readonly idleTimeoutMs?: number;
  /** Ends the download; what has come is kept where it can be resumed. */
  readonly signal?: AbortSignal;
};

const IDLE_TIMEOUT_MS = 30_000;

/**
 * Downloads a registered trace into `dir` and returns its path. The file appears under its name
 * only once it is whole and its sha256 is right; a broken download is resumed by the next call when
 * the registry has a hash to check the result against, and removed otherwise. A file that is
 * already there is checked, not fetched again.
 */
export async function fetchTrace(
  entry: RegistryEntry,
  options: FetchOptions,
): Promise<Result<string>> {
  const path = join(options.dir, entry.file);
  try {
    await mkdir(options.dir, { recursive: true });
    const present = await checkPresent(entry, path);
    if (present !== undefined) return present;
  } catch (error) {
    return fail(diskProblem(error, path));
  }
  let last: Result<string> | undefined;
  for (const url of entry.urls) {
    last = await new Download(entry, url, path, options).run();
    if (last.ok || options.signal?.aborted === true) return last;
  }
  return last ?? fail({ what: `${entry.name} has no address`, where: "registry" });
}

async function checkPresent(
  entry: RegistryEntry,
  path: string,
): Promise<Result<string> | undefined> {
  if ((await sizeOf(path)) === undefined) return undefined;
  if (entry.sha256 === undefined) return ok(path);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const found = hash.digest("hex");
  if (found === entry.sha256) return ok(path);
  return fail({
    what: `the file is there already, but it is not ${entry.name}: its sha256 is ${found}`,
    where: path,
    expected: `sha256 ${entry.sha256}`,
    remedy: "move it away or name another folder with --dir",
  });
}

/** One attempt at one address. */
class Download {
  private readonly entry: RegistryEntry;
  private readonly url: string;
  private readonly path: string;
  private readonly part: string;
  private readonly options: FetchOptions;
  private readonly abort = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private isIdle = false;
  private hash = createHash("sha256");
  private received = 0;

  constructor(entry: RegistryEntry, url: string, path: string, options: FetchOptions) {
    this.entry = entry;
    this.url = url;
    this.path = path;
    this.part = `${path}.part`;
    this.options = options;
  }

  async run(): Promise<Result<string>> {
    const stop = (): void => this.abort.abort();
    this.options.signal?.addEventListener("abort", stop);
    if (this.options.signal?.aborted === true) stop();
    try {
      await this.readPart();
      const received = await this.receive();
      return received.ok ? await this.settle() : received;
    } catch (error) {
      if (!this.canResume()) await rm(this.part, { force: true });
      return fail(this.problemOf(error));
    } finally {
      clearTimeout(this.timer);
      this.options.signal?.removeEventListener("abort", stop);
    }
  }

  /** A part can only be trusted to belong to the same file when a hash will tell. */
  private canResume(): boolean {
    return this.entry.sha256 !== undefined;
  }

  /** Hashes what an earlier attempt left. */
  private async readPart(): Promise<void> {
    const size = await sizeOf(this.part);
    if (size === undefined) return;
    if (!this.canResume()) {
      await rm(this.part, { force: true });
      return;
    }
    for await (const chunk of createReadStream(this.part)) this.hash.update(chunk as Buffer);
    this.received = size;
  }

  private async receive(): Promise<Result<void>> {
    const from = this.received;
    this.expectData();
    const response = await fetch(this.url, {
      // Without this a server may compress on the way, and no length would fit.
      headers: {
        "accept-encoding": "identity",
        ...(from > 0 ? { range: `bytes=${from}-` } : {}),
      },
      signal: this.abort.signal,
    });
    if (from > 0 && response.status === 416) {
      // Nothing is left to send: the part is whole, or longer than the file and fails its hash.
      await response.body?.cancel();
      return ok(undefined);
    }
    if (!response.ok) {
      await response.body?.cancel();
      return fail(this.statusProblem(response));
    }
    const isResumed = from > 0 && response.status === 206;
    if (!isResumed) this.restart();
    await this.write(response, isResumed);
    return ok(undefined);
  }

  private restart(): void {
    this.hash = createHash("sha256");
    this.received = 0;
  }

  private async write(response: Response, isResumed: boolean): Promise<void> {
    const announced = response.headers.get("content-length");
    const total = announced === null ? this.entry.bytes : this.received + Number(announced);
    const file = await open(this.part, isResumed ? "a" : "w");
    try {
      this.report(total);
      for await (const chunk of response.body ?? []) {
        const bytes = chunk as Uint8Array;
        this.expectData();
        await file.writeFile(bytes);
        this.hash.update(bytes);
        this.received += bytes.length;
        this.report(total);
      }
    } finally {
      await file.close();
    }
    if (announced !== null && this.received !== total) {
      throw new Error(`the connection closed after ${this.received} of ${total} bytes`);
    }
  }

  /** Restarts the clock that ends a silent connection. */
  private expectData(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.isIdle = true;
      this.abort.abort();
    }, this.idleTimeoutMs());
  }

  private idleTimeoutMs(): number {
    return this.options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  }

  private report(total: number | undefined): void {
    this.options.onProgress?.({
      receivedBytes: this.received,
      ...(total === undefined ? {} : { totalBytes: total }),
    });
  }

  /** Gives the whole file its name, or removes it when it is not what was asked for. */
  private async settle(): Promise<Result<string>> {
    const found = this.hash.digest("hex");
    const { sha256, name } = this.entry;
    if (sha256 !== undefined && found !== sha256) {
      await rm(this.part, { force: true });
      return fail({
        what: `what came is not ${name}: its sha256 is ${found}; it was removed`,
        where: this.url,
        expected: `sha256 ${sha256}`,
        remedy: "try again; if it stays so, the publisher has changed the file",
      });
    }
    await rename(this.part, this.path);
    return ok(this.path);
  }

  private statusProblem(response: Response): Problem {
    const { status, statusText } = response;
    return {
      what: `the server answered ${`${status} ${statusText}`.trim()}`,
      where: response.url === "" ? this.url : response.url,
      expected: "200 and the file",
      remedy:
        status === 429 || status >= 500
          ? "try again later"
          : `the address may have moved: download ${this.entry.name} by hand and use the file`,
    };
  }

  private problemOf(error: unknown): Problem {
    const kept = this.canResume() && this.received > 0 ? "run it again to resume" : "try again";
    if (this.options.signal?.aborted === true) {
      return { what: "the download was interrupted", where: this.url, remedy: kept };
    }
    if (this.isIdle) {
      const what = `no data came for ${this.idleTimeoutMs() / 1000} s`;
      return { what, where: this.url, remedy: `check the network, then ${kept}` };
    }
    const disk = error as NodeJS.ErrnoException;
    if (typeof disk.syscall === "string" && disk.path !== undefined) {
      return diskProblem(error, this.part);
    }
    const what = `the download failed: ${causeText(error)}`;
    return { what, where: this.url, remedy: `check the network, then ${kept}` };
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function diskProblem(error: unknown, path: string): Problem {
  return {
    what: `cannot write here (${causeText(error)})`,
    where: path,
    remedy: "name a folder that may be written, with --dir",
  };
}

/** The innermost message: `fetch` itself only says that it failed. */
function causeText(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}
