/** Speculative decoding as the kernels price it. */

/** Tokens drafted for every request and step, and where they come from. */
export type Drafts = { readonly kind: "ngram" | "eagle" | "mtp"; readonly tokens: number };

/** Host time to find earlier text of one request. Assumption: a window of some thousand tokens, compiled. */
export const LOOKUP_US = 5;
