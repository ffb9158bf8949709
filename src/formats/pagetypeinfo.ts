/**
 * Reads `/proc/pagetypeinfo`: free blocks by migratetype and order, and pageblocks by migratetype, of every populated zone.
 *
 * Follows pagetypeinfo_show(), mm/vmstat.c, v6.12: one part for each node with memory. Where versions and builds differ:
 * - the columns CMA and Isolate are there only where the kernel is built with them;
 * - a list longer than 100000 blocks prints as `>100000`;
 * - with page owner tracking a table of mixed pageblocks follows, which is read over.
 */
import { migratetypes, zoneTypes } from "../../models/index.ts";
import type { Migratetype, NodeId, ZoneType } from "../../models/index.ts";
import { mostOrders } from "./buddyinfo.ts";
import { alternatives, decimal, misshapen, oneOf, quote, shaped, textLines, wholeNumber } from "./shape.ts";
import type { Shaped } from "./shape.ts";

export interface PageTypes {
  readonly pageblockOrder: number;
  /** Migratetypes that this kernel has, in its order. */
  readonly types: readonly Migratetype[];
  readonly nrOrders: number;
  readonly free: readonly FreeOfType[];
  readonly blocks: readonly BlocksOfZone[];
}

export interface FreeOfType {
  readonly node: NodeId;
  readonly zone: ZoneType;
  readonly type: Migratetype;
  /** Free blocks of this type; index is the order. */
  readonly nrFree: readonly number[];
  /** Orders whose list was too long to count to its end: the number is a lower bound. */
  readonly overflow: readonly number[];
}

export interface BlocksOfZone {
  readonly node: NodeId;
  readonly zone: ZoneType;
  /** Pageblocks of each type, in the order of `types`. */
  readonly count: readonly number[];
}

interface Cursor {
  readonly file: string;
  readonly lines: readonly string[];
  at: number;
  /** What the rows read so far are about: each row stands once in the whole file. */
  readonly seen: Set<string>;
}

export function parsePagetypeinfo(text: string, file = "proc/pagetypeinfo"): Shaped<PageTypes> {
  const lines = textLines(file, text);
  if (!lines.ok) return lines;
  const cursor: Cursor = { file, lines: lines.value, at: 0, seen: new Set() };
  let all: PageTypes | undefined;
  while (cursor.at < cursor.lines.length) {
    const first = cursor.at;
    const part = parseNode(cursor);
    if (!part.ok) return part;
    if (all === undefined) {
      all = part.value;
      continue;
    }
    const { pageblockOrder, types, nrOrders, free, blocks } = part.value;
    if (pageblockOrder !== all.pageblockOrder || nrOrders !== all.nrOrders || types.join(" ") !== all.types.join(" ")) return misshapen(file, first + 1, "another geometry", "the same pageblock order, orders and types for every node");
    all = { ...all, free: [...all.free, ...free], blocks: [...all.blocks, ...blocks] };
  }
  return all === undefined ? misshapen(file, 1, "no node", "`Page block order: N`") : shaped(all);
}

function parseNode(cursor: Cursor): Shaped<PageTypes> {
  const order = parseOrder(cursor);
  if (!order.ok) return order;
  const free = parseFree(cursor);
  if (!free.ok) return free;
  const firstRow = cursor.at - free.value.free.length;
  const blocks = parseBlocks(cursor);
  if (!blocks.ok) return blocks;
  const { types } = blocks.value;
  const odd = oddRow(free.value.free, types);
  if (odd !== undefined) return misshapen(cursor.file, firstRow + odd.index + 1, quote(cursor.lines[firstRow + odd.index] ?? ""), odd.expected);
  skipMixed(cursor);
  return shaped({ pageblockOrder: order.value, types, nrOrders: free.value.nrOrders, free: free.value.free, blocks: blocks.value.blocks });
}

/** A zone has one row of free pages for each type, in the order of the second table, before the next zone begins. */
function oddRow(rows: readonly FreeOfType[], types: readonly Migratetype[]): { readonly index: number; readonly expected: string } | undefined {
  for (const [index, { node, zone, type }] of rows.entries()) {
    const first = rows[index - (index % types.length)];
    const expected = types[index % types.length];
    if (type !== expected || node !== first?.node || zone !== first.zone) return { index, expected: `type ${expected ?? ""}${first === undefined || index % types.length === 0 ? "" : ` of zone ${first.zone} of node ${first.node}`}, as \`Number of blocks type\` has it` };
  }
  const missing = types[rows.length % types.length];
  return rows.length % types.length === 0 ? undefined : { index: rows.length - 1, expected: `a row of type ${missing ?? ""} after it, as \`Number of blocks type\` has it` };
}

/** Whether an earlier row says the same thing of the same zone. */
function isRepeated(cursor: Cursor, row: string): boolean {
  const known = cursor.seen.has(row);
  cursor.seen.add(row);
  return known;
}

function line(cursor: Cursor): string {
  return cursor.lines[cursor.at] ?? "";
}

