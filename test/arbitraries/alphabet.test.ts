import { describe, expect, it } from "vitest";
import { namedMachines, tinyMachines } from "../../models/index.ts";
import { alphabet, opsOn } from "../../properties/index.ts";
import { formOf } from "../../src/power/form.ts";

describe.each(tinyMachines.map((machine) => [machine.name, machine] as const))("the alphabets of %s", (_, machine) => {
  const wide = alphabet(machine, "wide");
  const narrow = alphabet(machine, "narrow");

  it("have every op, ranges of pages aside where there is no zero page, and no command twice", () => {
    for (const commands of [wide, narrow]) {
      expect([...new Set(commands.map(({ op }) => op))]).toEqual(opsOn(machine));
      expect(new Set(commands.map((command) => JSON.stringify(command))).size).toBe(commands.length);
    }
  });

  it("are one inside the other, so that the last of a pair has been tried alone", () => {
    const known = new Set(wide.map((command) => formOf([command])));

    expect(narrow.filter((command) => !known.has(formOf([command])))).toEqual([]);
    expect(narrow.length).toBeLessThan(wide.length / 5);
  });

  it("have every block from boot memory to the end of what can be added", () => {
    const blocks = wide.flatMap((command) => (command.op === "write-state" && command.value === "online" ? [Number(command.block)] : []));
    const { blockSections, sectionPages } = machine.geometry;

    expect(blocks).toEqual(Array.from({ length: blocks.length }, (__, index) => (blocks[0] ?? 0) + index));
    expect(blocks.at(-1)).toBe(machine.hotplugEnd / (blockSections * sectionPages) - 1);
    expect((blocks[0] ?? 0) * blockSections * sectionPages).toBeLessThanOrEqual(machine.nodes[0]?.memory[0]?.start ?? 0);
  });
});

describe("the alphabet of a machine with a zero page", () => {
  it("has ranges of pages", () => {
    const machine = namedMachines.find(({ zeroPage }) => zeroPage !== undefined);

    if (machine === undefined) throw new Error("no machine has a zero page");

    expect([...new Set(alphabet(machine, "narrow").map(({ op }) => op))]).toEqual(opsOn(machine));
    expect(opsOn(machine)).toContain("pin-range");
  });
});

describe("the alphabet of a machine with compaction", () => {
  it("has the op that others do not have", () => {
    const machine = namedMachines.find(({ compaction }) => compaction === true);

    if (machine === undefined) throw new Error("no machine has compaction");

    expect(opsOn(machine).filter((op) => !tinyMachines.some((other) => opsOn(other).includes(op)))).toEqual(["compact"]);
  });
});
