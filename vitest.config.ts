import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // Every core: the tests compute and hardly wait.
    maxWorkers: "100%",
    testTimeout: 60_000,
  },
});
