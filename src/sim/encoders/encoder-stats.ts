/** What encoder workers have done. */

import { QuantileSketch } from "../../core/index.ts";

export class EncoderStats {
  /** Requests that came, were encoded, and were given up here. */
  taken = 0;
  served = 0;
  left = 0;
  passes = 0;
  /** Images of passes that ended, those that a cache spared included. */
  images = 0;
  deaths = 0;
  /** Times that a request had to begin anew at another encoder worker, and requests whose embeddings never came. */
  moved = 0;
  missed = 0;
  transfers = 0;
  bytes = 0;
  readonly waitUs = new QuantileSketch();
  readonly stageUs = new QuantileSketch();
  readonly transferUs = new QuantileSketch();
}
