/**
 * Where files come from: the root of a running machine, or a folder into which its files were saved.
 *
 * A file that is not there, or that this user may not read, is *not available*, with the reason; that is never an exception
 * and never an empty file.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, readdirSync } from "node:fs";
import { join, normalize } from "node:path";

export type Reading<T> = Available<T> | NotAvailable;
export interface Available<T> {
  readonly available: true;
  readonly value: T;
}
export interface NotAvailable {
  readonly available: false;
  /** In words: `no such file`, `permission denied`. */
  readonly why: string;
}

/** A small view of a file system. Paths are relative to the root and begin without a slash. */
export interface FileSource {
  /** As messages name it. */
  readonly root: string;
  /** A running machine: its files can be read again, and give other numbers then. */
  readonly live: boolean;
  readonly text: (path: string) => Reading<string>;
  /** The names in a folder, sorted. */
  readonly names: (path: string) => Reading<readonly string[]>;
  /** A binary file in pieces, in order. Each piece may be overwritten after the call. Gives the length in bytes. */
  readonly stream: (path: string, piece: (bytes: Uint8Array) => void) => Reading<number>;
}

export function available<T>(value: T): Available<T> {
  return { available: true, value };
}

export function notAvailable(why: string): NotAvailable {
  return { available: false, why };
}

/** The largest text file that is read. `/proc/zoneinfo` of 1024 CPUs and 8 nodes has about 2 MiB. */
const longestText = 64 * 2 ** 20;
const pieceBytes = 2 ** 20;

// Without waiting: a named pipe in a saved tree would never open.
const openFlags = constants.O_RDONLY + constants.O_NONBLOCK;

/** Reads below a folder. `/` is the running machine. */
export function directorySource(root: string): FileSource {
  return {
    root,
    live: normalize(root) === "/",
    text: (path) =>
      guarded(() => {
        const file = openSync(join(root, path), openFlags);
        try {
          const stat = fstatSync(file);
          if (!stat.isFile()) return notAvailable("not a regular file");
          if (stat.size > longestText) return notAvailable(`larger than ${longestText} bytes`);
          return available(readFileSync(file, "latin1"));
        } finally {
          closeSync(file);
        }
      }),
    names: (path) => guarded(() => available(readdirSync(join(root, path)).toSorted())),
    stream: (path, piece) =>
      guarded(() => {
        const file = openSync(join(root, path), openFlags);
        try {
          return fstatSync(file).isFile() ? available(streamFile(file, piece)) : notAvailable("not a regular file");
        } finally {
          closeSync(file);
        }
      }),
  };
}

/**
 * The source without files that something else is mounted over: in a container `/proc/meminfo` may show what the container
 * is allowed, which has nothing to do with the memory of the machine.
 */
export function uncovered(source: FileSource): FileSource {
  const mounts = source.live ? source.text("proc/self/mounts") : notAvailable("a saved tree has no mounts");
  if (!mounts.available) return source;
  const covered = new Set(mounts.value.split("\n").map((line) => line.split(" ")[1] ?? ""));
  const refuse = <T>(path: string, read: () => Reading<T>): Reading<T> => (covered.has(`/${path}`) ? notAvailable("something else is mounted over it") : read());
  return {
    ...source,
    text: (path) => refuse(path, () => source.text(path)),
    stream: (path, piece) => refuse(path, () => source.stream(path, piece)),
  };
}

// The kernel wants reads of whole words, so the buffer is a multiple of one.
function streamFile(file: number, piece: (bytes: Uint8Array) => void): number {
  const buffer = new Uint8Array(pieceBytes);
  let total = 0;
  for (;;) {
    const length = readSync(file, buffer, 0, pieceBytes, null);
    if (length === 0) return total;
    total += length;
    piece(buffer.subarray(0, length));
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "not a regular file",
};

function guarded<T>(read: () => Reading<T>): Reading<T> {
  try {
    return read();
  } catch (error) {
    // Only what the file system answers is an expected error; anything else is a defect of the reader.
    if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string" || !/^E[A-Z0-9]+$/u.test(error.code)) throw error;
    return notAvailable(reasons[error.code] ?? error.code);
  }
}
