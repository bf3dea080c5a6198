/** What a network is built from, and what a transfer may ask of it. */

import type { LinkSpec } from "./links.ts";

/** What a transfer is besides its route and bytes; all may be left out. */
export type TransferOptions = {
  /** Worker whose cap of concurrent transfers counts it; −1: none. */
  readonly owner?: number;
  /** Nobody waits for it: it does not keep a run going. */
  readonly isBackground?: boolean;
  /** Set-up in place of the network's own control messages, µs. */
  readonly setupUs?: number;
  /** Memory descriptors that each lane posts. */
  readonly descriptors?: number;
  /** Share against other flows on a full link; a whole number. */
  readonly weight?: number;
  /** Most that the ends can make or take, bytes/µs. */
  readonly bytesPerUsMax?: number;
  /**
   * Layer-wise overlap: the source makes the bytes evenly until then, the last of `layers` parts at that instant. Until then the flow moves no
   * faster than the source makes them; what contention delays is caught up afterwards.
   */
  readonly sourceEndUs?: number;
  readonly layers?: number;
};

export type NetworkSpec = {
  readonly links: readonly LinkSpec[];
  /** Whether flows share links (the default); otherwise each moves as if it were alone. */
  readonly shared?: boolean;
  /** Control messages of every transfer, µs. */
  readonly setupUs: number;
  /** Posting one descriptor, µs. */
  readonly descriptorUs: number;
  /** Workers that own transfers, and how many each runs at once; Infinity: no cap. */
  readonly owners: number;
  readonly transfersPerOwner: number;
};