function refuse(cursor: Cursor, expected: string): ReturnType<typeof misshapen> {
  return misshapen(cursor.file, Math.min(cursor.at + 1, cursor.lines.length), cursor.at < cursor.lines.length ? quote(line(cursor)) : "the end of the file", expected);
}

function parseOrder(cursor: Cursor): Shaped<number> {
  const order = decimal(/^Page block order: (\d+)$/u.exec(line(cursor))?.[1] ?? "");
  if (order === undefined || order > mostOrders) return refuse(cursor, "`Page block order: N`");
  cursor.at++;
  const pages = decimal(/^Pages per block: +(\d+)$/u.exec(line(cursor))?.[1] ?? "");
  if (pages !== 2 ** order) return refuse(cursor, `\`Pages per block: ${2 ** order}\`, two to the order`);
  cursor.at++;
  if (line(cursor) !== "") return refuse(cursor, "an empty line");
  cursor.at++;
  return shaped(order);
}

function parseFree(cursor: Cursor): Shaped<{ readonly nrOrders: number; readonly free: readonly FreeOfType[] }> {
  const header = /^Free pages count per migrate type at order +(\d.*?) *$/u.exec(line(cursor));
  const orders = (header?.[1] ?? "").split(/ +/u);
  if (header === null || orders.length > mostOrders || orders.some((order, index) => order !== `${index}`)) return refuse(cursor, "`Free pages count per migrate type at order` and the orders from 0");
  cursor.at++;
  const free: FreeOfType[] = [];
  for (; line(cursor).startsWith("Node "); cursor.at++) {
    const fields = /^Node +(\d+), zone +(\S+), type +(\S+) +(\S.*?) *$/u.exec(line(cursor));
    const node = decimal(fields?.[1] ?? "");
    const zone = oneOf(zoneTypes, fields?.[2] ?? "");
    const type = oneOf(migratetypes, fields?.[3] ?? "");
    if (node === undefined || zone === undefined || type === undefined) return refuse(cursor, `\`Node N, zone NAME, type NAME\` with the type ${alternatives(migratetypes)}`);
    const cells = (fields?.[4] ?? "").split(/ +/u);
    const nrFree = cells.map((cell) => decimal(cell.startsWith(">") ? cell.slice(1) : cell));
    const wrong = nrFree.indexOf(undefined);
    if (wrong !== -1) return misshapen(cursor.file, cursor.at + 1, quote(cells[wrong] ?? ""), `${wholeNumber} for order ${wrong}`);
    if (cells.length !== orders.length) return misshapen(cursor.file, cursor.at + 1, `${cells.length} counts`, `${orders.length}, one for each order`);
    if (isRepeated(cursor, `${node} ${zone} ${type}`)) return refuse(cursor, "each type of a zone once");
    free.push({ node, zone, type, nrFree: nrFree.map((count) => count ?? 0), overflow: cells.flatMap((cell, order) => (cell.startsWith(">") ? [order] : [])) });
  }
  return free.length === 0 ? refuse(cursor, "`Node N, zone NAME, type NAME`") : shaped({ nrOrders: orders.length, free });
}

function parseBlocks(cursor: Cursor): Shaped<{ readonly types: readonly Migratetype[]; readonly blocks: readonly BlocksOfZone[] }> {
  if (line(cursor) !== "" || cursor.at >= cursor.lines.length) return refuse(cursor, "another type of a zone, or an empty line and `Number of blocks type`");
  cursor.at++;
  const header = /^Number of blocks type +(\S.*?) *$/u.exec(line(cursor));
  const names = (header?.[1] ?? "").split(/ +/u);
  const types = names.flatMap((name) => oneOf(migratetypes, name) ?? []);
  if (header === null || types.length !== names.length) return refuse(cursor, `\`Number of blocks type\` and types out of ${migratetypes.join(", ")}`);
  cursor.at++;
  const blocks: BlocksOfZone[] = [];
  for (; line(cursor).startsWith("Node "); cursor.at++) {
    const fields = /^Node +(\d+), zone +(\S+) +(\S.*?) *$/u.exec(line(cursor));
    const node = decimal(fields?.[1] ?? "");
    const zone = oneOf(zoneTypes, fields?.[2] ?? "");
    const count = (fields?.[3] ?? "").split(/ +/u).map(decimal);
    if (node === undefined || zone === undefined || count.length !== types.length) return refuse(cursor, `\`Node N, zone NAME\` and ${types.length} counts of pageblocks`);
    if (count.includes(undefined)) return refuse(cursor, `${wholeNumber} for each type`);
    if (isRepeated(cursor, `${node} ${zone}`)) return refuse(cursor, "each zone once");
    blocks.push({ node, zone, count: count.map((value) => value ?? 0) });
  }
  return blocks.length === 0 ? refuse(cursor, "`Node N, zone NAME` and counts of pageblocks") : shaped({ types, blocks });
}

function skipMixed(cursor: Cursor): void {
  if (line(cursor) !== "" || !(cursor.lines[cursor.at + 1] ?? "").startsWith("Number of mixed blocks")) return;
  cursor.at += 2;
  while (line(cursor).startsWith("Node ")) cursor.at++;
}
