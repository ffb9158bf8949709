/**
 * The memory before and after the breaking command: one cell a frame, or a pageblock or more where a block is large;
 * only the rows that changed or that the evidence names, and their neighbours.
 */
import { blockPages, hex, pageblockPages, rangeEnd } from "../../models/index.ts";
import type { Geometry, PfnRange, View } from "../../models/index.ts";
import { coalesce } from "./names.ts";
import { hanging, kept, wrap } from "./lines.ts";
import { legendOf, typeLegendOf } from "./strip-cells.ts";
import { createSides, firstChanged, gutterWidth, readRow, rowLines, rowTitle } from "./strip-row.ts";
import type { Row, Scale, Sides, UsedLetters } from "./strip-row.ts";
import type { Theme } from "./theme.ts";

export interface StripOptions {
  readonly width: number;
  readonly theme: Theme;
}

/** Blocks of up to this many frames are shown frame by frame. */
const mostSingleFrames = 256;

/** Cells of one block, where its pageblocks are so large that they would be fewer. */
const fewestCellsOfBlock = 32;

/** Rows of one block. */
const mostRowsOfBlock = 4;

/** Rows of the whole strip; those that the evidence names come first. */
const mostRows = 10;

/** Rows that show single frames of a strip of pageblocks. */
const mostCloseUps = 3;

export interface Strip {
  /** What a cell is: `one cell is a frame`. */
  readonly cell: string;
  /** Empty: no frame changed and none is named. */
  readonly lines: readonly string[];
}

/** What all parts of a strip share. */
interface Drawing {
  readonly sides: Sides;
  readonly rows: readonly Row[];
  readonly scale: Scale;
  readonly width: number;
  readonly addressWidth: number;
  readonly theme: Theme;
  readonly used: UsedLetters;
}

/** The strip, or undefined where the views show no frames. */
export function strip(before: View, after: View, named: readonly PfnRange[], { width, theme }: StripOptions): Strip | undefined {
  const shown = coalesce([...(before.frames?.ranges ?? []), ...(after.frames?.ranges ?? [])]);
  const last = shown.at(-1);
  if (last === undefined) return undefined;
  const addressWidth = hex(rangeEnd(last) - 1).length;
  const scale = scaleOf(after.geometry, width - gutterWidth(addressWidth));
  const sides = createSides(before, after, named);
  const rows = rowStarts(shown, scale).map((start) => readRow(sides, scale, start));
  if (rows.every(({ changed, named: concerned }) => !changed && !concerned)) return { cell: cellWords(after.geometry, scale), lines: [] };
  const drawing: Drawing = { sides, rows, scale, width, addressWidth, theme, used: { frames: new Set(), types: new Set(), marks: new Set() } };
  const lines = [...chosenLines(drawing, chooseRows(rows)), ...(scale.framesPerCell === 1 ? [] : closeUps(drawing))];
  return { cell: cellWords(after.geometry, scale), lines: [...lines, ...legend(drawing)] };
}

function scaleOf(geometry: Geometry, room: number): Scale {
  const block = blockPages(geometry);
  if (block <= mostSingleFrames) return fitted(1, block, pageblockPages(geometry), room);
  let framesPerCell = Math.min(pageblockPages(geometry), block / fewestCellsOfBlock);
  while (fitted(framesPerCell, block / framesPerCell, 8, room).cells * mostRowsOfBlock < block / framesPerCell) framesPerCell *= 2;
  return fitted(framesPerCell, block / framesPerCell, 8, room);
}

/** The most cells, a power of two, that fit with their gaps; at least 8. */
function fitted(framesPerCell: number, cellsOfBlock: number, group: number, room: number): Scale {
  let cells = cellsOfBlock;
  while (cells > 8 && cells + Math.ceil(cells / group) - 1 > room) cells /= 2;
  return { framesPerCell, cells, group };
}

