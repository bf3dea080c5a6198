/**
 * `npm test`: every check of the project, one after another, each with its own heading. A failing
 * step is named and the later ones still run. The last line is the sum: "N passed, M failed".
 * `npm test -- FILTER…` runs only the test files whose path contains a filter, and
 * `node .ci/test.mjs --only STEP` only that step.
 */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bin, capture, root, run } from "./lib.mjs";
import { setup } from "./setup.mjs";

const STEPS = { types, lint, format, tests };
const given = process.argv.slice(2);
const only = given[0] === "--only" ? given[1] : undefined;
const filters = only === undefined ? given : given.slice(2);
const wanted = only ?? (filters.length > 0 ? "tests" : undefined);
if (wanted !== undefined && !(wanted in STEPS)) {
  console.error(`no step ${wanted}: one of ${Object.keys(STEPS).join(", ")}`);
  process.exit(2);
}
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

await step("set-up", async () => one((await setup()) === 0));
for (const [name, check] of Object.entries(STEPS)) {
  if (wanted === undefined || wanted === name) await step(name, check);
}

if (total.skipped > 0) console.log(`${total.skipped} skipped (reasons above)`);
if (failures.length > 0) console.log(`failing steps: ${failures.join(", ")}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Runs one step, adds its counts to the total and keeps going when it fails or throws. */
async function step(name, check) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  let counts;
  try {
    counts = await check();
  } catch (error) {
    console.log(error);
    counts = one(false);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`-- ${name}: ${counts.passed} passed, ${counts.failed} failed (${seconds} s)`);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped ?? 0;
  if (counts.failed > 0) failures.push(name);
}

function one(passed) {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1 };
}

async function tool(path, args) {
  return one((await run(...bin(path, args))) === 0);
}

function lint() {
  return tool("oxlint/bin/oxlint", ["-c", "test/oxlint.json", "--deny-warnings"]);
}

function format() {
  return tool("prettier/bin/prettier.cjs", ["--check", "--log-level=warn", "."]);
}

/** Every tsconfig.json of the repository is one check; as many at a time as there are cores. */
async function types() {
  const folders = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `src/${entry.name}`);
  const configs = [".", ...folders, "test", "web"]
    .map((folder) => `${folder}/tsconfig.json`)
    .filter((path) => existsSync(join(root, path)) && hasTypeScript(dirname(path)));
  const counts = { passed: 0, failed: 0 };
  const worker = async () => {
    for (let path = configs.shift(); path !== undefined; path = configs.shift()) {
      const args = ["-p", path, "--noEmit", "--pretty", "false"];
      const { code, output } = await capture(...bin("typescript/bin/tsc", args));
      counts[code === 0 ? "passed" : "failed"] += 1;
      if (code !== 0) console.log(`${path}\n${output}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker));
  return counts;
}

function hasTypeScript(folder) {
  const files = readdirSync(join(root, folder === "." ? "src" : folder), { recursive: true });
  return files.some((file) => /\.tsx?$/.test(file));
}

/** vitest prints for people and reports to a file for the sum. */
async function tests() {
  const folder = mkdtempSync(join(tmpdir(), "headworks-test-"));
  const report = join(folder, "report.json");
  const args = ["run", "-c", "test/vitest.config.ts", "--reporter=default", "--reporter=json"];
  const code = await run(
    ...bin("vitest/vitest.mjs", [...args, `--outputFile=${report}`, ...filters]),
  );
  const counts = existsSync(report)
    ? countsOf(JSON.parse(readFileSync(report, "utf8")))
    : one(false);
  rmSync(folder, { recursive: true });
  // An error outside every test fails the run without failing a test, and so does an empty run.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  if (counts.passed === 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function countsOf(report) {
  // A file that cannot be loaded has no tests to fail.
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
