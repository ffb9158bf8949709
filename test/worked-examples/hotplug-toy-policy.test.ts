/** Which zone a block of the toy machine goes to, and what becomes of blocks that are to be removed together. */
import { describe, expect, it } from "vitest";
import { linux612, strict } from "../../models/index.ts";
import type { Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, alloc, offlineAndRemove, place, prepare, remove, writeState } from "./commands.ts";
import { memoryless, toy } from "./machines.ts";
import { blockState, run, totals, validZones, zoneTuple } from "./notation.ts";

describe.each(subjects)("the zones a block can go to: $name", ({ create }) => {
  // Blocks 5 and 7 are online in zone Movable, the others not online.
  function movableAround(movableNode: boolean): Subject {
    const subject = create({ ...toy, movableNode }, linux612);
    prepare(subject, add(128, 288), writeState(5, "online_movable"), writeState(7, "online_movable"));
    return subject;
  }

  it("names zone Movable first only between movable blocks", () => {
    const subject = movableAround(false);

    expect([4, 6, 8].map((id) => validZones(subject, id))).toEqual(["Normal Movable", "Movable Normal", "Normal Movable"]);
  });

  it("names zone Movable first everywhere with movable_node", () => {
    const subject = movableAround(true);

    expect([4, 6, 8].map((id) => validZones(subject, id))).toEqual(["Movable Normal", "Movable Normal", "Movable Normal"]);
  });
});

/** Writes `online` to the blocks, one after the other, and says where they went. */
function onlined(subject: Subject, ...ids: readonly number[]): readonly string[] {
  prepare(subject, ...ids.map((id) => writeState(id, "online")));
  return ids.map((id) => blockState(subject, id));
}

// 96 frames of kernel memory at boot; a DIMM of 96 frames is blocks 4 to 6.
describe.each(subjects)("auto-movable with a DIMM: $name", ({ create }) => {
  function dimm(autoMovableRatio: number): Subject {
    const subject = create({ ...toy, onlinePolicy: "auto-movable", autoMovableRatio }, linux612);
    prepare(subject, { op: "group-static", id: 1, node: 0, maxPages: 96 }, add(128, 224, 1));
    return subject;
  }

  it("goes to zone Movable when all of it fits the ratio", () => {
    expect(onlined(dimm(100), 4, 5, 6)).toEqual(["online Movable", "online Movable", "online Movable"]);
  });

  it("goes to zone Normal as a whole when one frame is too many", () => {
    expect(onlined(dimm(99), 4, 5, 6)).toEqual(["online Normal", "online Normal", "online Normal"]);
  });

  it("leaves no room for another DIMM", () => {
    const subject = dimm(100);
    onlined(subject, 4, 5, 6);
    prepare(subject, { op: "group-static", id: 2, node: 0, maxPages: 32 }, add(224, 256, 2));

    expect(onlined(subject, 7)).toEqual(["online Normal"]);
  });

  it("follows its first block to zone Normal", () => {
    const subject = dimm(100);
    prepare(subject, writeState(4, "online_kernel"));

    expect(onlined(subject, 5, 6)).toEqual(["online Normal", "online Normal"]);
    expect(subject.view().groups).toMatchObject([{ group: 1, presentKernel: 96, presentMovable: 0 }]);
  });
});

// Block 4 belongs to a dynamic group. What it has of zone Movable needs as much kernel memory, which is set aside for it.
describe.each(subjects)("auto-movable beside a dynamic group: $name", ({ create }) => {
  it.each([false, true])("lets as many DIMMs in as the rest of the kernel memory carries, numa_aware %s", (autoMovableNumaAware) => {
    const subject = create({ ...toy, onlinePolicy: "auto-movable", autoMovableRatio: 100, autoMovableNumaAware }, linux612);
    prepare(subject, { op: "group-dynamic", id: 1, node: 0, unitPages: 32 }, add(128, 160, 1), writeState(4, "online_movable"), add(160, 192), add(192, 224), add(224, 256));

    expect(onlined(subject, 5, 6, 7)).toEqual(["online Movable", "online Movable", "online Normal"]);
  });

  // Half of the group is kernel memory, so its movable half needs nothing of the others.
  it("lets more in where the group brings its own kernel memory", () => {
    const subject = create({ ...toy, onlinePolicy: "auto-movable", autoMovableRatio: 100, autoMovableNumaAware: false }, linux612);
    prepare(subject, { op: "group-dynamic", id: 1, node: 0, unitPages: 32 }, add(128, 192, 1), writeState(4, "online_kernel"), writeState(5, "online_movable"), add(192, 224), add(224, 256), add(256, 288), add(288, 320));

    expect(onlined(subject, 6, 7, 8, 9)).toEqual(["online Movable", "online Movable", "online Movable", "online Normal"]);
  });

  it("lets none in with a ratio of 0, whatever the group needs", () => {
    const subject = create({ ...toy, onlinePolicy: "auto-movable", autoMovableRatio: 0 }, linux612);
    prepare(subject, { op: "group-dynamic", id: 1, node: 0, unitPages: 32 }, add(128, 160, 1), writeState(4, "online_movable"), add(160, 192));

    expect(onlined(subject, 5)).toEqual(["online Normal"]);
  });

  // Node 1 has no kernel memory: what its group needs is asked of all nodes together, and not of node 0.
  it.each([
    { where: "of its own node", autoMovableNumaAware: true },
    { where: "of any node", autoMovableNumaAware: false },
  ])("counts what a group $where has", ({ autoMovableNumaAware }) => {
    const subject = create({ ...toy, nodes: [...toy.nodes, memoryless], onlinePolicy: "auto-movable", autoMovableRatio: 100, autoMovableNumaAware }, linux612);
    prepare(subject, { op: "group-dynamic", id: 1, node: 1, unitPages: 32 }, add(128, 160, 1, 1), writeState(4, "online_movable"), add(160, 192), add(192, 224), add(224, 256));

    expect(onlined(subject, 5, 6, 7)).toEqual(["online Movable", "online Movable", "online Normal"]);
  });
});

describe.each(subjects)("removing blocks: $name", ({ create }) => {
  // Block 4 is movable, block 5 holds a kernel page.
  it.each([linux612, strict])("onlines again what it offlined when a later block refuses ($name)", (profile) => {
    const subject = create(toy, profile);
    prepare(subject, add(128, 192), writeState(4, "online_movable"), writeState(5, "online_kernel"));
    place(subject, alloc(1, "kernel"), 160);

    expect(run(subject, offlineAndRemove(128, 192))).toBe("EBUSY");
    expect([4, 5].map((id) => blockState(subject, id))).toEqual(["online Movable", "online Normal"]);
    expect(zoneTuple(subject, "Movable")).toEqual([128, 32, 32, 32]);
    expect(totals(subject).nrMemmapPages).toBe(16);
  });

  it("refuses while one of the blocks is online", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192), writeState(5, "online"));
    const before = subject.view();

    expect(run(subject, remove(128, 192))).toBe("EBUSY");
    expect(subject.view()).toEqual(before);
  });

  it("stops the kernel when the range is no whole number of blocks", () => {
    const subject = create(toy, linux612);
    prepare(subject, add(128, 192));
    const before = subject.view();

    expect(run(subject, remove(130, 160))).toBe("bug");
    expect(subject.view()).toEqual(before);
  });
});
