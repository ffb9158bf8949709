/** The canary: a fault so coarse that a search that misses it is broken itself. */
import { PageAlloc } from "../engine/page-alloc.ts";
import { shippedParts } from "../engine/parts.ts";
import type { Mutant } from "./mutant.ts";

class AnyZone extends PageAlloc {
  override isAllowed(): boolean {
    return true;
  }
}

export const canary: Mutant = {
  id: "CANARY",
  title: "not a historic bug",
  effect: "an allocation takes its frames from any zone of its zonelist, so kernel pages land in zone Movable",
  machine: "tiny",
  parts: { ...shippedParts, PageAlloc: AnyZone },
};
