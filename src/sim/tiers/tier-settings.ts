/** What a tier system is built from: a scenario's tiers with nothing left open. */

import type { EvictionPolicy, OffloadPolicy, OnboardPolicy } from "../../policies/index.ts";

export type Knobs = Readonly<Record<string, number>>;

/** Which workers share a store. */
export type TierScope = "worker" | "node" | "cluster";

export type LevelSettings = {
  /** g2, g3 or g4. */
  readonly name: string;
  readonly scope: TierScope;
  /** Blocks of one store. */
  readonly capacityBlocks: number;
  /** Bytes of a block as it is stored. */
  readonly blockBytes: number;
  /** Links of a store in both directions, bytes/µs, and the time of the first byte, µs. */
  readonly readBytesPerUs: number;
  readonly writeBytesPerUs: number;
  readonly latencyUs: number;
  /** Most that compression and encryption let through for one transfer, bytes/µs as stored. */
  readonly codecBytesPerUs: number;
  readonly eviction: { readonly policy: EvictionPolicy; readonly knobs: Knobs };
  readonly offload: {
    readonly policy: OffloadPolicy;
    readonly knobs: Knobs;
    /** When blocks come down: as soon as the level above has them, or when it gives them up. */
    readonly when: "write_through" | "on_evict";
  };
  /** What is fetched from here stays in the levels that it passes on its way up. */
  readonly promotes: boolean;
  readonly retentionUs: number;
};

export type TierSettings = {
  readonly levels: readonly LevelSettings[];
  readonly onboard: { readonly policy: OnboardPolicy; readonly knobs: Knobs };
  /** Bytes of a block in GPU memory, all GPUs of a worker. */
  readonly blockBytes: number;
  readonly workers: number;
  readonly workersPerNode: number;
  /** Between a worker's GPUs and its host, each direction, bytes/µs. */
  readonly hostBytesPerUs: number;
  /** From worker to worker; undefined: prefixes are not fetched from peers. */
  readonly peer:
    | {
        readonly bytesPerUs: number;
        readonly latencyUs: number;
        /** Most that encryption lets through for one transfer. */
        readonly cipherBytesPerUs: number;
      }
    | undefined;
  /** Whether links of their own may fail: then each worker's way to remote stores is one. */
  readonly hasWeakPorts: boolean;
  /** Undefined: nothing is brought before it is asked for. `leadUs`: from the start to the turn. */
  readonly prefetch: { readonly leadUs: number } | undefined;
  /** Set-up of every transfer, µs. */
  readonly setupUs: number;
};
