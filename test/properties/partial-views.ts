/** Views that show less. */
import { FrameUse, NONE } from "../../models/index.ts";
import type { FrameTable, View } from "../../models/index.ts";
import type { Need } from "../../properties/index.ts";

/** Fields that entries of the lists may lack. */
export const optionalFields: readonly Need[] = [
  "zones.presentEarly", "zones.nrFree", "zones.nrFreeCma", "zones.nrFreeBlocks", "zones.nrIsolatePageblock", "zones.contiguous", "zones.pcpDisabled", "nodes.nrZones", "nodes.zonelist", "blocks.onlineType", "blocks.zone", "blocks.selfHosted",
  "blocks.group", "blocks.nrHwpoison", "blocks.references", "blocks.boot", "blocks.validZones", "pageblocks.savedType",
];

const columns = ["use", "flags", "zone", "order"] as const;
type Column = (typeof columns)[number];

/** What each column says where it says nothing. */
const unknown: Readonly<Record<Column, number>> = { use: FrameUse.Unknown, flags: 0, zone: NONE, order: NONE };

function factOf(need: Need): string {
  return need.split(".")[0] ?? need;
}

/** The view with the facts that the needs name and no others; of entries the optional fields that they name, of the frame table the columns. */
export function only(view: View, needs: readonly Need[]): View {
  const facts = new Set(needs.map(factOf));
  const fields = new Set(needs);
  let partial = Object.fromEntries(Object.entries(view).filter(([fact]) => fact === "geometry" || facts.has(fact))) as unknown as View;
  for (const field of [...optionalFields, ...columns.map((column): Need => `frames.${column}`)]) if (!fields.has(field) && facts.has(factOf(field))) partial = without(partial, field);
  return partial;
}

function isColumn(field: string | undefined): field is Column {
  return columns.some((column) => column === field);
}

/** The view without one fact, or without one field of its entries; a column of the frame table then says nothing. */
export function without(view: View, need: Need): View {
  const [fact = "", field] = need.split(".");
  const value: unknown = (view as unknown as Record<string, unknown>)[fact];
  if (value === undefined) return view;
  if (field === undefined) return Object.fromEntries(Object.entries(view).filter(([name]) => name !== fact)) as unknown as View;
  if (fact === "frames") return isColumn(field) && view.frames !== undefined ? { ...view, frames: blank(view.frames, field) } : view;
  const drop = (entry: unknown): unknown => Object.fromEntries(Object.entries(entry as Record<string, unknown>).filter(([name]) => name !== field));
  return { ...view, [fact]: Array.isArray(value) ? value.map(drop) : drop(value) };
}

function blank(table: FrameTable, column: Column): FrameTable {
  return { ...table, [column]: table[column].map(() => unknown[column]) };
}
