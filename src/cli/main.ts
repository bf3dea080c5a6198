#!/usr/bin/env node
/** The program: arguments in, exit code out. */

import { runCli } from "./program.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = await runCli(process.argv.slice(2), processTerminal());