function cellWords(geometry: Geometry, { framesPerCell }: Scale): string {
  if (framesPerCell === 1) return "one cell is a frame";
  const pageblocks = framesPerCell / pageblockPages(geometry);
  if (pageblocks < 1) return `one cell is ${framesPerCell} frames`;
  return pageblocks === 1 ? `one cell is a pageblock, ${framesPerCell} frames` : `one cell is ${pageblocks} pageblocks, ${framesPerCell} frames`;
}

function rowStarts(shown: readonly PfnRange[], { cells, framesPerCell }: Scale): readonly number[] {
  const size = cells * framesPerCell;
  const starts = new Set<number>();
  for (const range of shown) for (let start = range.start - (range.start % size); start < rangeEnd(range); start += size) starts.add(start);
  return [...starts].toSorted((a, b) => a - b);
}

/** Indexes of the rows to show: named ones, changed ones, then neighbours of those, as long as there is room. */
function chooseRows(rows: readonly Row[]): ReadonlySet<number> {
  const chosen = new Set<number>();
  const add = (index: number): void => {
    if (chosen.size < mostRows && rows[index] !== undefined) chosen.add(index);
  };
  for (const [index, row] of rows.entries()) if (row.named) add(index);
  for (const [index, row] of rows.entries()) if (row.changed) add(index);
  for (const index of [...chosen].toSorted((a, b) => a - b)) for (const neighbour of [index - 1, index + 1]) add(neighbour);
  return chosen;
}

function chosenLines({ sides, rows, scale, width, addressWidth, theme, used }: Drawing, chosen: ReadonlySet<number>): readonly string[] {
  const lines: string[] = [];
  const dots = theme.paint("faint", `  ${theme.glyphs.ellipsis}`);
  let title = "";
  for (const [index, row] of rows.entries()) {
    if (!chosen.has(index)) {
      if (index === 0 || chosen.has(index - 1)) lines.push(dots);
      title = "";
      continue;
    }
    const over = rowTitle(sides, row, theme);
    if (over !== title) lines.push(...hanging(over, 2, width).map((line) => theme.paint("label", line)));
    title = over;
    lines.push(...rowLines(row, scale, addressWidth, theme, used));
  }
  const left = rows.filter((row, index) => (row.changed || row.named) && !chosen.has(index)).length;
  return left === 0 ? lines : [...lines, `  ${theme.glyphs.ellipsis} ${left} more rows changed`];
}

/** Rows of single frames around what the evidence names, and around the first frames that changed. */
function closeUps({ sides, rows, scale, width, addressWidth, theme, used }: Drawing): readonly string[] {
  const close: Scale = fitted(1, 64, 8, width - gutterWidth(addressWidth));
  const starts: number[] = [];
  const add = (pfn: number | undefined): void => {
    if (pfn === undefined || starts.length === mostCloseUps) return;
    const start = pfn - (pfn % close.cells);
    if (!starts.includes(start)) starts.push(start);
  };
  for (const { start } of sides.named) add(start);
  for (const row of rows) if (row.changed) add(firstChanged(sides, row.start, scale.cells * scale.framesPerCell));
  if (starts.length === 0) return [];
  return ["", "  close-up, one cell is a frame", ...starts.toSorted((a, b) => a - b).flatMap((start) => rowLines(readRow(sides, close, start), close, addressWidth, theme, used))];
}

function legend({ used, width, theme }: Drawing): readonly string[] {
  const marks = theme.colour ? [] : [...(used.marks.has("changed") ? [`${theme.glyphs.changed} changed`] : []), ...(used.marks.has("named") ? [`${theme.glyphs.named} named below`] : [])];
  const entries = [legendOf(used.frames), typeLegendOf(used.types), marks].filter((part) => part.length > 0).map((part) => part.map(kept).join("; "));
  return entries.length === 0 ? [] : ["", ...entries.flatMap((entry) => wrap(entry, width - 2).map((line) => theme.paint("faint", `  ${line}`)))];
}
