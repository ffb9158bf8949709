/** One row of the strip: its cells before and after, and its lines. */
import { NONE, blockPages, hex, pageblockPages } from "../../models/index.ts";
import type { Migratetype, PfnRange, View } from "../../models/index.ts";
import { frameLookup, sameFacts } from "./frame-columns.ts";
import type { FrameFacts, FrameLookup } from "./frame-columns.ts";
import { cellLetter, frameLetter, nothingLetter, typeLetter } from "./strip-cells.ts";
import { zoneName } from "./names.ts";
import type { Theme } from "./theme.ts";

/** How many frames a row and its cells have. */
export interface Scale {
  readonly framesPerCell: number;
  readonly cells: number;
  /** Cells between two gaps. */
  readonly group: number;
}

/** The two views, ready to be looked up. */
export interface Sides {
  readonly view: View;
  readonly before: Side;
  readonly after: Side;
  /** The frames that the evidence names. */
  readonly named: readonly PfnRange[];
}

interface Side {
  readonly view: View;
  readonly frame: FrameLookup;
  readonly types: ReadonlyMap<number, Migratetype>;
}

interface Cell {
  readonly before: string;
  readonly after: string;
  readonly typeBefore: string;
  readonly typeAfter: string;
  readonly framesChanged: boolean;
  readonly named: boolean;
  /** Zone of its first frame, or NONE. */
  readonly zone: number;
}

export interface Row {
  readonly start: number;
  readonly cells: readonly Cell[];
  readonly changed: boolean;
  readonly named: boolean;
}

export function createSides(before: View, after: View, named: readonly PfnRange[]): Sides {
  return { view: after, before: sideOf(before), after: sideOf(after), named };
}

function sideOf(view: View): Side {
  return { view, frame: frameLookup(view.frames), types: new Map((view.pageblocks ?? []).map(({ start, type }) => [start, type])) };
}

export function readRow(sides: Sides, scale: Scale, start: number): Row {
  const cells = Array.from({ length: scale.cells }, (_, index) => readCell(sides, scale, start, start + index * scale.framesPerCell));
  return { start, cells, changed: cells.some(({ framesChanged, typeBefore, typeAfter }) => framesChanged || typeBefore !== typeAfter), named: cells.some(({ named }) => named) };
}

/** The first frame of the row that changed, or undefined. */
export function firstChanged(sides: Sides, start: number, nrPages: number): number | undefined {
  for (let pfn = start; pfn < start + nrPages; pfn++) if (!sameFacts(sides.before.frame(pfn), sides.after.frame(pfn))) return pfn;
  return undefined;
}

function readCell({ view, before, after, named }: Sides, scale: Scale, rowStart: number, start: number): Cell {
  const end = start + scale.framesPerCell;
  const factsBefore: (FrameFacts | undefined)[] = [];
  const factsAfter: (FrameFacts | undefined)[] = [];
  for (let pfn = start; pfn < end; pfn++) {
    factsBefore.push(before.frame(pfn));
    factsAfter.push(after.frame(pfn));
  }
  const size = pageblockPages(view.geometry);
  const types = (side: Side): string => typeOfCell(side, size, scale, rowStart, start);
  const [typeBefore, typeAfter] = [types(before), types(after)];
  const links = factsAfter[0]?.zone ?? NONE;
  return {
    before: cellLetter(factsBefore.map(frameLetter)),
    after: cellLetter(factsAfter.map(frameLetter)),
    typeBefore,
    typeAfter,
    framesChanged: factsBefore.some((facts, index) => !sameFacts(facts, factsAfter[index])),
    named: named.some((range) => range.start < end && start < range.start + range.nrPages),
    zone: links === NONE ? (factsBefore[0]?.zone ?? NONE) : links,
  };
}

/** The letter of the pageblock that begins at the cell, or of the one that the row begins in; of all pageblocks of a large cell. */
function typeOfCell(side: Side, size: number, scale: Scale, rowStart: number, start: number): string {
  const first = start - (start % size);
  if (first !== start && start !== rowStart) return nothingLetter;
  const letters: string[] = [];
  for (let pageblock = first; pageblock < start + scale.framesPerCell; pageblock += size) {
    const type = side.types.get(pageblock);
    letters.push(type === undefined ? nothingLetter : typeLetter(type));
  }
  return cellLetter(letters);
}

/** Letters of frames and of pageblocks that the lines of rows use. */
export interface UsedLetters {
  readonly frames: Set<string>;
  readonly types: Set<string>;
  readonly marks: Set<"changed" | "named" | undefined>;
}

