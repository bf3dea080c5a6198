/**
 * Property tests draw the same cases in every run, so that a check that passed yesterday fails today only because the code changed.
 * `HEADWORKS_LAW_SEED` draws others; fast-check prints the seed and the case of a failure.
 */

import fc from "fast-check";

const SEED = 20261120;

fc.configureGlobal({ seed: Number(process.env["HEADWORKS_LAW_SEED"] ?? SEED) });
