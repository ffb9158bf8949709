/** Boot memory of a PC that goes offline, comes back elsewhere, or has a hole for a device. */
import { describe, expect, it } from "vitest";
import { linux612 } from "../../models/index.ts";
import type { Command, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { deviceMap, deviceUnmap, prepare, writeState } from "./commands.ts";
import { node, nodeWithMovable, pc } from "./machines.ts";
import { blockState, isOnline, nodeTuple, run, sectionText, totals, validZones, zoneTuple, zoneView } from "./notation.ts";

describe.each(subjects)("boot memory of a PC with 2 GiB: $name", ({ create }) => {
  const machine: MachineDescription = { ...pc, movableNode: true, nodes: [node([1, 159], [256, 524255])] };
  const inner: readonly number[] = [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];

  it("goes offline but for the block with a hole and the block with two zones, and comes back", () => {
    const subject = create(machine, linux612);

    expect(run(subject, writeState(15, "offline"))).toBe("EINVAL");
    expect(inner.map((id) => run(subject, writeState(id, "offline")))).toEqual(inner.map(() => "ok"));
    expect(run(subject, writeState(0, "offline"))).toBe("EINVAL");
    expect(zoneTuple(subject, "DMA32").slice(0, 3)).toEqual([4096, 520159, 61407]);

    expect(inner.map((id) => run(subject, writeState(id, "online_kernel")))).toEqual(inner.map(() => "ok"));
    expect(zoneTuple(subject, "DMA32").slice(0, 3)).toEqual([4096, 520159, 520159]);
  });
});

// Zone Movable begins at 1 GiB: block 7 is the last of DMA32, blocks 8 and 9 are Movable.
describe.each(subjects)("boot memory at a zone border: $name", ({ create }) => {
  const machine: MachineDescription = { ...pc, nodes: [nodeWithMovable(262144, [1, 159], [256, 327680])] };

  it("returns as zone Normal on both sides, once its own zone has shrunk behind it", () => {
    const subject = create(machine, linux612);

    expect(zoneTuple(subject, "DMA32").slice(0, 2)).toEqual([4096, 258048]);
    prepare(subject, writeState(7, "offline"));
    expect(zoneTuple(subject, "DMA32").slice(0, 2)).toEqual([4096, 225280]);
    expect(validZones(subject, 7)).toBe("Normal Movable");
    prepare(subject, writeState(7, "online_kernel"));
    expect(zoneTuple(subject, "Normal")).toEqual([229376, 32768, 32768, 32768]);

    expect(blockState(subject, 8)).toBe("online Movable");
    prepare(subject, writeState(8, "offline"), writeState(8, "online"));
    expect(blockState(subject, 8)).toBe("online Normal");
  });
});

describe.each(subjects)("a boot block in zone Movable: $name", ({ create }) => {
  it("takes its early pages along", () => {
    const subject = create(pc, linux612);
    prepare(subject, writeState(5, "offline"), writeState(5, "online_movable"));

    const view = subject.view(["zones"]);
    expect(zoneView(view, "DMA32")).toMatchObject({ present: 225247, presentEarly: 225247 });
    expect(zoneView(view, "Movable")).toMatchObject({ start: 163840, spanned: 32768, present: 32768, presentEarly: 32768 });
  });
});

// One device in a hole of boot section 3, one in section 9, where nothing is.
describe.each(subjects)("devices in and outside a boot section: $name", ({ create }) => {
  const machine: MachineDescription = { ...pc, nodes: [node([1, 159], [256, 129024], [130560, 163840])] };
  const mapOfSection9 = `0111111111${"0".repeat(54)}`;

  function mapped(): Subject {
    const subject = create(machine, linux612);
    prepare(subject, deviceMap(1, 129024, 130560), deviceMap(2, 295424, 300032));
    return subject;
  }

  it("fills the hole of the boot section and makes a section that is not online", () => {
    const subject = create(machine, linux612);
    expect(sectionText(subject, 3)).toBe(`present memmap online early usage boot ${"1".repeat(60)}0001`);

    prepare(subject, deviceMap(1, 129024, 130560), deviceMap(2, 295424, 300032));

    const view = subject.view(["sections", "totals"]);
    expect(sectionText(view, 3)).toBe(`present memmap online early taint usage boot ${"1".repeat(64)}`);
    expect(sectionText(view, 9)).toBe(`present memmap taint usage allocated ${mapOfSection9}`);
    expect(totals(view).nrMemmapPages).toBe(72);
  });

  it("spans zone Device and the node from one to the other, present nowhere", () => {
    const view = mapped().view(["zones", "nodes"]);

    expect(zoneTuple(view, "Device")).toEqual([129024, 171008, 0, 0]);
    expect(nodeTuple(view).slice(0, 2)).toEqual([1, 300031]);
  });

  it("is never online memory: before, while and after it is mapped", () => {
    const subject = create(machine, linux612);
    const onlineAround = (...commands: readonly Command[]): readonly boolean[] => {
      prepare(subject, ...commands);
      const view = subject.view(["frames"]);
      return [129023, 129024, 130559, 130560].map((pfn) => isOnline(view, pfn));
    };

    expect(onlineAround()).toEqual([true, false, false, true]);
    expect(onlineAround(deviceMap(1, 129024, 130560))).toEqual([true, false, false, true]);
    expect(onlineAround(deviceUnmap(1))).toEqual([true, false, false, true]);
  });

  it("leaves taint and span behind, and nothing of the section it made", () => {
    const subject = mapped();
    prepare(subject, deviceUnmap(1), deviceUnmap(2));

    const view = subject.view(["sections", "zones", "totals"]);
    expect(sectionText(view, 3)).toBe(`present memmap online early taint usage boot ${"1".repeat(60)}0001`);
    expect(sectionText(view, 9)).toBe("absent");
    expect(zoneTuple(view, "Device")).toEqual([129024, 171008, 0, 0]);
    expect(totals(view).nrMemmapPages).toBe(0);
  });

  it("keeps the block with the hole from going offline", () => {
    expect(run(mapped(), writeState(3, "offline"))).toBe("EINVAL");
  });
});