/** What stands over a row: the block, its state and its zones. */
export function rowTitle({ view, before, after }: Sides, row: Row, theme: Theme): string {
  const block = Math.floor(row.start / blockPages(view.geometry));
  const state = (side: Side): string | undefined => side.view.blocks?.find((entry) => entry.block === block)?.state;
  const [was, is] = [state(before), state(after)];
  const words = was === is ? is : `${was ?? "not there"} ${theme.glyphs.arrow} ${is ?? "gone"}`;
  const zones: string[] = [];
  for (const { zone } of row.cells) {
    const name = zone === NONE ? undefined : zoneName(view, zone);
    if (name !== undefined && zones.at(-1) !== name) zones.push(name);
  }
  return [`block ${block}`, ...(words === undefined ? [] : [words]), ...(zones.length === 0 ? [] : [zones.join(` ${theme.glyphs.border} `)])].join(", ");
}

const labelColumn = 8;

/** Columns in front of the cells: address and label. */
export function gutterWidth(addressWidth: number): number {
  return 2 + addressWidth + 2 + labelColumn;
}

type Mark = "changed" | "named" | undefined;

/** The lines of a row: before and after where they differ, pageblock types under the frames, marks under what changed. */
export function rowLines(row: Row, scale: Scale, addressWidth: number, theme: Theme, used: UsedLetters): readonly string[] {
  const print = printer(row, scale, theme, used);
  const typesDiffer = row.cells.some(({ typeBefore, typeAfter }) => typeBefore !== typeAfter);
  const types = (letter: (cell: Cell) => string, mark: (cell: Cell) => Mark): readonly Line[] => (row.cells.every((cell) => letter(cell) === nothingLetter) ? [] : print.cells("types", letter, mark));
  const lines: readonly Line[] = row.changed
    ? [
        ...print.cells("before", ({ before }) => before, () => undefined),
        ...(typesDiffer ? types(({ typeBefore }) => typeBefore, () => undefined) : []),
        ...print.cells("after", ({ after }) => after, frameMark),
      ]
    : print.cells("frames", ({ after }) => after, frameMark);
  return [...lines, ...types(({ typeAfter }) => typeAfter, typeMark)].map(({ label, text }, index) => `  ${(index === 0 ? hex(row.start) : "").padStart(addressWidth)}  ${label.padEnd(labelColumn)}${text}`.trimEnd());
}

function frameMark({ named, framesChanged }: Cell): Mark {
  if (named) return "named";
  return framesChanged ? "changed" : undefined;
}

function typeMark({ typeBefore, typeAfter }: Cell): Mark {
  return typeBefore === typeAfter ? undefined : "changed";
}

interface Line {
  readonly label: string;
  readonly text: string;
}

interface Printer {
  /** A line of letters, and under it a line of marks where there are any and no colour shows them. */
  readonly cells: (label: "before" | "after" | "frames" | "types", letter: (cell: Cell) => string, mark: (cell: Cell) => Mark) => readonly Line[];
}

function printer(row: Row, scale: Scale, theme: Theme, used: UsedLetters): Printer {
  const gaps = gapsOf(row, scale, theme);
  const joined = (show: (cell: Cell) => string, gap: (text: string) => string): string => row.cells.map((cell, index) => gap(gaps[index] ?? "") + show(cell)).join("");
  return {
    cells: (label, letter, mark) => {
      const letters = label === "types" ? used.types : used.frames;
      for (const cell of row.cells) if (letter(cell) !== nothingLetter) letters.add(letter(cell));
      if (row.cells.every((cell) => letter(cell) === nothingLetter)) return [{ label, text: theme.paint("faint", "not present") }];
      const line = { label, text: joined((cell) => theme.paint(mark(cell) ?? "plain", letter(cell)), (gap) => gap) };
      for (const cell of row.cells) used.marks.add(mark(cell));
      if (theme.colour || row.cells.every((cell) => mark(cell) === undefined)) return [line];
      return [line, { label: "", text: joined((cell) => markGlyph(mark(cell), theme), (gap) => " ".repeat(gap.length)) }];
    },
  };
}

function markGlyph(mark: Mark, theme: Theme): string {
  return mark === undefined ? " " : theme.glyphs[mark];
}

/** What stands in front of each cell: a zone border, a gap between groups, or nothing. */
function gapsOf(row: Row, scale: Scale, theme: Theme): readonly string[] {
  return row.cells.map(({ zone }, index) => {
    const before = row.cells[index - 1]?.zone ?? NONE;
    if (index > 0 && zone !== before && zone !== NONE && before !== NONE) return theme.glyphs.border;
    return index > 0 && index % scale.group === 0 ? " " : "";
  });
}
