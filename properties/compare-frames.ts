/**
 * In what two frame tables differ. Tables of the same frames are compared column by column; a column that says nothing in
 * one of them, and a frame whose use is unknown in one, is not compared.
 */
import { FrameUse, NONE, hex, rangeEnd, rangesOverlap, showRange, toPfn } from "../models/index.ts";
import type { FrameTable, View } from "../models/index.ts";
import type { Differ } from "./compare.ts";
import { FrameEvidence, useName, zoneName } from "./evidence.ts";
import { hasNeed } from "./rule.ts";

export const columns = ["use", "flags", "zone", "order"] as const;

type Column = (typeof columns)[number];

export function compareFrames(a: View, b: View, tableA: FrameTable, tableB: FrameTable, differ: Differ): void {
  const aligned = tableA.ranges.length === tableB.ranges.length && tableA.ranges.every((range, index) => range.start === tableB.ranges[index]?.start && range.nrPages === tableB.ranges[index]?.nrPages);
  if (!aligned) differ("frames", () => [{ where: "frames", was: tableA.ranges.map(showRange).join(" "), is: tableB.ranges.map(showRange).join(" ") }]);
  const shared = aligned ? undefined : sharedRows(tableA, tableB);
  for (const column of columns) {
    if (shared === undefined ? agreeInAll(column, tableA[column], tableB[column]) : shared.every(([rowA, rowB]) => agree(column, tableA[column][rowA], tableB[column][rowB]))) continue;
    if (column !== "use" && (!hasNeed(a, `frames.${column}`) || !hasNeed(b, `frames.${column}`))) continue;
    differ(`frames.${column}`, () => {
      const found = new FrameEvidence();
      for (const [rowA, rowB, pfn] of shared ?? sharedRows(tableA, tableB)) {
        if (!agree(column, tableA[column][rowA], tableB[column][rowB])) found.add(toPfn(pfn), showByte(a, column, tableA[column][rowA]), showByte(b, column, tableB[column][rowB]), column === "use" ? undefined : useName(tableA.use[rowA]));
      }
      return found.found;
    });
  }
}

function agree(column: Column, a: number | undefined, b: number | undefined): boolean {
  return a === b || (column === "use" && (a === FrameUse.Unknown || b === FrameUse.Unknown));
}

function agreeInAll(column: Column, a: Uint8Array, b: Uint8Array): boolean {
  for (let row = 0; row < a.length; row++) if (a[row] !== b[row] && !agree(column, a[row], b[row])) return false;
  return true;
}

/** Rows of frames that both tables have, with the frame. */
function sharedRows(a: FrameTable, b: FrameTable): readonly (readonly [rowA: number, rowB: number, pfn: number])[] {
  const shared: [number, number, number][] = [];
  let firstA = 0;
  for (const rangeA of a.ranges) {
    let firstB = 0;
    for (const rangeB of b.ranges) {
      if (rangesOverlap(rangeA, rangeB)) {
        for (let pfn: number = Math.max(rangeA.start, rangeB.start); pfn < Math.min(rangeEnd(rangeA), rangeEnd(rangeB)); pfn++) shared.push([firstA + pfn - rangeA.start, firstB + pfn - rangeB.start, pfn]);
      }
      firstB += rangeB.nrPages;
    }
    firstA += rangeA.nrPages;
  }
  return shared;
}

const flagNames = ["valid", "online", "poisoned", "movable", "unmovable"];

function showByte(view: View, column: Column, byte: number | undefined): string {
  if (byte === undefined) return "unknown";
  if (column === "use") return useName(byte);
  if (column === "zone") return byte === NONE ? "no zone" : zoneName(view, byte);
  if (column === "order") return byte === NONE ? "no order" : `order ${byte}`;
  return flagNames.filter((_name, bit) => Math.floor(byte / 2 ** bit) % 2 === 1).join(", ") || hex(byte);
}
