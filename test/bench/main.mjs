/**
 * `npm run bench [-- NAME…]`: runs the benchmarks named, or all of them, each in a process of its
 * own, and prints one JSON line per benchmark: {name, value, unit, atLeast|atMost, ok, command}.
 * Exit 1 when any misses its bound or fails, 2 for an unknown name.
 *
 * A benchmark is a file test/bench/*.bench.mjs that imports from ../../dist and exports
 *   name: string, unit: string, atLeast or atMost: number,
 *   run(): Promise<{ value: number, command: string }>
 * where `command` is what a user types to see the same thing. Words go to stderr. `run` may also
 * return `details`, an object that is printed with the line.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const self = fileURLToPath(import.meta.url);
const folder = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

if (process.argv[2] === "--child") await measure(process.argv[3]);
else runAll(process.argv.slice(2));

function runAll(names) {
  const suffix = ".bench.mjs";
  const known = readdirSync(folder)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length))
    .sort();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || known.length === 0) {
    console.error(`no benchmark ${unknown.join(", ")}; there are: ${known.join(", ") || "none"}`);
    process.exit(2);
  }
  let failed = 0;
  for (const name of names.length > 0 ? names : known) {
    const { status } = spawnSync(process.execPath, ["--expose-gc", self, "--child", name], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (status !== 0) failed += 1;
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

/** In the child: one benchmark, one line. A benchmark that throws still gets its line. */
async function measure(name) {
  let line = { name };
  try {
    const bench = await import(new URL(`./${name}.bench.mjs`, import.meta.url).href);
    if (bench.name !== name) throw new Error(`${name}.bench.mjs is named ${bench.name}`);
    const { unit, atLeast, atMost } = bench;
    if ((atLeast === undefined) === (atMost === undefined)) {
      throw new Error(`${name}: one of atLeast and atMost is needed`);
    }
    line = { name, value: null, unit, ...(atMost === undefined ? { atLeast } : { atMost }) };
    const { value, command, details } = await bench.run();
    // Written so that NaN is not ok.
    const ok = atMost === undefined ? value >= atLeast : value <= atMost;
    line = { ...line, value: rounded(value), ok, command, ...(details && { details }) };
  } catch (error) {
    console.error(error);
    line = { ...line, ok: false, error: error instanceof Error ? error.message : String(error) };
  }
  console.log(JSON.stringify(line));
  process.exitCode = line.ok ? 0 : 1;
}

/** Four significant digits: the rest is noise. */
function rounded(value) {
  return Number(value.toPrecision(4));
}
