/**
 * Rows under construction. A reader fills the public fields of the open row and calls `commit`; the
 * draft checks them, counts what it drops and appends the rest to growing columns.
 */

import { F64Column, I32Column, U32Column } from "../core/index.ts";
import type { GraphDraft } from "./graph-draft.ts";
import { HashRunsBuilder, IdInterner } from "./hash-runs.ts";
import { OptionalColumn, padTo } from "./optional-column.ts";
import type { RowFault, RowFaults } from "./row-faults.ts";
import { TIME_EXPECTED } from "./row-faults.ts";
import { PinDraft } from "./row-pins.ts";
import { TextInterner } from "./text-interner.ts";

/** 2100-01-01 in µs since 1970: a later arrival is a wrong unit, not a request. */
export const LATEST_US = 4_102_444_800_000_000;

export const LABEL_NAMES = ["model", "tenant", "class"] as const;
export type LabelName = (typeof LABEL_NAMES)[number];

export type DraftOptions = {
  readonly blockSize: number;
  readonly dropZeroOutput: boolean;
  /** Rows after which the draft is full. */
  readonly rowLimit: number;
  /** Rows to make room for at first. */
  readonly rowsExpected: number;
};

export class Draft {
  readonly arrivalUs: F64Column;
  readonly input: U32Column;
  readonly output: U32Column;
  readonly session = new I32Column();
  readonly delayUs = new F64Column();
  readonly elapsedUs = new F64Column();
  readonly priority = new I32Column();
  readonly labelCodes = {
    model: new I32Column(),
    tenant: new I32Column(),
    class: new I32Column(),
  };
  readonly labelNames = {
    model: new TextInterner(),
    tenant: new TextInterner(),
    class: new TextInterner(),
  };
  readonly sessionNames = new TextInterner();
  readonly hashes = new HashRunsBuilder();
  /** Calls that wait for calls; undefined: the format has none. */
  graph: GraphDraft | undefined;
  readonly strictPriority = new OptionalColumn();
  readonly outputHint = new OptionalColumn();
  readonly keepUs = new OptionalColumn();
  readonly pins = new PinDraft();
  readonly options: DraftOptions;
  readonly faults: RowFaults;
  /** Rows whose partial last block has an id, and rows where it has none. */
  tailsIncluded = 0;
  tailsOmitted = 0;
  /** Whether label texts hold quotes doubled by CSV. */
  doubledQuotes = false;
  /** Ids stand for a block's own tokens, not for all before them too. */
  hasContentIds = false;
  anyHashes = false;
  anySessions = false;

  /** The open row. NaN: the row has no such value. */
  rowTimeUs = NaN;
  rowInput = NaN;
  rowOutput = NaN;
  rowSession = -1;
  rowDelayUs = NaN;
  rowElapsedUs = NaN;
  rowPriority = 0;
  rowStrictPriority = 0;
  rowOutputHint = 0;
  rowKeepUs = 0;
  /** The open row is released by other rows and needs no time of its own. */
  rowWaits = false;
  rowModel = -1;
  rowTenant = -1;
  rowClass = -1;
  /** Ids of the open row, −1 when it has no id list: halves of 64-bit numbers, low and high. */
  rowIds = -1;
  idLows = new Uint32Array(64);
  idHighs = new Uint32Array(64);

  readonly #interner = new IdInterner();
  readonly #stringIds = new TextInterner();
  /** Sessions with a first turn; names are numbered as they appear, but a first row may be bad. */
  #started = new Uint8Array(16);
  #anyPriority = false;

  constructor(options: DraftOptions, faults: RowFaults) {
    this.options = options;
    this.faults = faults;
    this.arrivalUs = new F64Column(options.rowsExpected);
    this.input = new U32Column(options.rowsExpected);
    this.output = new U32Column(options.rowsExpected);
  }

  get rows(): number {
    return this.input.length;
  }

  get full(): boolean {
    return this.rows >= this.options.rowLimit;
  }

  get anyPriority(): boolean {
    return this.#anyPriority;
  }

  /** Forgets the open row. */
  clearRow(): void {
    this.rowTimeUs = NaN;
    this.rowInput = NaN;
    this.rowOutput = NaN;
    this.rowSession = -1;
    this.rowDelayUs = NaN;
    this.rowElapsedUs = NaN;
    this.rowPriority = 0;
    this.rowStrictPriority = 0;
    this.rowOutputHint = 0;
    this.rowKeepUs = 0;
    this.pins.clear();
    this.rowWaits = false;
    this.rowModel = -1;
    this.rowTenant = -1;
    this.rowClass = -1;
    this.rowIds = -1;
  }

  /** Starts the open row's id list (again, when a key is repeated), with room for so many ids. */
  beginIds(room: number): void {
    this.rowIds = 0;
    if (room <= this.idLows.length) return;
    this.idLows = new Uint32Array(2 * room);
    this.idHighs = new Uint32Array(2 * room);
  }

  /** Code of an id given as text. */
  textId(bytes: Uint8Array, from: number, to: number): number {
    return this.#stringIds.codeOf(bytes, from, to);
  }

