import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // Every core: the tests compute and hardly wait.
    maxWorkers: "100%",
    // No test changes what others see of a module. So each is loaded and made fast once a core, not once a file.
    // What a module of ours that several tests share registers by itself (`afterAll`) is registered for the first of them only.
    isolate: false,
    globalSetup: ["test/run-folder.ts"],
    setupFiles: ["test/fast-check.ts"],
    testTimeout: 60_000,
  },
});
