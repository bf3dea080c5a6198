/**
 * Brings a checkout to the point where `dist/` runs: dependencies as locked, then the build.
 * Does nothing, in a few milliseconds, when both are up to date. Run by every npm script.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bin, capture, root } from "./lib.mjs";

const NODE_AT_LEAST = [20, 19];
const STAMP = join(root, "dist", ".stamp");
const PAGE_STAMP = join(root, "dist", ".stamp-page");

/**
 * Installs and builds what is missing or stale; resolves to an exit code. Without `page`, the explorer is left
 * as it is: a first run of the command line does not wait for it.
 */
export async function setup({ page = true } = {}) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < NODE_AT_LEAST[0] || (major === NODE_AT_LEAST[0] && minor < NODE_AT_LEAST[1])) {
    say(`Node ${NODE_AT_LEAST.join(".")} or newer is needed; this is ${process.version}`);
    return 1;
  }
  return (await install()) || (await build()) || (page ? await buildExplorer() : 0);
}

async function install() {
  if (installedAsLocked()) return 0;
  say("installing dependencies (npm ci)");
  // npm tells its scripts where it lives; starting that file needs no shell on any system.
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith("js") ? [process.execPath, [npm]] : ["npm", []];
  // Both kinds whatever the user's own settings omit: the build needs them.
  const args = ["ci", "--include=dev", "--include=optional", "--loglevel=error"];
  const { code, output } = await capture(command[0], [...command[1], ...args]);
  if (code !== 0) process.stderr.write(`${output}\nnpm ci failed: see above\n`);
  return code;
}

/**
 * Whether node_modules holds what the lockfile asks for, by npm's own record of its last complete
 * install. Optional packages may be absent: most of them are binaries for other systems.
 */
function installedAsLocked() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const installed = packagesOf(record);
  for (const [path, wanted] of Object.entries(packagesOf(join(root, "package-lock.json")))) {
    if (path === "" || (wanted.optional && !installed[path])) continue;
    if (installed[path]?.version !== wanted.version) return false;
  }
  return true;
}

async function build() {
  const inputs = inputsDigest();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === inputs) return 0;
  say("building dist/");
  const { code, output } = await capture(...bin("typescript/bin/tsc", ["-p", "tsconfig.json"]));
  if (code !== 0) {
    process.stderr.write(`${output}\nthe build failed: see above\n`);
    return code;
  }
  // These need what tsc wrote and npm installed, so they load only now.
  const { buildCards } = await import("./cards.mjs");
  const { bundle } = await import("./bundle.mjs");
  const failed = (await buildCards()) || (await bundle());
  if (!failed) writeFileSync(STAMP, inputs);
  return failed;
}

async function buildExplorer() {
  const inputs = inputsDigest(["web", "traces"]);
  if (existsSync(PAGE_STAMP) && readFileSync(PAGE_STAMP, "utf8") === inputs) return 0;
  say("building the explorer");
  const { buildPage } = await import("./page.mjs");
  const failed = await buildPage();
  if (!failed) writeFileSync(PAGE_STAMP, inputs);
  return failed;
}

/** Names, sizes and times of everything that the build reads. */
function inputsDigest(more = []) {
  const digest = createHash("sha256");
  const under = (folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, path));
  const files = [".ci", "models", "src", ...more].flatMap(under).sort();
  for (const path of ["tsconfig.json", "package-lock.json", ...files]) {
    const stat = statSync(join(root, path));
    if (stat.isFile()) digest.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
  }
  return digest.digest("hex");
}

/** stderr: stdout belongs to the command's result. */
function say(line) {
  process.stderr.write(`headworks: ${line}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await setup();
