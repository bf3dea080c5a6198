export { ClusterNetwork } from "./cluster-network.ts";
export type { TransferListener } from "./cluster-network.ts";
export type { LinkSpec } from "./links.ts";
export { countNetwork } from "./network-audit.ts";
export { Network } from "./network.ts";
export type { NetworkSpec, TransferOptions } from "./network-spec.ts";
export type { RouteLink } from "./routes.ts";
export { TransferPort } from "./transfer-port.ts";
export { PLACE_GPU, PLACE_HOST, PLACE_NVME, PLACE_STORE } from "./topology.ts";
