import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { collect } from "../../src/audit/snapshot.ts";
import { FrameFlag, FrameUse, NONE } from "../../models/index.ts";
import { capture, edited } from "./captures.ts";
import { synthetic } from "./synthetic.ts";
import type { SyntheticMachine } from "./synthetic.ts";

const x86: SyntheticMachine = {
  version: "Linux version 6.12.0-x86_64 (a@b) (gcc) #1",
  pageBytes: 4096,
  blockPages: 32768,
  pageblockOrder: 9,
  maxPageOrder: 10,
  structPageBytes: 64,
  sectionPages: 32768,
  zones: [{ node: 0, type: "Normal", start: 0x100000, end: 0x140000, reserved: 0x8000 }],
};

describe("the sizes of a machine", () => {
  it.each([
    ["arm64 with pages of 16 KiB", { ...x86, version: "Linux version 6.12.0 (a@b) (aarch64-gcc) #1", pageBytes: 16384, blockPages: 8192, pageblockOrder: 11, maxPageOrder: 11, sectionPages: 8192 }, { pageBytes: 16384, structPageBytes: 64, pageblockOrder: 11, maxPageOrder: 11, subsectionPages: 128, sectionPages: 8192, blockSections: 1, pmdPages: 2048 }],
    ["arm64 with pages of 64 KiB", { ...x86, version: "Linux version 6.12.0 (a@b) (aarch64-gcc) #1", pageBytes: 65536, blockPages: 8192, pageblockOrder: 13, maxPageOrder: 13, sectionPages: 8192 }, { pageBytes: 65536, structPageBytes: 64, pageblockOrder: 13, maxPageOrder: 13, subsectionPages: 32, sectionPages: 8192, blockSections: 1, pmdPages: 8192 }],
    ["x86-64 with blocks of 2 GiB", { ...x86, blockPages: 0x80000, zones: [{ node: 0, type: "Normal", start: 0x100000, end: 0x180000, reserved: 0 }] }, { pageBytes: 4096, structPageBytes: 64, pageblockOrder: 9, maxPageOrder: 10, subsectionPages: 512, sectionPages: 32768, blockSections: 16, pmdPages: 512 }],
    ["x86-64 with a larger struct page", { ...x86, structPageBytes: 80 }, { pageBytes: 4096, structPageBytes: 80, pageblockOrder: 9, maxPageOrder: 10, subsectionPages: 512, sectionPages: 32768, blockSections: 1, pmdPages: 512 }],
  ] as const)("are those of %s", (_, machine, geometry) => {
    const result = audit({ read: synthetic(machine) });

    expect(result).toMatchObject({ ok: true, verdict: "holds", snapshot: { geometry }, judgement: { assumptions: [] } });
  });

  it("are told as assumed where they are", () => {
    const unknown = edited(synthetic({ ...x86, version: "Linux version 6.12.0 (a@b) (gcc) #1" }), { without: ["proc/buddyinfo", "proc/pagetypeinfo", "proc/vmstat"] });

    const result = audit({ read: unknown });

    expect(result).toMatchObject({ ok: true, verdict: "holds", snapshot: { geometry: { pageBytes: 4096, maxPageOrder: 10, pageblockOrder: 9, sectionPages: 32768 } } });
    expect(result.ok ? result.judgement.assumptions : []).toEqual([
      "a section is as large as a memory block",
      "the largest free block has 2^10 frames: neither buddyinfo nor pagetypeinfo is available",
      "a pageblock has 2^9 frames: pagetypeinfo is not available",
      "a struct page has 64 bytes: the memmap counters do not tell",
      "the architecture is not named; a page has 4096 bytes by the counters",
    ]);
  });

  it("take a section that the length of kpageflags is a multiple of, where the architecture does not tell", () => {
    const result = collect(synthetic({ ...x86, version: "Linux version 6.12.0 (a@b) (gcc) #1", blockPages: 0x10000, sectionPages: 0x8000, zones: [{ node: 0, type: "Normal", start: 0x10000, end: 0x20000, reserved: 0 }] }));

    expect(result).toMatchObject({ ok: true, value: { geometry: { sectionPages: 0x10000, blockSections: 1 } } });
  });

  it("take the page from iomem where no node tells", () => {
    const result = collect(edited(synthetic({ ...x86, version: "Linux version 6.12.0 (a@b) (gcc) #1", pageBytes: 65536, blockPages: 8192, pageblockOrder: 5, maxPageOrder: 8 }), { without: ["sys/devices/system/node"] }));

    expect(result).toMatchObject({ ok: true, value: { sizes: { pageBytes: 65536, arch: null } } });
  });
});

