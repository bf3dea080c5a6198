/** What hand-offs follow, need and tell. */

import type { Stream } from "../../core/index.ts";
import type { RequestTable } from "../request-table.ts";
import type { Intake } from "../intake.ts";
import type { Pool } from "../pool.ts";
import type { RouterDesk } from "../router-desk.ts";
import type { WorkerEvents } from "../worker-events.ts";
import type { Worker } from "../worker.ts";
import type { Handover } from "./landing-rules.ts";
import type { TransferLinks } from "./transfer-links.ts";

/** How requests are handed over. */
export type HandoffRules = {
  readonly handover: Handover;
  readonly firstTokenComes: boolean;
  readonly isWhole: boolean;
  readonly bytesPerToken: number;
  /** Besides tokens: the state of linear attention. */
  readonly bytesPerRequest: number;
  readonly controlUs: number;
  readonly timeoutUs: number;
  readonly fallsBack: boolean;
  /** Share of the transfers that fail at their end. */
  readonly transferFailure: number;
};

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
