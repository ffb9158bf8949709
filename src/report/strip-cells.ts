/** Which letter a frame, and a cell of several frames, has in the strip of the memory; the legend of the letters. */
import { FrameFlag, FrameUse } from "../../models/index.ts";
import type { Migratetype } from "../../models/index.ts";
import type { FrameFacts } from "./frame-columns.ts";

/** A cell whose frames do not all have the same letter. */
export const mixedLetter = "+";

/** A cell without a present section. */
export const nothingLetter = " ";

const legend: Readonly<Record<string, string>> = {
  ".": "free",
  m: "allocated, movable",
  u: "allocated, unmovable",
  a: "allocated",
  p: "on a per-CPU list",
  r: "reserved at boot",
  v: "memmap",
  s: "self-hosted memmap",
  o: "PageOffline",
  d: "PageOffline, dropped",
  x: "poisoned",
  X: "poisoned, and still in use or free",
  "!": "lost: nobody has it",
  g: "guard page",
  "-": "offline",
  h: "hole",
  _: "absent subsection",
  z: "device",
  "?": "unknown",
  [mixedLetter]: "several of these",
};

const uses: ReadonlyMap<number, string> = new Map<number, string>([
  [FrameUse.Unknown, "?"],
  [FrameUse.Absent, "_"],
  [FrameUse.Hole, "h"],
  [FrameUse.Offline, "-"],
  [FrameUse.Reserved, "r"],
  [FrameUse.Free, "."],
  [FrameUse.Pcp, "p"],
  [FrameUse.Allocated, "a"],
  [FrameUse.Memmap, "v"],
  [FrameUse.SelfHosted, "s"],
  [FrameUse.PageOffline, "o"],
  [FrameUse.PageOfflineDropped, "d"],
  [FrameUse.Poisoned, "x"],
  [FrameUse.Limbo, "!"],
  [FrameUse.Guard, "g"],
  [FrameUse.Device, "z"],
]);

/** The letter of one frame. */
export function frameLetter(facts: FrameFacts | undefined): string {
  if (facts === undefined) return nothingLetter;
  const { use, flags } = facts;
  if (hasFlag(flags, FrameFlag.Hwpoison) && use !== FrameUse.Poisoned) return "X";
  if (use === FrameUse.Allocated && hasFlag(flags, FrameFlag.Movable)) return "m";
  if (use === FrameUse.Allocated && hasFlag(flags, FrameFlag.Unmovable)) return "u";
  return uses.get(use) ?? "?";
}

/** The letter of a cell of several frames. */
export function cellLetter(letters: Iterable<string>): string {
  let first: string | undefined;
  for (const letter of letters) {
    first ??= letter;
    if (letter !== first) return mixedLetter;
  }
  return first ?? nothingLetter;
}

/** What the letters mean, for those that were used, in the order of the legend. */
export function legendOf(used: ReadonlySet<string>): readonly string[] {
  return Object.entries(legend)
    .filter(([letter]) => used.has(letter))
    .map(([letter, meaning]) => `${letter} ${meaning}`);
}

const types: Readonly<Record<Migratetype, string>> = { Unmovable: "U", Movable: "M", Reclaimable: "R", HighAtomic: "H", CMA: "C", Isolate: "I" };

/** The letter of a pageblock. */
export function typeLetter(type: Migratetype): string {
  return types[type];
}

/** What the letters of pageblocks mean, for those that were used. */
export function typeLegendOf(used: ReadonlySet<string>): readonly string[] {
  const all: readonly (readonly [string, string])[] = Object.entries(types).map(([name, letter]) => [letter, name === "Isolate" ? "isolated" : name] as const);
  return all.filter(([letter]) => used.has(letter)).map(([letter, name]) => `${letter} ${name}`);
}

function hasFlag(flags: number, flag: number): boolean {
  return Math.floor(flags / flag) % 2 === 1;
}