const lessPresent = (pages: number) => (text: string) => text.replace("present  131072", `present  ${131072 - pages}`).replace("managed  130048", `managed  ${130048 - pages}`);
const lessTotal = (pages: number) => (text: string) => text.replaceAll(/(MemTotal): (\d+)/gu, (_, name: string, kB: string) => `${name}: ${Number(kB) - 4 * pages}`);

const two: SyntheticMachine = { ...x86, zones: [...x86.zones, { node: 1, type: "Normal", start: 0x140000, end: 0x160000, reserved: 0x400 }] };

/** What breaks where node 1 has so many pages less than iomem shows. */
function brokenWithout(pages: number): readonly string[] {
  const text = { "proc/zoneinfo": lessPresent(pages), "proc/meminfo": lessTotal(pages), "sys/devices/system/node/node1/meminfo": lessTotal(pages) };
  const result = audit({ read: edited(synthetic(two), { text, without: ["proc/kpageflags", "proc/buddyinfo", "proc/pagetypeinfo", "proc/vmstat"] }) });
  return result.ok ? result.judgement.broken.map(({ rule }) => rule) : [result.error];
}

describe("a machine of several nodes", () => {
  it("holds", () => {
    const result = audit({ read: synthetic(two) });

    expect(result).toMatchObject({ ok: true, verdict: "holds", judgement: { broken: [] } });
    expect(result.ok ? result.snapshot.view?.zones?.length : 0).toBe(10);
    expect(result.ok ? result.output : "").toContain("node 1\n  Normal");
  });

  it("may have up to 1 MiB of RAM that no node has claimed", () => {
    expect(brokenWithout(256).filter((rule) => rule === "AU-01")).toEqual([]);
    expect(brokenWithout(257)).toContain("AU-01");
  });

  it("breaks the rule of the node that is wrong", () => {
    const result = audit({ read: edited(synthetic(two), { text: { "sys/devices/system/node/node1/meminfo": (text) => text.replace(/MemTotal: \d+/u, "MemTotal: 520188") } }) });

    expect(result).toMatchObject({ ok: true, verdict: "breach", judgement: { broken: [{ rule: "AU-04", evidence: [{ where: "MemTotal of node 1" }] }] } });
  });
});

describe("a machine of 64 GiB", () => {
  const large: SyntheticMachine = { ...x86, zones: [{ node: 0, type: "Normal", start: 0, end: 0x1000000, reserved: 0x40000 }] };

  it("is read without an object for a frame", () => {
    const before = process.memoryUsage().arrayBuffers;

    const result = collect(synthetic(large));

    expect(result.ok && result.value.frames.available ? result.value.frames.value.nrFrames : 0).toBe(0x1000000);
    expect(result.ok ? result.value.view?.frames?.use.length : 0).toBe(0x1000000);
    // Four bytes a frame of the table, and the pieces that were read last.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(0x1000000 * 4 + 64 * 2 ** 20);
  });
});

