/** Historic bugs of long-term pins. */
import { AllocFlag } from "../engine/layout.ts";
import { shippedParts } from "../engine/parts.ts";
import { Pins } from "../engine/pins.ts";
import type { ListedPage } from "../engine/pins.ts";
import { refused } from "../engine/result.ts";
import type { Refusal } from "../engine/result.ts";
import type { Mutant } from "./mutant.ts";

class FirstPinStays extends Pins {
  protected override moveAway(slot: number): Refusal | undefined {
    const refusal = super.moveAway(slot);
    if (refusal === undefined) this.m.allocations.addPins(slot, true, 1);
    return refusal;
  }
}

export const pinLeak: Mutant = {
  id: "B68",
  title: "mm/gup: use unpin_user_pages() in __gup_longterm_locked()",
  effect: "a page that moves before it is pinned for long keeps the pin of the first try, which nobody drops",
  machine: "tiny-equal",
  parts: { ...shippedParts, Pins: FirstPinStays },
};

class NeverMoves extends Pins {
  protected override moveAway(slot: number): Refusal {
    return refused("EFAULT", "not-mapped", { id: this.m.allocations.id(slot) });
  }
}

export const fastPathRule: Mutant = {
  id: "B69",
  title: "mm: gup: stop abusing try_grab_folio",
  effect: "a long-term pin of a page that has to move first fails with EFAULT, because the slow path refuses what only the fast path must",
  machine: "tiny",
  parts: { ...shippedParts, Pins: NeverMoves },
};

class NothingToMove extends Pins {
  protected override isLongTermPinnable(slot: number): boolean {
    return super.isLongTermPinnable(slot) || this.m.allocations.has(slot, AllocFlag.LruIsolated);
  }
}

export const nothingToMove: Mutant = {
  id: "B67",
  title: 'mm/gup: revert "mm: gup: fix infinite loop within __get_longterm_locked"',
  effect: "a page that somebody else has off the LRU can not be collected, which passes for needing no move, and is pinned for long where it is",
  machine: "tiny",
  parts: { ...shippedParts, Pins: NothingToMove },
};

class StepsByWholeFolios extends Pins {
  protected override step(page: ListedPage): number {
    return super.step({ ...page, index: 0 });
  }
}

export const wholeFolios: Mutant = {
  id: "B66",
  title: "mm/gup: check every subpage of a compound page during isolation",
  effect: "a range that begins inside a large page is walked in steps of the whole page, and pages behind it are pinned for long without a look at where they lie",
  machine: "tiny-pins",
  parts: { ...shippedParts, Pins: StepsByWholeFolios },
};

class ZeroPageMoves extends Pins {
  protected override zeroIsPinnable(): boolean {
    const { zeroPage } = this.m.description;
    return zeroPage === undefined || !this.m.frames.zone(zeroPage).isMovable;
  }
}

export const zeroPage: Mutant = {
  id: "B71",
  title: "mm/gup: do not migrate zero page",
  effect: "a zero page that lies in zone Movable is to be moved before it is pinned for long, which can never be done",
  machine: "tiny-pins",
  parts: { ...shippedParts, Pins: ZeroPageMoves },
};
