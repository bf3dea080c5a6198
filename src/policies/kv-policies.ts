/** All policies of KV tiers by kind and name. */

import { beladyEviction } from "./eviction/belady.ts";
import { costAwareEviction } from "./eviction/cost-aware.ts";
import type { EvictionPolicy } from "./eviction/eviction.ts";
import { lineageEviction } from "./eviction/lineage.ts";
import { lruEviction } from "./eviction/lru.ts";
import { multiLruEviction } from "./eviction/multi-lru.ts";
import { frequencyOffload } from "./offload/frequency.ts";
import type { OffloadPolicy } from "./offload/offload.ts";
import { passAllOffload } from "./offload/pass-all.ts";
import { presenceOffload } from "./offload/presence.ts";
import { alwaysOnboard } from "./onboard/always.ts";
import { neverOnboard } from "./onboard/never.ts";
import type { OnboardPolicy } from "./onboard/onboard.ts";
import { predictedOnboard } from "./onboard/predicted.ts";

export const evictionPolicies: readonly EvictionPolicy[] = [
  lruEviction,
  lineageEviction,
  multiLruEviction,
  costAwareEviction,
  beladyEviction,
];

export const offloadPolicies: readonly OffloadPolicy[] = [
  passAllOffload,
  presenceOffload,
  frequencyOffload,
];

export const onboardPolicies: readonly OnboardPolicy[] = [
  predictedOnboard,
  alwaysOnboard,
  neverOnboard,
];
