/** Views that show less. */
import type { View } from "../../models/index.ts";
import type { Need } from "../../properties/index.ts";

/** The view with the facts that the needs name and no others; of entries the optional fields that they name. */
export function only(view: View, needs: readonly Need[]): View {
  const facts = new Set(needs.map((need) => need.split(".")[0] ?? need));
  const fields = new Set<string>(needs);
  const kept = Object.entries(view).filter(([fact]) => fact === "geometry" || facts.has(fact));
  const optional: readonly Need[] = [
    "zones.presentEarly", "zones.nrFree", "zones.nrFreeCma", "zones.nrFreeBlocks", "zones.nrIsolatePageblock", "zones.contiguous", "zones.pcpDisabled", "nodes.nrZones", "nodes.zonelist", "blocks.onlineType", "blocks.zone", "blocks.selfHosted",
    "blocks.group", "blocks.nrHwpoison", "blocks.boot", "blocks.validZones",
  ];
  let partial = Object.fromEntries(kept) as unknown as View;
  for (const field of optional) if (!fields.has(field) && facts.has(field.split(".")[0] ?? field)) partial = without(partial, field);
  return partial;
}

/** The view without one fact, or without one field of its entries; a column of the frame table then says nothing. */
export function without(view: View, need: Need): View {
  const [fact = "", field] = need.split(".");
  const value: unknown = (view as unknown as Record<string, unknown>)[fact];
  if (field === undefined || fact === "frames") {
    const frames = view.frames === undefined ? undefined : { ...view.frames, ...(field === "use" ? { use: view.frames.use.map(() => 0) } : field === "zone" ? { zone: view.frames.zone.map(() => 255) } : {}) };
    const rest = Object.fromEntries(Object.entries(view).filter(([name]) => name !== fact)) as unknown as View;
    return frames !== undefined && (field === "use" || field === "zone") ? { ...rest, frames } : rest;
  }
  const drop = (entry: unknown): unknown => Object.fromEntries(Object.entries(entry as Record<string, unknown>).filter(([name]) => name !== field));
  return { ...view, [fact]: Array.isArray(value) ? value.map(drop) : drop(value) };
}
