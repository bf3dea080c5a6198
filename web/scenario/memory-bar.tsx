/** Where the memory of a worker's fullest GPU goes, and how many tokens of context fit. */

import { useStore } from "zustand";
import { countText } from "../../src/core/index.ts";
import { runStore } from "../engine/session.ts";

const GIB = 1024 ** 3;
/** A conversation of this many tokens is the yardstick (assumption: a long chat). */
const SESSION_TOKENS = 8192;

export function MemoryBar() {
  const engine = useStore(runStore, ({ shown }) => shown.insight.report.engine);
  const { gpuMemory, kvBlocksPerWorker, kvTokensPerWorker } = engine;
  const sessions = Math.floor(kvTokensPerWorker / SESSION_TOKENS);
  const words =
    `${countText(kvBlocksPerWorker)} KV blocks, ${countText(kvTokensPerWorker)} tokens a worker: ` +
    `about ${countText(sessions)} sessions of 8k`;
  if (gpuMemory === null) return <p className="hint">{words}.</p>;
  const { totalBytes, weightBytes, kvBytes } = gpuMemory;
  const rest = totalBytes - weightBytes - kvBytes;
  const share = (bytes: number): string => `${String((100 * bytes) / totalBytes)}%`;
  const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
  return (
    <section className="memory" aria-label="Memory of a GPU">
      <div className="memory-bar" aria-hidden="true">
        <span className="weights" style={{ width: share(weightBytes) }} />
        <span className="kv" style={{ width: share(kvBytes) }} />
      </div>
      <p className="hint">
        GPU memory {gib(totalBytes)}: <b className="weights-word">weights {gib(weightBytes)}</b>,{" "}
        <b className="kv-word">KV {gib(kvBytes)}</b>, other {gib(rest)}. {words}.
      </p>
    </section>
  );
}
