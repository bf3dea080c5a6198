/** What a cluster may have besides its workers: a fabric, and workers that encode images. */

import { encodersSchema } from "./encoders/encoder-schema.ts";
import { fabricSchema } from "./fabric-schema.ts";

export const clusterKeys = {
  fabric: fabricSchema.nullable().default(null).meta({
    description: "nodes, links and network around the workers; null: nothing that they share",
  }),
  encoders: encodersSchema
    .nullable()
    .default(null)
    .meta({
      description:
        "workers that only encode images, whose embeddings then move to the workers of the prompts (E/P/D); " +
        "null: every worker encodes its own; needs traffic.images",
    }),
};
