/** The captures of real machines, unpacked, and sources made from them with something changed. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { available, directorySource, notAvailable } from "../../src/audit/source.ts";
import type { FileSource } from "../../src/audit/source.ts";

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
});

export function capture(name: CaptureName): FileSource {
  return { ...directorySource(captureFolder(name)), root: name };
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
        const copy = bytes.slice();
        const view = new DataView(copy.buffer);
        for (const [pfn, word] of changes) {
          const at = pfn * 8 - from;
          if (at >= 0 && at + 8 <= copy.length) view.setBigUint64(at, word, true);
        }
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
