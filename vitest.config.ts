import { sep } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));
const rooms = ["models", "properties", "src"].map((room) => root + room + sep);

/**
 * What is tested is what is built: sources are taken from dist, as Node runs them, which is several times faster than through
 * a transformation that makes every import a lookup. test/build.ts builds them before the first test.
 */
const built: Plugin = {
  name: "built",
  enforce: "pre",
  async resolveId(source, importer) {
    if (importer === undefined || !source.startsWith(".")) return null;
    const found = await this.resolve(source, importer, { skipSelf: true });
    const file = found?.id ?? "";
    return rooms.some((room) => file.startsWith(room)) ? { id: file.replace(root, `${root}dist${sep}`).replace(/\.ts$/u, ".js"), external: true } : null;
  },
};

export default defineConfig({
  plugins: [built],
  test: {
    server: { deps: { external: [/\/dist\/(?:models|properties|src)\//u] } },
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // Every core: the tests compute and hardly wait.
    maxWorkers: "100%",
    // Views are made by the million and soon forgotten.
    execArgv: ["--max-semi-space-size=64"],
    // No test changes what others see of a module. So each is loaded and made fast once a core, not once a file.
    // What a module of ours that several tests share registers by itself (`afterAll`) is registered for the first of them only.
    isolate: false,
    globalSetup: ["test/build.ts", "test/run-folder.ts"],
    setupFiles: ["test/fast-check.ts"],
    testTimeout: 60_000,
  },
});
