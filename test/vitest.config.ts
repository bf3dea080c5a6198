import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// vitest reads a configuration file's default export, and only that.
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  // No test needs the network of the machine, and none depends on where it stands.
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/fixed-seed.ts"],
    // Generous: a loaded two-core machine is slow, and a hang still ends.
    testTimeout: 60_000,
    // The first browser test may have to install a browser.
    hookTimeout: 300_000,
    env: { TZ: "UTC", LC_ALL: "C" },
  },
});
