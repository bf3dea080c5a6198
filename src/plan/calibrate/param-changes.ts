/** What differs between two parameter files. */
import { KERNEL_SECTIONS, type KernelParams } from "../../hardware/index.ts";

export type ParamChange = {
  /** Section, fit and parameter: "gemm.bf16.compute". */
  readonly path: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
};

/** Differences below are rounding and the table's thinning. */
const CHANGE_MIN = 0.02;

function flat(params: KernelParams): Map<string, number> {
  const numbers = new Map<string, number>([["throttle", params.throttle]]);
  for (const section of KERNEL_SECTIONS) {
    for (const [fit, { params: values }] of Object.entries(params[section])) {
      for (const [name, value] of Object.entries<number>(values)) {
        numbers.set(`${section}.${fit}.${name}`, value);
      }
    }
  }
  return numbers;
}

/** Parameters that differ by more than 2 %, or exist in one file only, by path. */
export function paramChanges(from: KernelParams, to: KernelParams): ParamChange[] {
  const left = flat(from);
  const right = flat(to);
  const changes: ParamChange[] = [];
  for (const path of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const a = left.get(path);
    const b = right.get(path);
    if (a !== undefined && b !== undefined) {
      const scale = Math.max(Math.abs(a), Math.abs(b));
      if (Math.abs(a - b) <= CHANGE_MIN * scale) continue;
    }
    changes.push({ path, from: a, to: b });
  }
  return changes;
}
