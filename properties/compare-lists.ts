/**
 * The lists of a view: how their entries are told apart, called and compared.
 */
import { toPfn } from "../models/index.ts";
import type { AllocationView, BlockView, Fact, FreeBlockView, PageblockView, PfnRange, SectionView, View, ZoneView } from "../models/index.ts";
import { zoneName } from "./evidence.ts";
import type { Evidence } from "./rule.ts";

export type Entry = Readonly<Record<string, unknown>>;

export interface ListSpec {
  readonly fact: Exclude<Fact, "frames" | "totals">;
  /** The same in both views for the same thing. */
  readonly key: (entry: Entry, index: number) => number;
  /** What is compared of an entry. */
  readonly fields: readonly string[];
  /** Whether two entries are surely equal. Quick, and allowed to miss some that are. */
  readonly same: (a: Entry, b: Entry) => boolean;
  readonly name: (view: View, entry: Entry, index: number) => Pick<Evidence, "pfn" | "where">;
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function byField(field: string): ListSpec["key"] {
  return (entry) => number(entry[field]);
}

function named(what: string, field: string): ListSpec["name"] {
  return (_view, entry) => ({ where: `${what} ${number(entry[field])}` });
}

function atPfn(what: string, field: string): ListSpec["name"] {
  return (_view, entry) => ({ pfn: toPfn(number(entry[field])), where: what });
}

function rangeOf(entry: Entry): PfnRange {
  return entry["range"] as PfnRange;
}

// Tokens and tasks count for themselves; labels end below 2^31.
function ownerKey(entry: Entry): number {
  const owner = entry["owner"] as { readonly token?: number; readonly task?: number };
  return owner.token ?? 2 ** 31 + number(owner.task);
}

// The lists that are long are compared field by field; of the short ones no entry is known to be equal beforehand.
const unknown: ListSpec["same"] = () => false;

function typed<T>(same: (a: T, b: T) => boolean): ListSpec["same"] {
  return (a, b) => same(a as unknown as T, b as unknown as T);
}

function sameNumbers(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function sameRanges(a: readonly PfnRange[], b: readonly PfnRange[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index]?.start !== b[index]?.start || a[index]?.nrPages !== b[index]?.nrPages) return false;
  return true;
}

const sameZone = typed<ZoneView>(
  (a, b) =>
    a.node === b.node && a.type === b.type && a.start === b.start && a.spanned === b.spanned && a.present === b.present && a.presentEarly === b.presentEarly && a.managed === b.managed && a.nrFree === b.nrFree &&
    a.nrFreeCma === b.nrFreeCma && a.nrFreeHighAtomic === b.nrFreeHighAtomic && a.nrReservedHighAtomic === b.nrReservedHighAtomic && a.nrIsolatePageblock === b.nrIsolatePageblock && a.contiguous === b.contiguous && a.pcpDisabled === b.pcpDisabled && sameNumbers(a.nrFreeBlocks, b.nrFreeBlocks),
);

const sameBlock = typed<BlockView>(
  (a, b) =>
    a.state === b.state && a.onlineType === b.onlineType && a.node === b.node && a.zone === b.zone && a.selfHosted === b.selfHosted && a.group === b.group && a.nrHwpoison === b.nrHwpoison && a.references === b.references && a.boot === b.boot &&
    a.validZones?.join(" ") === b.validZones?.join(" "),
);

const sameSection = typed<SectionView>(
  (a, b) => a.present === b.present && a.hasMemMap === b.hasMemMap && a.online === b.online && a.early === b.early && a.taint === b.taint && a.usage === b.usage && a.subsectionMap === b.subsectionMap && a.backing === b.backing,
);

const samePageblock = typed<PageblockView>((a, b) => a.type === b.type && a.savedType === b.savedType);

const sameFreeBlock = typed<FreeBlockView>((a, b) => a.order === b.order && a.zone === b.zone && a.type === b.type);

const sameAllocation = typed<AllocationView>(
  (a, b) =>
    a.kind === b.kind && a.order === b.order && a.compound === b.compound && a.holds === b.holds && a.pins === b.pins && a.longTermPins === b.longTermPins && a.lruIsolated === b.lruIsolated && a.freed === b.freed && a.inflated === b.inflated && a.pool === b.pool && a.lruBatch === b.lruBatch && sameRanges(a.ranges, b.ranges),
);

/** In the order of the vocabulary. */
export const lists: readonly ListSpec[] = [
  {
    fact: "zones",
    key: (_entry, index) => index,
    fields: ["node", "type", "start", "spanned", "present", "presentEarly", "managed", "nrFree", "nrFreeCma", "nrFreeHighAtomic", "nrReservedHighAtomic", "nrFreeBlocks", "nrIsolatePageblock", "contiguous", "pcpDisabled"],
    same: sameZone,
    name: (view, _entry, index) => ({ where: zoneName(view, index) }),
  },
  { fact: "nodes", key: byField("node"), fields: ["start", "spanned", "present", "online", "hasMemory", "hasNormalMemory", "nrZones", "zonelist", "nrIsolatedAnon", "nrIsolatedFile"], same: unknown, name: named("node", "node") },
  { fact: "blocks", key: byField("block"), fields: ["state", "onlineType", "node", "zone", "selfHosted", "group", "nrHwpoison", "references", "boot", "validZones"], same: sameBlock, name: named("block", "block") },
  { fact: "sections", key: byField("section"), fields: ["present", "hasMemMap", "online", "early", "taint", "usage", "subsectionMap", "backing"], same: sameSection, name: named("section", "section") },
  { fact: "pageblocks", key: byField("start"), fields: ["type", "savedType"], same: samePageblock, name: atPfn("pageblock", "start") },
  { fact: "freeBlocks", key: byField("pfn"), fields: ["order", "zone", "type"], same: sameFreeBlock, name: atPfn("free block", "pfn") },
  { fact: "pcp", key: byField("pfn"), fields: ["order", "zone", "type"], same: sameFreeBlock, name: atPfn("per-CPU entry", "pfn") },
  { fact: "allocations", key: byField("id"), fields: ["kind", "order", "compound", "ranges", "holds", "pins", "longTermPins", "lruIsolated", "freed", "inflated", "pool", "lruBatch"], same: sameAllocation, name: named("allocation", "id") },
  { fact: "isolations", key: ownerKey, fields: ["pageblocks"], same: unknown, name: (_view, entry) => ({ where: ownerKey(entry) < 2 ** 31 ? `token ${ownerKey(entry)}` : `task ${ownerKey(entry) - 2 ** 31}` }) },
  { fact: "hugePools", key: byField("order"), fields: ["reserved", "total", "free", "nodes"], same: unknown, name: named("pool of order", "order") },
  { fact: "tasks", key: byField("task"), fields: ["op", "phase", "range"], same: unknown, name: named("task", "task") },
  { fact: "cma", key: byField("area"), fields: ["base", "nrPages", "orderPerBit", "bitmap"], same: unknown, name: named("CMA area", "area") },
  { fact: "groups", key: byField("group"), fields: ["node", "dynamic", "pages", "presentKernel", "presentMovable", "blocks"], same: unknown, name: named("group", "group") },
  { fact: "devices", key: byField("device"), fields: ["range", "altmap", "vmemmapShift"], same: unknown, name: named("device", "device") },
  { fact: "kmem", key: byField("device"), fields: ["group", "ranges"], same: unknown, name: named("dax device", "device") },
  { fact: "resources", key: (entry) => 5 * rangeOf(entry).start + (entry["kind"] === "ram" ? 0 : entry["kind"] === "device" ? 1 : entry["kind"] === "window" ? 2 : entry["kind"] === "kmem" ? 3 : 4), fields: ["range", "kind"], same: unknown, name: (_view, entry) => ({ pfn: rangeOf(entry).start, where: `${String(entry["kind"])} resource` }) },
];
