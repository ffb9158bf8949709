/** Historic bugs of the balloon driver. */
import { Balloon } from "../engine/balloon.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Mutant } from "./mutant.ts";

class MovesUncounted extends Balloon {
  override migrated(): void {
    // The counts of both zones stay as they were.
  }
}

export const balloonZones: Mutant = {
  id: "B90",
  title: "virtio-balloon: fix managed page counts when migrating pages between zones",
  effect: "an inflated page that moves to another zone leaves the managed pages of both zones as they were, and deflating it corrects the wrong one",
  machine: "tiny-balloon",
  parts: { ...shippedParts, Balloon: MovesUncounted },
};