  /** Checks and appends the open row; the fault when it is bad, undefined when it is done with. */
  commit(line: number): RowFault | undefined {
    if (this.rowInput !== this.rowInput && this.rowIds >= 0) {
      // Dynamo's default: full blocks throughout.
      this.rowInput = this.rowIds * this.options.blockSize;
    }
    const fault = this.#fault();
    if (fault !== undefined) return fault;
    if (this.rowOutput === 0 && this.options.dropZeroOutput) {
      this.faults.note("dropped: no output tokens (a failed request)", line);
      return undefined;
    }
    if (this.rowInput === 0) {
      this.faults.note("dropped: no input tokens", line);
      return undefined;
    }
    if (this.rowIds >= 0) {
      const mismatch = this.#checkIds();
      if (mismatch !== undefined) return mismatch;
    }
    this.#append(line);
    return undefined;
  }

  #fault(): RowFault | undefined {
    if (this.rowInput !== this.rowInput) return { column: "input tokens", reason: "is missing" };
    if (this.rowOutput !== this.rowOutput) {
      return { column: "output tokens", reason: "is missing" };
    }
    const time = this.rowTimeUs;
    if (time === time || this.rowWaits) return undefined;
    if (this.rowSession >= 0 && this.#isLaterTurn()) return undefined;
    return {
      column: "timestamp",
      reason: "is missing",
      expected: `${TIME_EXPECTED}; only a later turn of a session may go without`,
    };
  }

  #isLaterTurn(): boolean {
    return this.#started[this.rowSession] === 1;
  }

  /** Whether the id count fits the prompt: one id per block, with or without a partial tail. */
  #checkIds(): RowFault | undefined {
    const { blockSize } = this.options;
    const full = Math.floor(this.rowInput / blockSize);
    const all = Math.ceil(this.rowInput / blockSize);
    if (this.rowIds !== full && this.rowIds !== all) {
      return {
        column: "hash_ids",
        reason: "does not fit the input length",
        quote: `with ${this.rowIds} ids for ${this.rowInput} tokens`,
        expected:
          `${all} ids (or ${full} without the partial tail) in blocks of ${blockSize} tokens` +
          blockSizeHint(this.rowInput, this.rowIds, blockSize),
      };
    }
    if (full !== all) {
      if (this.rowIds === all) this.tailsIncluded++;
      else this.tailsOmitted++;
    }
    return undefined;
  }

  #append(line: number): void {
    this.arrivalUs.push(this.rowTimeUs);
    this.input.push(this.rowInput);
    this.output.push(this.rowOutput);
    this.#appendSession(line);
    if (this.rowPriority !== 0 || this.#anyPriority) this.#appendPriority();
    this.strictPriority.put(this.rows - 1, this.rowStrictPriority);
    this.outputHint.put(this.rows - 1, this.rowOutputHint);
    this.keepUs.put(this.rows - 1, this.rowKeepUs);
    this.pins.put(this.rows - 1);
    this.#appendLabel("model", this.rowModel);
    this.#appendLabel("tenant", this.rowTenant);
    this.#appendLabel("class", this.rowClass);
    if (this.rowIds >= 0 && !this.anyHashes) {
      this.anyHashes = true;
      for (let row = 1; row < this.rows; row++) this.hashes.endRow();
    }
    if (this.anyHashes) this.#appendIds(line);
  }

  #appendSession(line: number): void {
    const session = this.rowSession;
    if (session < 0 && !this.anySessions) return;
    if (!this.anySessions) {
      this.anySessions = true;
      padTo(this.session, this.rows - 1, -1);
      padTo(this.delayUs, this.rows - 1, NaN);
      padTo(this.elapsedUs, this.rows - 1, NaN);
    }
    let delay = this.rowDelayUs;
    if (session >= 0) {
      if (!this.#isLaterTurn()) {
        if (delay > 0) this.faults.note("repaired: delay of a first turn ignored", line);
        delay = NaN;
        this.#startSession(session);
      } else if (delay !== delay && this.rowTimeUs !== this.rowTimeUs && !this.rowWaits) {
        this.faults.note("repaired: a later turn without time or delay, released at once", line);
        delay = 0;
      }
    }
    this.session.push(session);
    this.delayUs.push(delay);
    this.elapsedUs.push(this.rowElapsedUs);
  }

  #startSession(session: number): void {
    if (session >= this.#started.length) {
      const wider = new Uint8Array(2 * session);
      wider.set(this.#started);
      this.#started = wider;
    }
    this.#started[session] = 1;
  }

  #appendPriority(): void {
    this.#anyPriority = true;
    padTo(this.priority, this.rows - 1, 0);
    this.priority.push(Math.max(-32768, Math.min(32767, Math.round(this.rowPriority))));
  }

  #appendLabel(name: LabelName, code: number): void {
    const codes = this.labelCodes[name];
    if (code < 0 && codes.length === 0) return;
    padTo(codes, this.rows - 1, -1);
    codes.push(code);
  }

  #appendIds(line: number): void {
    if (this.rowIds < 0) this.faults.note("noted: a row without block ids in a hashed trace", line);
    for (let i = 0; i < this.rowIds; i++) {
      this.hashes.add(this.#interner.intern(this.idLows[i]!, this.idHighs[i]!));
    }
    this.hashes.endRow();
  }
}

/** The usual block size that would fit, for the message. */
function blockSizeHint(input: number, ids: number, tried: number): string {
  for (const size of [16, 32, 64, 128, 256, 512, 1024]) {
    if (size !== tried && (Math.ceil(input / size) === ids || Math.floor(input / size) === ids)) {
      return `; --block-size ${size} would fit`;
    }
  }
  return "";
}
