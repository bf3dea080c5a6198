/** Everything that this worker loads lazily. */

import { engines, systems } from "virtual:headworks/kernels";

export async function preload(): Promise<void> {
  const data = [...Object.values(systems), ...Object.values(engines)].map((load) => load());
  await Promise.all([
    ...data,
    import("./questions.ts"),
    import("virtual:headworks/demo-trace"),
    import("../../src/core/quantity.ts"),
    import("../../src/core/expression.ts"),
  ]);
}
