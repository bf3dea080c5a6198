/** Norms, activations, rotary embedding, cache writes: kernels that only move bytes. */
import type { KernelDevice } from "./kernel-device.ts";

/** Part of HBM bandwidth that streaming kernels reach; AIConfigurator's constant, unmeasured. */
const STREAM_SHARE = 0.8;

/** Time in µs of `kernels` launches inside a CUDA graph that move `bytes` together. */
export function elementwiseUs(
  device: KernelDevice,
  fixedUs: number,
  kernels: number,
  bytes: number,
): number {
  return kernels * fixedUs + bytes / (STREAM_SHARE * device.hbmBytesPerUs);
}
