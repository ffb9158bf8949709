/** Writing a file whole or not at all. */
import { closeSync, existsSync, fchmodSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { faulty, parsed } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";
import { systemError } from "./read-file.ts";

/** Temporary names tried before giving up; each was left behind by a process that was killed. */
const maxTemporaries = 100;

/**
 * Writes the text under that name, or says in one line why not. The text goes to a new file in the same directory,
 * is brought to the disk and takes the name in one step: whoever reads sees the old content or the new, and a failure
 * leaves the old one. A symbolic link stays, its target is replaced; the permissions of an old file are kept.
 */
export function writeFileAtomically(name: string, text: string): Parsed<string> {
  let temporary: string | undefined;
  try {
    const target = existsSync(name) ? realpathSync(name) : name;
    const mode = oldMode(target);
    if (mode === "not a file") return faulty(name, "", "can not be written: expected a file or a new name, got something else of that name");
    const made = openTemporary(target);
    temporary = made.path;
    try {
      if (mode !== undefined) fchmodSync(made.descriptor, mode);
      writeFileSync(made.descriptor, text);
      fsyncSync(made.descriptor);
    } finally {
      closeSync(made.descriptor);
    }
    renameSync(temporary, target);
    temporary = undefined;
    syncDirectory(dirname(target));
    return parsed(name);
  } catch (error) {
    return faulty(name, "", `can not be written: ${systemError(error)}`);
  } finally {
    if (temporary !== undefined) rmSync(temporary, { force: true });
  }
}

function oldMode(target: string): number | "not a file" | undefined {
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.isFile() ? stat.mode % 0o10000 : "not a file";
}

function openTemporary(target: string): { readonly path: string; readonly descriptor: number } {
  for (let attempt = 0; ; attempt++) {
    const path = join(dirname(target), `.${basename(target).slice(0, 200)}.${process.pid}.${attempt}.tmp`);
    try {
      return { path, descriptor: openSync(path, "wx") };
    } catch (error) {
      const taken = error instanceof Error && "code" in error && error.code === "EEXIST";
      if (!taken || attempt === maxTemporaries) throw error;
    }
  }
}

// The new name itself is on the disk only when the directory is. Some systems can not open one; the file is whole either way.
function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
