export { runCli } from "./program.ts";
export { processTerminal } from "./terminal.ts";
export type { Terminal } from "./terminal.ts";
