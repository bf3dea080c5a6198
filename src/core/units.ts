/**
 * Units at module edges. Inside a module plain numbers serve, with the unit in the name; brands
 * keep one quantity from being passed for another where modules meet.
 */
import type { Result } from "./result.ts";

declare const unit: unique symbol;
type Quantity<Name extends string> = number & { readonly [unit]: Name };

/** Time or duration, µs; an integer for event times. */
export type Micros = Quantity<"us">;
/** Duration, s. */
export type Seconds = Quantity<"s">;
export type Tokens = Quantity<"token">;
/** KV blocks of one pool. */
export type Blocks = Quantity<"block">;
export type Bytes = Quantity<"byte">;
export type BytesPerS = Quantity<"byte/s">;
export type FlopPerS = Quantity<"flop/s">;
export type Usd = Quantity<"usd">;
/** 0 ≤ worker < workers of the scenario. */
export type WorkerId = Quantity<"worker">;
/** Row of the request in its trace. */
export type RequestId = Quantity<"request">;

export const micros = (us: number): Micros => us as Micros;
export const seconds = (s: number): Seconds => s as Seconds;
export const tokens = (n: number): Tokens => n as Tokens;
export const blocks = (n: number): Blocks => n as Blocks;
export const bytes = (n: number): Bytes => n as Bytes;
export const bytesPerS = (n: number): BytesPerS => n as BytesPerS;
export const flopPerS = (n: number): FlopPerS => n as FlopPerS;
export const usd = (n: number): Usd => n as Usd;
export const workerId = (n: number): WorkerId => n as WorkerId;
export const requestId = (n: number): RequestId => n as RequestId;

// SI and IEC prefixes (ISO 80000-1 and 80000-13), and the civil day without leap seconds.
export const US_PER_MS = 1_000;
export const US_PER_S = 1_000_000;
export const MS_PER_S = 1_000;
export const S_PER_MINUTE = 60;
export const S_PER_HOUR = 3_600;
export const S_PER_DAY = 86_400;
export const BYTES_PER_KIB = 1_024;
export const BYTES_PER_MIB = 1_048_576;
export const BYTES_PER_GIB = 1_073_741_824;
export const BYTES_PER_GB = 1_000_000_000;
export const BITS_PER_BYTE = 8;

/** Units that quantities in files resolve to. */
export type QuantityUnit =
  "us" | "s" | "byte" | "byte/s" | "token" | "usd" | "usd/hour" | "flop/s" | "W" | "fraction";

/**
 * Reads a text such as "900 GB/s" as a number in `unit`. The implementation (quantity.ts) loads
 * mathjs, which takes half a second, so the edges import it only when a file holds such a text.
 */
export type QuantityParser = (text: string, unit: QuantityUnit) => Result<number>;
