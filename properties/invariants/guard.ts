/**
 * Guard pages: the halves of split blocks that are kept out of use.
 */
import { FrameUse } from "../../models/index.ts";
import type { View } from "../../models/index.ts";
import { rowsOf } from "../derived.ts";
import { FrameEvidence, useName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Invariant } from "../rule.ts";

/** Whether every frame of the block that the view has is of one of these uses. */
function isWholly(view: View, start: number, nrPages: number, uses: readonly number[]): boolean {
  const { use } = given(view.frames);
  for (let pfn = start; pfn < start + nrPages; pfn++) {
    const row = rowsOf(view).of(pfn);
    if (row >= 0 && !uses.includes(use[row] ?? FrameUse.Unknown)) return false;
  }
  return true;
}

/** The half beside the guard block that the frame is in. */
function otherHalf(view: View, pfn: number): { readonly start: number; readonly nrPages: number } {
  let nrPages = 1;
  while (nrPages < 2 ** view.geometry.maxPageOrder && isWholly(view, pfn - (pfn % (2 * nrPages)), 2 * nrPages, [FrameUse.Guard])) nrPages *= 2;
  const start = pfn - (pfn % nrPages);
  return { start: (start / nrPages) % 2 === 0 ? start + nrPages : start - nrPages, nrPages };
}

const guardsWaitForUse: Invariant = {
  id: "FC-94",
  title: "a guard block lies beside a half that is in use; one that is free takes the guard back",
  source: "mm/page_alloc.c: expand(), __free_one_page(), mm/debug_page_alloc.c, v6.12; guard frames that nothing merges with are lost",
  needs: ["frames.use"],
  unless: [],
  find: (view) => {
    const { use } = given(view.frames);
    const rows = rowsOf(view);
    const found = new FrameEvidence();
    for (let row = 0; row < rows.count; row++) {
      if (use[row] !== FrameUse.Guard) continue;
      const half = otherHalf(view, rows.pfn(row));
      if (isWholly(view, half.start, half.nrPages, [FrameUse.Free, FrameUse.Guard])) found.add(rows.pfn(row), "free, nobody uses the half beside it", useName(use[row]));
    }
    return found.found;
  },
};

export const guardInvariants: readonly Invariant[] = [guardsWaitForUse];