describe("the view of a capture", () => {
  it("has the facts that files give, and no others", () => {
    const result = collect(capture("dimm-mixed"));

    const view = result.ok ? result.value.view : null;
    expect(Object.keys(view ?? {})).toEqual(["geometry", "zones", "nodes", "blocks", "frames", "resources"]);
    expect(view?.zones?.map(({ type, start, spanned, present, managed, nrFree }) => [type, start, spanned, present, managed, nrFree])).toEqual([
      ["DMA", 1, 4095, 3998, 3840, 3808],
      ["DMA32", 0x1000, 126943, 126943, 97942, 88556],
      ["Normal", 0x100000, 32768, 32768, 32768, 32672],
      ["Movable", 0x108000, 98304, 65536, 65536, 54991],
      ["Device", 0, 0, 0, 0, 0],
    ]);
    expect(view?.zones?.[0]?.nrFreeBlocks).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 3]);
    expect(view?.nodes).toEqual([{ node: 0, start: 1, spanned: 0x11ffff, present: 229245, online: true, hasMemory: true, hasNormalMemory: true }]);
    expect(view?.blocks?.map(({ block, state, zone, boot, validZones }) => [block, state, zone, boot, validZones?.join(" ")])).toEqual([
      [0, "online", null, true, "none"],
      [1, "online", 1, true, "DMA32"],
      [2, "online", 1, true, "DMA32"],
      [3, "online", 1, true, "DMA32"],
      [32, "online", 2, false, "Normal"],
      [33, "online", 3, false, "Movable"],
      [34, "offline", null, false, "Movable Normal"],
      [35, "online", 3, false, "Movable"],
    ]);
    expect(view?.resources).toEqual([
      { range: { start: 1, nrPages: 158 }, kind: "ram" },
      { range: { start: 0x100, nrPages: 130783 }, kind: "ram" },
      { range: { start: 0x100000, nrPages: 131072 }, kind: "ram" },
    ]);
  });

  it("says of frames what their flags say", () => {
    const result = collect(capture("memmap-on-memory"));

    const frames = result.ok ? result.value.view?.frames : undefined;
    expect(frames?.ranges).toEqual([{ start: 0, nrPages: 4 * 32768 }, { start: 0x100000, nrPages: 4 * 32768 }]);
    const at = (pfn: number): readonly (number | undefined)[] => {
      const row = pfn < 0x100000 ? pfn : pfn - 0x100000 + 4 * 32768;
      return [frames?.use[row], frames?.flags[row], frames?.zone[row], frames?.order[row]];
    };
    const online = FrameFlag.Valid + FrameFlag.Online;
    expect(at(0)).toEqual([FrameUse.Hole, online, NONE, NONE]);
    expect(at(1)).toEqual([FrameUse.Reserved, online, 0, NONE]);
    expect(at(0x1000)).toEqual([FrameUse.Reserved, online, 1, NONE]);
    expect(at(0x8000)).toEqual([FrameUse.Free, online, 1, NONE]);
    expect(at(0x1ffff)).toEqual([FrameUse.Hole, online, 1, NONE]);
    expect(at(0x100000)).toEqual([FrameUse.SelfHosted, online, 2, NONE]);
    expect(at(0x100400)).toEqual([FrameUse.Unknown, online, NONE, NONE]);
    expect(at(0x100406)).toEqual([FrameUse.Allocated, online + FrameFlag.Unmovable, 2, NONE]);
    expect(at(0x110000)).toEqual([FrameUse.Offline, FrameFlag.Valid, NONE, NONE]);
  });

  it("gives an offline block no zone, however few it could go to", () => {
    const result = collect(edited(capture("dimm-mixed"), { text: { "sys/devices/system/memory/memory34/valid_zones": () => "Movable\n" } }));

    expect(result.ok ? result.value.view?.blocks?.[6] : undefined).toMatchObject({ block: 34, state: "offline", zone: null, validZones: ["Movable"] });
  });

  it("has no zones where it is not shown where one begins", () => {
    const result = audit({ read: edited(capture("dimm-mixed"), { text: { "proc/zoneinfo": (text) => text.replace(/(zone {3}Device\n(?:.*\n){6} {8}spanned {2})0/u, "$1262144") } }) });

    expect(result).toMatchObject({ ok: true, verdict: "holds" });
    expect(result.ok ? Object.keys(result.snapshot.view ?? {}) : []).toEqual(["geometry", "blocks", "frames", "resources"]);
    expect(result.ok ? result.judgement.notJudged.find(({ id }) => id === "AU-13")?.why : "").toBe("there is device memory, whose memmap counts too");
  });
});

describe("memory from boot", () => {
  it("is not known where neither the counters nor iomem tell", () => {
    const result = collect(edited(capture("dimm-mixed"), { without: ["proc/vmstat"] }));

    expect(result.ok ? result.value.boot : []).toEqual([true, true, true, true, null, null, null, null]);
  });

  it("is not what a driver added", () => {
    const result = collect(edited(capture("virtio-mem"), { without: ["proc/vmstat"] }));

    expect(result.ok ? result.value.boot : []).toEqual([true, true, true, true, false, false, false]);
  });
});
