/** Everything that tests write to a temporary folder goes into one for the whole run, which is taken away at its end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Short: reports break lines that a longer path makes too wide.
let folder = "";

/** Runs before the processes of the tests are started, which take the environment over. */
export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), "fc-"));
  process.env.TMPDIR = folder;
}

export function teardown(): void {
  rmSync(folder, { recursive: true, force: true });
}
