/** The rates that kernels are priced against. */

/** Number formats a tensor core works in; what an operand is stored in is another matter. */
export type ComputeFormat = "bf16" | "fp8" | "fp4";

/** Peak rates of one GPU per microsecond, so that times come out in µs without a factor. */
export type KernelDevice = {
  readonly bf16FlopPerUs: number;
  /** 0 when the GPU lacks the format. */
  readonly fp8FlopPerUs: number;
  /** 0 when the GPU lacks the format. */
  readonly fp4FlopPerUs: number;
  readonly hbmBytesPerUs: number;
  readonly sms: number;
};

const US_PER_S = 1e6;

/** Peaks as a card or a parameter file writes them. */
export type DeviceRates = {
  readonly bf16FlopPerS: number;
  readonly fp8FlopPerS: number;
  readonly fp4FlopPerS: number;
  readonly hbmBytesPerS: number;
  readonly sms: number;
};

/** The same rates per microsecond. */
export function kernelDevice(rates: DeviceRates): KernelDevice {
  return {
    bf16FlopPerUs: rates.bf16FlopPerS / US_PER_S,
    fp8FlopPerUs: rates.fp8FlopPerS / US_PER_S,
    fp4FlopPerUs: rates.fp4FlopPerS / US_PER_S,
    hbmBytesPerUs: rates.hbmBytesPerS / US_PER_S,
    sms: rates.sms,
  };
}

/** Peak of a format, FLOP/µs; formats the GPU lacks run in the next wider one. */
export function flopPerUs(device: KernelDevice, format: ComputeFormat): number {
  if (format === "fp4" && device.fp4FlopPerUs > 0) return device.fp4FlopPerUs;
  if (format !== "bf16" && device.fp8FlopPerUs > 0) return device.fp8FlopPerUs;
  return device.bf16FlopPerUs;
}
