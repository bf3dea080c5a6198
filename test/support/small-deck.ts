/** A deck of one GPU, its node and the links around it, as round numbers: for clusters that run in a browser too. */

import type { CardDeck } from "../../src/hardware/index.ts";

const GB = 1e9;

/** Two GPUs with NVLink in a node, a NIC and 10 GB/s to the host for each; a store behind the network. */
export const SMALL_DECK: CardDeck = {
  gpus: [
    {
      id: "small",
      name: "a small GPU",
      architecture: "hopper",
      hbmBytes: 80 * GB,
      visibleBytes: 79 * GB,
      hbmBytesPerS: 3000 * GB,
      flops: { bf16FlopPerS: 1e15 },
      sms: 100,
      nvlinkBytesPerS: 100 * GB,
      nvlinkGpus: 2,
      pcieBytesPerS: 10 * GB,
      c2cBytesPerS: 0,
      tdpW: 700,
      allInW: 1000,
      power: { idleW: 100, computeW: 700, weightStreamW: 500, attentionDecodeW: 400 },
      prices: [],
      calibration: "",
      peer: "",
      estimated: true,
      node: "pair",
    },
  ],
  nodes: [
    {
      id: "pair",
      gpu: "small",
      gpus: 2,
      nvlinkGpus: 2,
      nics: 2,
      nicBytesPerS: 2 * GB,
      hostBytes: 1000 * GB,
      hostBytesPerS: 40 * GB,
      nvmeBytes: 10_000 * GB,
      nvmeReadBytesPerS: 5 * GB,
      nvmeWriteBytesPerS: 2 * GB,
      hostW: 500,
    },
  ],
  links: [
    { id: "bridge", kind: "nvlink", bytesPerS: 100 * GB, latencyS: 2e-6, efficiency: 0.9 },
    { id: "bus", kind: "pcie", bytesPerS: 10 * GB, latencyS: 1e-6, efficiency: 0.8 },
    { id: "wire", kind: "ethernet", bytesPerS: 2 * GB, latencyS: 5e-6, efficiency: 0.9 },
    { id: "memory", kind: "dram", bytesPerS: 40 * GB, latencyS: 1e-7, efficiency: 0.8 },
    { id: "drive", kind: "nvme", bytesPerS: 5 * GB, latencyS: 8e-5, efficiency: 0.9 },
    { id: "bucket", kind: "store", bytesPerS: 3 * GB, latencyS: 5e-3, efficiency: 0.9 },
  ],
  llms: [],
};
