import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { conversationFile, median, REPLAY } from "./support.mjs";

export const name = "replay-cold";
export const unit = "s";
export const atMost = 0.6;

/** The whole process, start to exit: `headworks run SCENARIO --json`; median of 9. */
export async function run() {
  const program = fileURLToPath(new URL("../../dist/bin/main.js", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "headworks-bench-"));
  const scenario = join(folder, "replay.json");
  writeFileSync(scenario, JSON.stringify({ ...REPLAY, trace: conversationFile() }));
  const once = () => {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [program, "run", scenario, "--json"]);
    if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
    return (performance.now() - start) / 1000;
  };
  once();
  const times = Array.from({ length: 9 }, once);
  return {
    value: median(times),
    command: "headworks run replay.json --json",
    details: { least: Math.min(...times), most: Math.max(...times) },
  };
}
