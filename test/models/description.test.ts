/** What is told of a machine description that can not be booted. */
import { describe, expect, it } from "vitest";
import { bootMemmapRange, checkDescription, crossesZoneBorder, earlySections, namedMachines, toPfn } from "../../models/index.ts";
import type { MachineDescription, NodeDescription } from "../../models/index.ts";
import { cmaArea, memoryless, node, nodeWithMovable, range, toy } from "../worked-examples/machines.ts";

// Two areas of this machine would fit: [64, 128) is neither reserved nor memmap.
const machine: MachineDescription = toy;

describe("a machine description", () => {
  it("passes for each named machine", () => {
    expect(namedMachines.map((description) => [description.name, checkDescription(description)])).toEqual(namedMachines.map(({ name }) => [name, undefined]));
  });

  it.each<{ readonly says: string; readonly change: Partial<MachineDescription> }>([
    { says: "geometry: 2 <= pageblockOrder <= maxPageOrder (rule G3)", change: { geometry: { ...machine.geometry, pageblockOrder: 1 } } },
    { says: "hotplugEnd: 0x10000000001 is above the limit of 0x10000000000", change: { hotplugEnd: toPfn(2 ** 40 + 1) } },
    { says: "nodes: expected 1 to 16, got 0", change: { nodes: [] } },
    { says: "nodes: expected 1 to 16, got 17", change: { nodes: Array.from({ length: 17 }, (): NodeDescription => memoryless) } },
    { says: "dma32End: 0x10 is below dmaEnd 0x20", change: { dmaEnd: toPfn(0x20), dma32End: toPfn(0x10) } },
    { says: "nodes[0].memory[0]: [0x20, 0x20) is empty", change: { nodes: [node([32, 32])] } },
    { says: "nodes[0].memory[1]: [0x40, 0x60) does not lie behind [0x30, 0x50)", change: { nodes: [node([48, 80], [64, 96])] } },
    { says: "nodes[0].movableStart: 0x80 lies behind the node's memory", change: { nodes: [nodeWithMovable(128, [32, 128])] } },
    { says: "nodes: no node has memory", change: { nodes: [memoryless] } },
    { says: "nodes[0].memory: [0x20, 0x60) overlaps memory of another node", change: { nodes: [node([32, 96]), node([80, 128])] } },
    { says: "hotplugEnd: 0x70 lies inside boot memory, which ends at 0x80", change: { hotplugEnd: toPfn(0x70) } },
    { says: "reserved[0]: [0x38, 0x38) is empty", change: { reserved: [range(56, 56)] } },
    { says: "reserved[0]: [0x7c, 0x84) is not inside one range of boot memory", change: { reserved: [range(124, 132)] } },
    { says: "zeroPage: 0x40 is not a reserved frame", change: { zeroPage: toPfn(64) } },
    { says: "bootMemmap: [0x70, 0x88) (the memmap of 6 sections) is not inside one range of boot memory", change: { bootMemmap: toPfn(112) } },
    { says: "cma[0]: [0x42, 0x46) is not a multiple of a pageblock (4 frames)", change: { cma: [cmaArea(66, 4, 0)] } },
    { says: "cma[0]: [0x40, 0x40) is not a multiple of a pageblock (4 frames)", change: { cma: [cmaArea(64, 0, 0)] } },
    { says: "cma[0].orderPerBit: expected 0 to 2, got 3", change: { cma: [cmaArea(64, 8, 3)] } },
    { says: "cma[0]: [0x7c, 0x84) is not inside one range of boot memory", change: { cma: [cmaArea(124, 8, 0)] } },
    { says: "cma[0]: [0x3c, 0x44) overlaps reserved memory", change: { cma: [cmaArea(60, 8, 0)] } },
    { says: "cma[1]: [0x44, 0x4c) overlaps another area", change: { cma: [cmaArea(64, 8, 0), cmaArea(68, 8, 0)] } },
  ])("is refused: $says", ({ says, change }) => {
    expect(checkDescription({ ...machine, ...change })).toBe(says);
  });

  it.each([
    { border: 64, crosses: false },
    { border: 68, crosses: true },
    { border: 71, crosses: true },
    { border: 72, crosses: false },
  ])("may have a zone border at $border, which crosses the CMA area [64, 72): $crosses", ({ border, crosses }) => {
    const area = cmaArea(64, 8, 0);

    for (const change of [{ dma32End: toPfn(border) }, { dmaEnd: toPfn(border), dma32End: toPfn(border) }]) {
      expect(checkDescription({ ...machine, ...change, cma: [area] })).toBeUndefined();
      expect(crossesZoneBorder({ ...machine, ...change }, area)).toBe(crosses);
    }
  });

  it("may have a CMA area across the border of zone Movable, which begins with a largest free block", () => {
    const crossed = { ...machine, nodes: [nodeWithMovable(66, [32, 128])] };

    expect(crossesZoneBorder(crossed, cmaArea(64, 8, 0))).toBe(false);
    expect(crossesZoneBorder(crossed, cmaArea(68, 8, 0))).toBe(true);
  });

  it("has a boot memmap of every section that holds boot memory", () => {
    expect(earlySections({ ...machine, nodes: [node([33, 34], [64, 65])] })).toEqual([2, 4]);
    expect(bootMemmapRange(machine)).toEqual(range(32, 56));
    expect(bootMemmapRange({ ...machine, bootMemmap: null })).toBeUndefined();
  });
});
