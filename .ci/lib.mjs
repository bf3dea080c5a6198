/** What the scripts in this folder share. Plain Node, no dependencies: it runs before `npm ci`. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository root; may hold spaces, so commands are spawned without a shell. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The built program, relative to the root. */
export const PROGRAM = "dist/bin/main.js";

/** Runs a command in the repository and resolves to its exit code (1 when it could not start). */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", ...options });
    child.on("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(1);
    });
    // Killed by a signal: the shell's convention.
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}

/** Like `run`, but keeps stdout and stderr together as text instead of printing them. */
export async function capture(command, args) {
  let output = "";
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text) => (output += text));
  }
  const code = await new Promise((resolve) => {
    child.on("error", (error) => {
      output += `${command}: ${error.message}\n`;
      resolve(1);
    });
    child.on("close", (exit) => resolve(exit ?? 1));
  });
  return { code, output };
}

/** Runs an installed package's own script under this Node, which needs no shell and no PATH. */
export function bin(path, args) {
  return [process.execPath, [`${root}node_modules/${path}`, ...args]];
}
