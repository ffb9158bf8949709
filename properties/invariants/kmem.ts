/**
 * Memory of dax devices: what their driver has added.
 */
import { blockPages, pfnRange, rangeContainsRange, rangeEnd, showRange, toPfn } from "../../models/index.ts";
import type { PfnRange } from "../../models/index.ts";
import { blocksById } from "../derived.ts";
import { blockName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

const addedIsReserved: Invariant = {
  id: "KM-01",
  title: "what was added of a dax device is reserved in the resource tree, range by range, and is memory blocks of the group of its driver",
  source: "drivers/dax/kmem.c: dev_dax_kmem_probe(), v6.12: res[], mgid; the driver removes by these when it lets go",
  needs: ["kmem", "resources", "blocks.group"],
  unless: [],
  find: (view) => {
    const size = blockPages(view.geometry);
    const reserved = new Set(given(view.resources).filter(({ kind }) => kind === "kmem").map(({ range }) => showRange(range)));
    const blocks = blocksById(view);
    const found: Evidence[] = [];
    for (const { device, group, ranges } of given(view.kmem)) {
      for (const range of ranges) {
        if (!reserved.has(showRange(range))) found.push({ pfn: range.start, nrPages: range.nrPages, where: `dax device ${device}`, was: "reserved in the resource tree", is: "not reserved" });
        for (let block = Math.floor(range.start / size); block * size < rangeEnd(range); block++) {
          const is = blocks.get(block);
          if (is?.group !== group) found.push({ pfn: toPfn(block * size), where: blockName(block), was: `of group ${group} of dax device ${device}`, is: is === undefined ? "no such block" : is.group === null ? "of no group" : `of group ${is.group}` });
        }
      }
    }
    return found;
  },
};

const reservedIsMemory: Invariant = {
  id: "KM-02",
  title: "what a driver has reserved for memory is System RAM, all of it",
  source: "drivers/dax/kmem.c: dev_dax_kmem_probe(), dev_dax_kmem_remove(), v6.12; a region that stays behind keeps its device from coming back",
  needs: ["resources"],
  unless: [],
  find: (view) => {
    const ram = given(view.resources).filter(({ kind }) => kind === "ram").map(({ range }) => range);
    const isRam = (range: PfnRange): boolean => ram.some((one) => rangeContainsRange(one, range));
    return given(view.resources)
      .filter(({ kind, range }) => kind === "kmem" && !isRam(range))
      .map(({ range }) => ({ pfn: range.start, nrPages: range.nrPages, where: "resource tree", was: "System RAM inside", is: ram.filter((one) => one.start < rangeEnd(range) && range.start < rangeEnd(one)).map((one) => showRange(pfnRange(one.start, one.nrPages))).join(" ") || "nothing" }));
  },
};

export const kmemInvariants: readonly Invariant[] = [addedIsReserved, reservedIsMemory];
