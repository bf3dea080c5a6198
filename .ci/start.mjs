/** `npm start`: set-up, then the CLI; without arguments its `start` command, a first run. */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { PROGRAM, root, run } from "./lib.mjs";
import { setup } from "./setup.mjs";

// The explorer takes seconds to build, and only its own command needs it.
const code = await setup({ page: process.argv[2] === "explore" });
if (code !== 0) process.exit(code);

const main = join(root, PROGRAM);
if (!existsSync(main)) {
  process.stderr.write(`headworks: the build has no ${main}\n`);
  process.exit(3);
}
// The terminal sends Ctrl-C to both processes: the CLI ends its work, and this one waits for it.
process.on("SIGINT", () => {});
const args = process.argv.slice(2);
// File names on the command line are relative to where the user typed it, not to package.json.
const cwd = process.env.INIT_CWD ?? process.cwd();
process.exitCode = await run(process.execPath, [main, ...(args.length > 0 ? args : ["start"])], {
  cwd,
});
