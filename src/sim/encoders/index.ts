export { encodersOf } from "./build-encoders.ts";
export { resolveEncoders } from "./resolve-encoders.ts";
export type { EncoderSite } from "./resolve-encoders.ts";
export type { EncoderBill } from "./report-encoders.ts";
export { encoderBill, encoderSummary } from "./report-encoders.ts";
export type { Encoders } from "./encoders.ts";
