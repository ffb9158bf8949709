/** Reading a file that a user named. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { maxFileBytes } from "./json-text.ts";
import { faulty, parsed } from "./parsed.ts";
import type { InputFile, Parsed } from "./parsed.ts";

/** The file, or one line that says why not. Never takes more than one byte beyond the limit into memory, pipes included. */
export function readInputFile(name: string, limit: number = maxFileBytes): Parsed<InputFile> {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(name, "r");
    const stat = fstatSync(descriptor);
    if (stat.isDirectory()) return faulty(name, "", "expected a file, got a directory");
    if (stat.isFile() && stat.size > limit) return faulty(name, "", `${stat.size} bytes, expected at most ${limit}`);
    const bytes = readUpTo(descriptor, limit + 1);
    return bytes.length > limit ? faulty(name, "", `more than ${limit} bytes, expected at most that`) : parsed({ name, bytes });
  } catch (error) {
    return faulty(name, "", `can not be read: ${systemError(error)}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readUpTo(descriptor: number, most: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (total < most) {
    const chunk = new Uint8Array(Math.min(1024 * 1024, most - total));
    const length = readSync(descriptor, chunk);
    if (length === 0) break;
    chunks.push(chunk.subarray(0, length));
    total += length;
  }
  return Buffer.concat(chunks);
}

const meanings: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  ENOSPC: "no space left",
  EROFS: "the file system is read-only",
};

/** What the system said, in words. Anything but an error of the system is a defect of ours and thrown on. */
export function systemError(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error;
  const meaning = meanings[error.code];
  return meaning === undefined ? error.code : `${error.code}, ${meaning}`;
}
