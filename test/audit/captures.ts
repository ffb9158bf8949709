/** The captures of real machines, unpacked, and sources made from them with something changed. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { available, directorySource, notAvailable } from "../../src/audit/source.ts";
import type { FileSource, Reading } from "../../src/audit/source.ts";

export const captureNames = ["dimm-mixed", "kernelcore", "memmap-on-memory", "virtio-mem"] as const;
export type CaptureName = (typeof captureNames)[number];

const archives = fileURLToPath(new URL("../fixtures/captures", import.meta.url));
const folders = new Map<CaptureName, string>();

/** The folder of a capture, unpacked when it is first asked for and taken away after the tests of the file. */
export function captureFolder(name: CaptureName): string {
  const known = folders.get(name);
  if (known !== undefined) return known;
  const folder = join(mkdtempSync(join(tmpdir(), "framecheck-")), name);
  mkdirSync(folder);
  execFileSync("tar", ["-xzf", join(archives, `${name}.tgz`), "-C", folder]);
  folders.set(name, folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders.values()) rmSync(join(folder, ".."), { recursive: true });
  folders.clear();
  sources.clear();
});

const sources = new Map<CaptureName, FileSource>();

/** A capture, read from its folder once and kept in memory for the tests of the file. */
export function capture(name: CaptureName): FileSource {
  const known = sources.get(name);
  if (known !== undefined) return known;
  const source = { ...inMemory(directorySource(captureFolder(name))), root: name };
  sources.set(name, source);
  return source;
}

const pieceBytes = 2 ** 20;

function inMemory(base: FileSource): FileSource {
  const texts = new Map<string, ReturnType<FileSource["text"]>>();
  const lists = new Map<string, ReturnType<FileSource["names"]>>();
  const files = new Map<string, Reading<Uint8Array>>();
  const whole = (path: string): Reading<Uint8Array> => {
    const pieces: Uint8Array[] = [];
    const length = base.stream(path, (bytes) => pieces.push(bytes.slice()));
    // A plain array: what slice() of a Buffer gives is no copy.
    return length.available ? available(Uint8Array.from(Buffer.concat(pieces))) : length;
  };
  return {
    ...base,
    text: (path) => remembered(texts, path, () => base.text(path)),
    names: (path) => remembered(lists, path, () => base.names(path)),
    stream: (path, piece) => {
      const file = remembered(files, path, () => whole(path));
      if (!file.available) return file;
      for (let at = 0; at < file.value.length; at += pieceBytes) piece(file.value.subarray(at, at + pieceBytes));
      return available(file.value.length);
    },
  };
}

function remembered<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

export interface Edits {
  /** New text of files, from the old one. */
  readonly text?: Readonly<Record<string, (text: string) => string>>;
  /** Files that the base does not have. */
  readonly add?: Readonly<Record<string, string>>;
  /** Words of kpageflags and kpagecount, by frame. */
  readonly words?: Readonly<Record<string, readonly (readonly [pfn: number, word: bigint])[]>>;
  /** Files and folders that are gone. */
  readonly without?: readonly string[];
  /** As if it were a running machine. */
  readonly live?: boolean;
}

/** A source like the base with some files changed. An edit that changes nothing is a mistake of the test. */
export function edited(base: FileSource, { text = {}, add = {}, words = {}, without = [], live = base.live }: Edits): FileSource {
  const gone = (path: string): boolean => without.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  return {
    root: base.root,
    live,
    text: (path) => {
      if (gone(path)) return notAvailable("no such file");
      const added = add[path];
      if (added !== undefined) return available(added);
      const reading = base.text(path);
      const change = text[path];
      if (!reading.available || change === undefined) return reading;
      const changed = change(reading.value);
      if (changed === reading.value) throw new Error(`the edit of ${path} changes nothing`);
      return available(changed);
    },
    names: (path) => {
      if (gone(path)) return notAvailable("no such file");
      const own = Object.keys(add).flatMap((file) => (file.startsWith(`${path}/`) ? [file.slice(path.length + 1).split("/")[0] ?? ""] : []));
      const reading = base.names(path);
      if (!reading.available && own.length === 0) return reading;
      const names = reading.available ? reading.value : [];
      return available([...new Set([...names.filter((name) => !gone(`${path}/${name}`)), ...own])].toSorted());
    },
    stream: (path, piece) => {
      if (gone(path)) return notAvailable("no such file");
      const changes = words[path] ?? [];
      let from = 0;
      return base.stream(path, (bytes) => {
        const inside = changes.filter(([pfn]) => pfn * 8 >= from && pfn * 8 + 8 <= from + bytes.length);
        const copy = inside.length === 0 ? bytes : Uint8Array.from(bytes);
        for (const [pfn, word] of inside) new DataView(copy.buffer).setBigUint64(pfn * 8 - from, word, true);
        from += bytes.length;
        piece(copy);
      });
    },
  };
}

/** Replaces exactly one occurrence of a text. */
export function replaceOnce(from: string, to: string): (text: string) => string {
  return (text) => {
    if (text.split(from).length !== 2) throw new Error(`expected ${JSON.stringify(from)} once, found it ${text.split(from).length - 1} times`);
    return text.replace(from, () => to);
  };
}

/** Changes the nth line (from 1) of a file. */
export function line(nth: number, change: (text: string) => string): (text: string) => string {
  return (text) => text.split("\n").map((entry, index) => (index === nth - 1 ? change(entry) : entry)).join("\n");
}
