import { describe, expect, it } from "vitest";
import { linux612, pfnRange, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";
import { Box, eventsOf, worked } from "./box.ts";

describe("a device map in the rest of a boot section", () => {
  const odd: MachineDescription = { ...worked, nodes: [{ memory: [pfnRange(toPfn(32), 100)], movableStart: null, cpus: true }] };

  it("reuses the boot memmap and taints the section", () => {
    const box = new Box(odd, linux612);
    const map = (id: number, start: number, end: number): string | undefined => box.do({ op: "device-map", id, start: toPfn(start), nrPages: end - start, node: 0 }).errno;

    expect(map(1, 132, 140)).toBeUndefined();
    expect(box.section(8)).toBe("present online boot 1110 bbbb");
    expect(box.view().sections?.find(({ section }) => section === 8)?.taint).toBe(true);
    expect(box.numbers("Device")).toEqual([132, 8, 0, 0]);
    expect(box.view().nodes?.[0]).toMatchObject({ start: 32, spanned: 108 });
    const frames = box.view().frames;
    const online = [128, 131, 132, 139, 140].map((pfn) => ((frames?.flags[pfn - 32] ?? 0) & 2) !== 0);
    expect(online).toEqual([true, true, false, false, false]);
    expect(map(2, 138, 142)).toBe("ENOMEM");
    expect(map(2, 128, 144)).toBe("ENXIO");
    expect(map(2, 141, 143)).toBe("EINVAL");
    box.do({ op: "device-unmap", id: 1 });

    expect(box.section(8)).toBe("present online boot 1000 bbbb");
    expect(box.view().sections?.find(({ section }) => section === 8)?.taint).toBe(true);
    expect(box.numbers("Device")).toEqual([132, 8, 0, 0]);
  });

  // |   A   |  ?  | live device |  ?  |   and a map that encloses the live one
  it("notices an enclosed device by contract, and lets the kernel forget it", () => {
    for (const [profile, errno, known] of [[strict, "ENOMEM", true], [linux612, "EEXIST", false]] as const) {
      const box = new Box(odd, profile);
      box.do({ op: "device-map", id: 1, start: toPfn(136), nrPages: 4, node: 0 });

      expect(box.do({ op: "device-map", id: 2, start: toPfn(132), nrPages: 12, node: 0 }).errno).toBe(errno);

      const online = ((box.view().frames?.flags[136 - 32] ?? 0) & 2) !== 0;
      expect(online).toBe(!known);
      expect(box.view().devices).toHaveLength(1);
    }
  });
});

/** What an online without preference would choose for the first block of a group of three. */
function chosenFor(ratio: number): string {
  const box = new Box({ ...worked, onlinePolicy: "auto-movable", autoMovableRatio: ratio });
  box.do({ op: "group-static", id: 1, node: 0, maxPages: 96 });
  box.add(128, 224, { group: 1 });
  return box.validZones(4);
}

describe("zone choice", () => {
  it("follows spans under contig-zones", () => {
    const box = new Box();
    box.add(128, 288);
    box.write(5, "online_movable");
    box.write(7, "online_movable");

    expect([6, 4, 8].map((block) => box.validZones(block))).toEqual(["Movable Normal", "Normal Movable", "Normal Movable"]);
  });

  it("decides for a whole group under auto-movable", () => {
    expect(chosenFor(100)).toBe("Movable Normal");
    expect(chosenFor(99)).toBe("Normal Movable");
  });

  it("keeps a static group in the kernel zone once a block of it is there", () => {
    const box = new Box({ ...worked, onlinePolicy: "auto-movable", autoMovableRatio: 100 });
    box.do({ op: "group-static", id: 1, node: 0, maxPages: 96 });
    box.add(128, 224, { group: 1 });

    box.write(4, "online_kernel");

    expect([5, 6].map((block) => box.validZones(block))).toEqual(["Normal Movable", "Normal Movable"]);
    expect(box.view().groups?.[0]).toMatchObject({ presentKernel: 32, presentMovable: 0, blocks: [4, 5, 6] });
  });

  // Early kernel memory 96, ratio 100; each kernel block of the device allows one movable block more of the same device.
  it("alternates within a dynamic group once the ratio is reached", () => {
    const box = new Box({ ...worked, onlinePolicy: "auto-movable", autoMovableRatio: 100 });
    box.do({ op: "group-dynamic", id: 1, node: 0, unitPages: 32 });
    const zones: string[] = [];
    for (let block = 4; block < 10; block++) {
      box.add(block * 32, block * 32 + 32, { group: 1 });
      box.write(block, "online");
      zones.push(box.validZones(block));
    }

    expect(zones).toEqual(["Movable", "Movable", "Movable", "Normal", "Movable", "Normal"]);
  });

  it("remembers a refused word where the kernel does", () => {
    for (const [profile, zone] of [[strict, "Normal"], [linux612, "Movable"]] as const) {
      const box = new Box(worked, profile);
      box.add(128, 160);
      box.write(4, "online");

      expect(box.write(4, "online_movable")).toBe("EINVAL");
      box.write(4, "offline");
      box.do({ op: "write-online", block: toBlockId(4), value: true });

      expect(box.validZones(4)).toBe(zone);
    }
  });
});

describe("a veto", () => {
  // DMA32 ends at frame 128 with a hole, [96, 128); the scan after the veto looks for its last page.
  it("of an online leaves the spans alone by contract, and tightens a loose end where the kernel does", () => {
    const loose: MachineDescription = { ...worked, dma32End: toPfn(128), nodes: [{ memory: [pfnRange(toPfn(32), 64), pfnRange(toPfn(128), 32)], movableStart: null, cpus: true }] };
    for (const [profile, spanned] of [[strict, 96], [linux612, 64]] as const) {
      const box = new Box(loose, profile);
      box.add(96, 128);
      box.do({ op: "veto", event: "GOING_ONLINE", errno: "ENOMEM" });

      const outcome = box.do({ op: "write-state", block: toBlockId(3), value: "online_kernel" });

      expect(outcome.errno).toBe("ENOMEM");
      expect(eventsOf(outcome)).toBe("PREPARE_ONLINE[96,128) GOING_ONLINE[96,128) CANCEL_ONLINE[96,128) FINISH_OFFLINE[96,128)");
      expect(box.zone("DMA32").spanned).toBe(spanned);
    }
  });

  it("of an online raises nr_zones and the contiguous flag of an empty zone where the kernel does", () => {
    for (const [profile, nrZones, contiguous] of [[strict, 3, false], [linux612, 4, true]] as const) {
      const box = new Box(worked, profile);
      box.add(128, 160);
      box.do({ op: "veto", event: "GOING_ONLINE", errno: "EBUSY" });

      expect(box.write(4, "online_movable")).toBe("EBUSY");

      expect(box.view().nodes?.[0]?.nrZones).toBe(nrZones);
      expect(box.zone("Movable").contiguous).toBe(contiguous);
      expect(box.numbers("Movable")).toEqual([0, 0, 0, 0]);
    }
  });
});

/** Online, has memory, has normal memory: of node 1. */
function masks(box: Box): string {
  const node = box.view().nodes?.[1];
  return `${node?.online} ${node?.hasMemory} ${node?.hasNormalMemory}`;
}

describe("a node without memory", () => {
  const two: MachineDescription = { ...worked, nodes: [...worked.nodes, { memory: [], movableStart: null, cpus: false }] };
  it("comes with its memory and goes with it", () => {
    const box = new Box(two);
    expect(masks(box)).toBe("false false false");

    box.add(128, 192, { node: 1 });
    expect(masks(box)).toBe("true false false");
    box.write(4, "online_kernel");
    box.write(5, "online_movable");
    expect(masks(box)).toBe("true true true");
    box.write(4, "offline");
    expect(masks(box)).toBe("true true false");
    box.write(5, "offline");
    expect(masks(box)).toBe("true false false");
    box.remove(128, 192);

    expect(masks(box)).toBe("false false false");
  });

  it("takes what offline moves, before the page's own node", () => {
    const box = new Box(two);
    box.add(128, 192, { node: 1 });
    box.write(4, "online_movable");
    box.add(192, 224);
    box.write(6, "online_kernel");
    box.engine.follow({ op: "alloc", id: 1, kind: "folio", order: 1, node: 0, thisNode: false, zone: "normal" }, { result: "ok", grant: { pfn: toPfn(194), order: 1 } });

    const outcome = box.do({ op: "write-state", block: toBlockId(6), value: "offline" });

    expect(outcome.moved).toEqual([{ id: 1, from: 194, to: { pfn: 128, order: 1 } }]);
  });
});
