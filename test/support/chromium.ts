import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium"];

/** Offline and quiet: a test's browser talks to nobody but the test. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Path of a Chromium: `HEADWORKS_CHROMIUM`, else one on the PATH, else Debian's, installed when
 * running as root. Throws with the remedy when there is none.
 */
export function chromiumPath(): string {
  const named = process.env["HEADWORKS_CHROMIUM"];
  if (named !== undefined && named !== "") {
    const path = find(named);
    if (path !== undefined) return path;
    throw new Error(`HEADWORKS_CHROMIUM is ${named}, which is not an executable file`);
  }
  return findAny() ?? installDebian() ?? missing();
}

/** A headless browser. The caller closes it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), headless: true, args: FLAGS });
}

function findAny(): string | undefined {
  for (const name of NAMES) {
    const path = find(name);
    if (path !== undefined) return path;
  }
  return undefined;
}

function find(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function installDebian(): string | undefined {
  if (process.getuid?.() !== 0 || find("apt-get") === undefined) return undefined;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) =>
    execFileSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] });
  try {
    apt("update");
    apt("install", "-y", "--no-install-recommends", "chromium");
  } catch {
    // apt-get has said why on stderr; the remedy follows.
    return undefined;
  }
  return findAny();
}

function missing(): never {
  throw new Error(
    "no Chromium found: install one (Debian: apt-get install chromium) or name it in " +
      "HEADWORKS_CHROMIUM",
  );
}
