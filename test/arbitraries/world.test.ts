/** The frames where something begins or ends, as a walk knows them before its first command. */
import { describe, expect, it } from "vitest";
import { FrameUse, blockPages, createReference, maxOrderPages, namedMachines, pageblockPages, rangeEnd, strict } from "../../models/index.ts";
import type { MachineDescription, View } from "../../models/index.ts";
import { drawMachine, pseudoRandom } from "../../properties/arbitraries/index.ts";
import { createWorld } from "../../properties/arbitraries/world.ts";

const small = namedMachines.filter(({ name }) => name.startsWith("tiny"));
const machines: readonly MachineDescription[] = [...small, ...Array.from({ length: 40 }, (_, run) => drawMachine(pseudoRandom(5, run)))];

/** Where each zone that spans something begins and ends. */
function zoneBorders({ zones = [] }: View): readonly number[] {
  return zones.filter(({ spanned }) => spanned > 0).flatMap(({ start, spanned }) => [start, start + spanned]);
}

/** Where holes in sections of boot memory begin and end, but for the ends of the sections. */
function holeBorders({ frames, geometry }: View): readonly number[] {
  const found: number[] = [];
  let row = 0;
  for (const { start, nrPages } of frames?.ranges ?? []) {
    for (let pfn = start + 0; pfn < start + nrPages; pfn++, row++) {
      const [before, here] = [frames?.use[row - 1] === FrameUse.Hole, frames?.use[row] === FrameUse.Hole];
      if (pfn > start && before !== here && pfn % geometry.sectionPages !== 0) found.push(pfn);
    }
  }
  return found;
}

describe("the tables of borders", () => {
  it("have every size that things are aligned to", () => {
    for (const machine of machines) {
      const { geometry } = machine;

      expect(createWorld(machine).units).toEqual(expect.arrayContaining([pageblockPages(geometry), maxOrderPages(geometry), geometry.subsectionPages, geometry.sectionPages, blockPages(geometry)]));
    }
  });

  it("have the ends of zones, of holes and of memory", () => {
    let [zones, holes] = [0, 0];
    for (const machine of machines) {
      const edges: readonly number[] = createWorld(machine).edges;
      const view = createReference(machine, strict).view();
      const [ofZones, ofHoles] = [zoneBorders(view), holeBorders(view)];
      const ofMemory = machine.nodes.flatMap(({ memory }) => memory.flatMap((range) => [range.start, rangeEnd(range)]));
      zones += ofZones.length;
      holes += ofHoles.length;

      expect([...ofZones, ...ofHoles, ...ofMemory].filter((pfn) => !edges.includes(pfn)), machine.name).toEqual([]);
    }
    expect(Math.min(zones, holes)).toBeGreaterThan(20);
  });
});
