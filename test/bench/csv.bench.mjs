import { importTrace } from "../../dist/trace/index.js";
import { value } from "./support.mjs";

export const name = "csv";
export const unit = "MB/s";
export const atLeast = 80;

const ROWS = 1_000_000;
const BYTES_PER_MB = 1e6;

/** Import of Azure-2024-like and BurstGPT-like CSV from memory; the slower of the two, best of 5 each. */
export async function run() {
  const speeds = { azure2024: speed(azure()), burstgpt: speed(burstgpt()) };
  return {
    value: Math.min(...Object.values(speeds)),
    command: "npm run bench -- csv",
    details: speeds,
  };
}

function speed(text) {
  const bytes = new TextEncoder().encode(text);
  let best = 0;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const trace = value(importTrace(bytes));
    const seconds = (performance.now() - start) / 1000;
    if (trace.rows !== ROWS) throw new Error(`${trace.rows} rows imported, not ${ROWS}`);
    best = Math.max(best, bytes.length / BYTES_PER_MB / seconds);
  }
  return best;
}

function azure() {
  const lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"];
  for (let i = 0; i < ROWS; i++) {
    const time = new Date(Date.UTC(2024, 4, 10) + i * 13);
    const stamp = time.toISOString().replace("T", " ").slice(0, 23);
    lines.push(
      `${stamp}${String((i * 7) % 1000).padStart(3, "0")}+00:00,${((i * 37) % 7000) + 1},${((i * 11) % 900) + 1}`,
    );
  }
  return lines.join("\n");
}

function burstgpt() {
  const lines = ["Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"];
  for (let i = 0; i < ROWS; i++) {
    const input = ((i * 37) % 4000) + 1;
    const output = ((i * 11) % 900) + 1;
    lines.push(
      `${Math.floor(i / 3)},ChatGPT,${input},${output},${input + output},Conversation log`,
    );
  }
  return lines.join("\n");
}
