/** What per-CPU batches of the LRU keep from moving. */
import { shippedParts } from "../engine/parts.ts";
import { Pins } from "../engine/pins.ts";
import type { Mutant } from "./mutant.ts";

class GuessesByFlag extends Pins {
  protected override wantsDrain(slot: number): boolean {
    return super.wantsDrain(slot) && !this.m.frames.isOnLru(slot);
  }
}

export const guessedByFlag: Mutant = {
  id: "B70",
  title: "mm/gup: check ref_count instead of lru before migration",
  effect: "batches of the LRU are drained for a page that is not on the LRU yet, and not for one that is: a batch keeps it from being moved, and the long-term pin fails",
  machine: "tiny-lru",
  parts: { ...shippedParts, Pins: GuessesByFlag },
};
