/**
 * Reads `/proc/buddyinfo`: how many free blocks of each order every populated zone has.
 *
 * Follows frag_show_print(), mm/vmstat.c, v6.12. Isolated blocks are counted too. The number of columns is the number of
 * orders, MAX_PAGE_ORDER + 1. All versions print alike.
 */
import { zoneTypes } from "../../models/index.ts";
import type { NodeId, ZoneType } from "../../models/index.ts";
import { decimal, misshapen, oneOf, quote, shaped, textLines, wholeNumber } from "./shape.ts";
import type { Shaped } from "./shape.ts";

export interface BuddyLine {
  readonly node: NodeId;
  readonly type: ZoneType;
  /** free_area[order].nr_free; index is the order. */
  readonly nrFree: readonly number[];
}

/** More orders than any kernel can be built with. */
export const mostOrders = 32;

export function parseBuddyinfo(text: string, file = "proc/buddyinfo"): Shaped<readonly BuddyLine[]> {
  const lines = textLines(file, text);
  if (!lines.ok) return lines;
  const zones: BuddyLine[] = [];
  for (const [index, line] of lines.value.entries()) {
    const fields = /^Node +(\d+), zone +(\S+) +(\S.*?) *$/u.exec(line);
    const node = decimal(fields?.[1] ?? "");
    const type = oneOf(zoneTypes, fields?.[2] ?? "");
    if (node === undefined || type === undefined) return misshapen(file, index + 1, quote(line), "`Node N, zone NAME` and a count for each order");
    const nrFree: number[] = [];
    for (const cell of (fields?.[3] ?? "").split(/ +/u)) {
      const count = decimal(cell);
      if (count === undefined) return misshapen(file, index + 1, quote(cell), `${wholeNumber} for order ${nrFree.length}`);
      nrFree.push(count);
    }
    const columns = zones[0]?.nrFree.length ?? nrFree.length;
    if (nrFree.length !== columns || columns > mostOrders) return misshapen(file, index + 1, `${nrFree.length} counts`, `${Math.min(columns, mostOrders)}, one for each order`);
    if (zones.some((zone) => zone.node === node && zone.type === type)) return misshapen(file, index + 1, quote(line), "each zone once");
    zones.push({ node, type, nrFree });
  }
  return shaped(zones);
}
