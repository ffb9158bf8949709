/** Historic bugs of isolating pageblocks. */
import { Isolation } from "../engine/isolation.ts";
import type { Book } from "../engine/isolation.ts";
import { shippedParts } from "../engine/parts.ts";
import { Unmovable } from "../engine/unmovable.ts";
import type { Mutant } from "./mutant.ts";

class BothEnds extends Isolation {
  protected override isolateLast(pageblock: number, _isFirst: boolean, book: Book): boolean {
    return super.isolateLast(pageblock, false, book);
  }
}

export const samePageblock: Mutant = {
  id: "B44",
  title: "mm: page-isolation: skip isolated pageblock in start_isolate_page_range()",
  effect: "the first and the last pageblock of a range are isolated one after the other even if they are the same, which is busy then",
  machine: "tiny",
  parts: { ...shippedParts, Isolation: BothEnds },
};

class CmaForAll extends Unmovable {
  protected override passesCma(): boolean {
    return true;
  }
}

export const cmaForAll: Mutant = {
  id: "B54",
  title: "mm: distinguish CMA and MOVABLE isolation in has_unmovable_pages()",
  effect: "a CMA pageblock can be isolated for any purpose, whatever its area has given out",
  machine: "tiny-equal",
  parts: { ...shippedParts, Unmovable: CmaForAll },
};
