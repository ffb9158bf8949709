/** The vocabulary of framecheck: what a machine, a command, an outcome and a view are. */
export { alignDown, alignUp, hex, isAligned, isPowerOfTwo, pfnAdd, pfnRange, rangeContains, rangeEnd, rangesOverlap, showRange, toBlockId, toPfn } from "./pfn.ts";
export type { BlockId, Order, Pfn, PfnRange } from "./pfn.ts";
