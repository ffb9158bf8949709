import { describe, expect, it } from "vitest";
import { blockPages, linux612, pfnRange, tinyMachines, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { walk } from "./worlds.ts";

const frameFields: ReadonlySet<string> = new Set(["pfn", "start", "from", "base", "maxPfn", "retyped", "pageblocks"]);

/** The machine with every frame number higher by some. */
function shifted(machine: MachineDescription, by: number): MachineDescription {
  const move = (pfn: number): ReturnType<typeof toPfn> => toPfn(pfn + by);
  return {
    ...machine,
    dmaEnd: machine.dmaEnd === 0 ? machine.dmaEnd : move(machine.dmaEnd),
    dma32End: machine.dma32End === 0 ? machine.dma32End : move(machine.dma32End),
    nodes: machine.nodes.map((node) => ({ ...node, memory: node.memory.map(({ start, nrPages }) => pfnRange(move(start), nrPages)), movableStart: node.movableStart === null ? null : move(node.movableStart) })),
    reserved: machine.reserved.map(({ start, nrPages }) => pfnRange(move(start), nrPages)),
    bootMemmap: machine.bootMemmap === null ? null : move(machine.bootMemmap),
    cma: machine.cma.map((area) => ({ ...area, base: move(area.base) })),
    hotplugEnd: move(machine.hotplugEnd),
  };
}

/** The same command, that many frames higher. */
function movedCommand(command: Command, by: number, { geometry }: MachineDescription): Command {
  return JSON.parse(JSON.stringify(command), (key, value: unknown) => {
    if (typeof value !== "number") return value;
    if (key === "start" || key === "pfn") return value + by;
    return key === "block" ? value + by / blockPages(geometry) : value;
  });
}

/** Outcomes and views with every frame, block and section number moved back. */
function movedBack(value: unknown, by: number, machine: MachineDescription, key = ""): unknown {
  if (typeof value === "number") {
    if (frameFields.has(key)) return value >= by ? value - by : value;
    if (key === "block" || key === "blocks") return value - by / blockPages(machine.geometry);
    return key === "section" || key === "highestPresentSection" ? value - by / machine.geometry.sectionPages : value;
  }
  if (Array.isArray(value)) return value.map((entry) => movedBack(entry, by, machine, key));
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, movedBack(field, by, machine, name)]));
}

describe.each(tinyMachines)("frame numbers on $name", (machine) => {
  it.each([2 ** 31, 2 ** 32, 2 ** 39])("beyond %d change nothing", (by) => {
    const high = createEngine(shifted(machine, by), linux612);
    walk({ machine, profile: linux612 }, 5, 100, ({ command, outcome, view }) => {
      expect(movedBack(high.apply(movedCommand(command, by, machine)), by, machine)).toEqual(outcome);
      expect(JSON.stringify(movedBack(high.view(), by, machine))).toBe(JSON.stringify(view));
    });
  });
});
