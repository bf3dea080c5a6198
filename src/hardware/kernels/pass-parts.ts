/** The pass priced last and its parts: its power is asked for right after its time, and the sum need not be made twice. */

import type { StepShape } from "../step-time.ts";

/** Times in µs, before scales. */
export class PassParts {
  us = NaN;
  rowsUs = 0;
  expertsUs = 0;
  headUs = 0;
  decodeUs = 0;
  #divisor = 0;
  #prompts = -1;
  #tokens = -1;
  #past = -1;
  #pairs = -1;
  #decodes = -1;
  #context = -1;
  #allTokens = -1;
  #allDecodes = -1;

  /** Whether the parts are those of 1/divisor of this step; remembers it as the one that will be priced. */
  isOf(shape: StepShape, divisor: number): boolean {
    const all = shape.all ?? shape;
    if (
      this.#pairs === shape.prefillPairs &&
      this.#context === shape.decodeContextTokens &&
      this.#tokens === shape.prefillTokens &&
      this.#past === shape.prefillPastTokens &&
      this.#prompts === shape.prefillRequests &&
      this.#decodes === shape.decodeRequests &&
      this.#allTokens === all.prefillTokens &&
      this.#allDecodes === all.decodeRequests &&
      this.#divisor === divisor
    ) {
      return true;
    }
    this.#divisor = divisor;
    this.#prompts = shape.prefillRequests;
    this.#tokens = shape.prefillTokens;
    this.#past = shape.prefillPastTokens;
    this.#pairs = shape.prefillPairs;
    this.#decodes = shape.decodeRequests;
    this.#context = shape.decodeContextTokens;
    this.#allTokens = all.prefillTokens;
    this.#allDecodes = all.decodeRequests;
    return false;
  }
}
