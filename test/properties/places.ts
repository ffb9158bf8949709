/** What evidence points at, as reports would begin its lines. */
import { hex, pfnRange, showRange } from "../../models/index.ts";
import type { Evidence } from "../../properties/index.ts";

/** `0x24`, `[0x24, 0x26)` or `block 3`, one for each line of evidence. */
export function placesOf(evidence: readonly Evidence[]): readonly string[] {
  return evidence.map(({ pfn, nrPages = 1, where = "nowhere" }) => (pfn === undefined ? where : nrPages === 1 ? hex(pfn) : showRange(pfnRange(pfn, nrPages))));
}
