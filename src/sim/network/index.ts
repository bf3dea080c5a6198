export type { LinkSpec } from "./links.ts";
export { Network } from "./network.ts";
export type { NetworkSpec, TransferOptions } from "./network-spec.ts";
export type { RouteLink } from "./routes.ts";
