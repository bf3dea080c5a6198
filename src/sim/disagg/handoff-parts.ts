/** What hand-offs follow, need and tell. */

import type { Stream } from "../../core/index.ts";
import { AT_GENERATED, AT_OUTPUT } from "../request-table.ts";
import type { RequestTable } from "../request-table.ts";
import type { Intake } from "../intake.ts";
import type { Pool } from "../pool.ts";
import type { RouterDesk } from "../router-desk.ts";
import type { WorkerEvents } from "../worker-events.ts";
import type { Worker } from "../worker.ts";
import type { Conditional } from "./conditional.ts";
import type { Handover } from "./handover.ts";
import type { LayoutConversion } from "./layout-conversion.ts";
import type { TransferLinks } from "./transfer-links.ts";

/** How requests are handed over. */
export type HandoffRules = {
  readonly handover: Handover;
  readonly firstTokenComes: boolean;
  readonly isWhole: boolean;
  /** Keys and values move while the prompt's last forward pass makes them. */
  readonly isLayerWise: boolean;
  readonly bytesPerToken: number;
  /** Besides tokens: the state of linear attention. */
  readonly bytesPerRequest: number;
  readonly controlUs: number;
  readonly timeoutUs: number;
  readonly fallsBack: boolean;
  /** Share of the transfers that fail at their end. */
  readonly transferFailure: number;
};

/** Bytes of a transfer of so many tokens of a request that has `known`. */
export function transferBytes(
  { bytesPerToken, bytesPerRequest }: HandoffRules,
  known: number,
  tokens: number,
): number {
  return Math.min(known, tokens) * bytesPerToken + bytesPerRequest;
}

/** What a hand-off needs of the cluster. */
export type HandoffParts = {
  readonly rules: HandoffRules;
  /** Draws the transfers that fail. */
  readonly random: Stream;
  readonly table: RequestTable;
  /** By number. */
  readonly workers: readonly Worker[];
  readonly clock: WorkerEvents;
  readonly links: TransferLinks;
  readonly layouts: LayoutConversion;
  /** Undefined: every prompt is computed by a prefill worker. */
  readonly conditional: Conditional | undefined;
  readonly prefillDesk: RouterDesk;
  readonly decodeDesk: RouterDesk;
  readonly intake: Intake;
  readonly pools: readonly Pool[];
  /** The pool of each worker. */
  readonly poolOf: readonly Pool[];
  readonly sink: HandoffSink;
};

/** What the simulation is told. */
export interface HandoffSink {
  /** The request is complete with its prompt; its slot is free afterwards. */
  completedAtSource(worker: number, slot: number, nowUs: number): void;
  /** Nothing else is tried for a request: it fails (code −1), or no worker takes it and it is rejected with a reason. */
  handoffOver(worker: number, slot: number, code: number, nowUs: number): void;
}

/** Whether anything of a request's answer is left when its prompt is computed. */
export function isAnswerLeft(
  { firstTokenComes }: HandoffRules,
  { data }: RequestTable,
  slot: number,
): boolean {
  return data[slot + AT_OUTPUT]! - data[slot + AT_GENERATED]! > (firstTokenComes ? 1 : 0);
}
