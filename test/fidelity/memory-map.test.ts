import { beforeAll, describe, expect, it } from "vitest";
import { available } from "../../src/audit/source.ts";
import { bytesOf, machineOf } from "../../src/fidelity/memory-map.ts";
import type { BootCount } from "../../src/fidelity/memory-map.ts";
import type { RecordedMachine } from "../../src/fidelity/record.ts";
import { checkDescription } from "../../models/index.ts";
import type { MachineDescription, PfnRange } from "../../models/index.ts";
import { parseZoneinfo } from "../../src/formats/zoneinfo.ts";
import { capture } from "../audit/captures.ts";

const pc: RecordedMachine = { arch: "x86_64", kernel: "6.12.117+deb12-cloud-amd64", qemu: "7.2 TCG -M pc -cpu max -smp 1 -m 512M,slots=8,maxmem=8G", cmdline: "quiet", devices: "", blockBytes: 2 ** 27, pageBytes: 4096, pageblockPages: 512 };
const virt: RecordedMachine = { ...pc, arch: "arm64", kernel: "6.12.117+deb12-cloud-arm64", qemu: "7.2 TCG -M virt -cpu cortex-a53 -smp 1 -m 1G,slots=8,maxmem=8G" };

function made(recorded: RecordedMachine, counts: readonly BootCount[] = []): MachineDescription {
  const result = machineOf(recorded, counts);
  if (!result.ok) throw new Error(result.missing);
  return result.machine;
}

/** [first, last] of each range. */
function ends(ranges: readonly PfnRange[] | undefined): readonly (readonly [number, number])[] {
  return (ranges ?? []).map(({ start, nrPages }) => [start, start + nrPages - 1]);
}

//   | 0 | 1 ... 0x9e | hole | 0x100 ... 0x1ffdf | ACPI |
//                      0xa0                     0x1ffe0 to 0x1ffff
describe("a machine pc with 512 MiB", () => {
  it("has a hole below 1 MiB, tables of ACPI at its end, and gives page 0 to nobody", () => {
    expect(made(pc).nodes).toHaveLength(1);
    expect(ends(made(pc).nodes[0]?.memory)).toEqual([[1, 0x9e], [0x100, 0x1ffdf]]);
  });

  it("has borders of zones at 16 MiB and 4 GiB", () => {
    expect(made(pc)).toMatchObject({ arch: "x86-64", dmaEnd: 4096, dma32End: 2 ** 20, hotplugEnd: 2 ** 40 });
  });

  it("has no zone DMA if its kernel has none", () => {
    expect(made({ ...pc, kernel: "6.12.117 built from linux-source-6.12 (small config: DEBUG_VM)" })).toMatchObject({ dmaEnd: 0, dma32End: 2 ** 20 });
  });

  it("has sections and subsections of x86-64, and blocks and pageblocks as told", () => {
    expect(made({ ...pc, blockBytes: 2 ** 28, pageblockPages: 1024 }).geometry).toEqual({ pageBytes: 4096, structPageBytes: 64, pageblockOrder: 10, maxPageOrder: 10, subsectionPages: 512, sectionPages: 32_768, blockSections: 2, pmdPages: 512 });
  });
});

describe("more memory of a machine pc", () => {
  it("lies from 4 GiB on, above 3 GiB of low memory", () => {
    expect(ends(made({ ...pc, qemu: "7.2 TCG -M pc -m 4G" }).nodes[0]?.memory)).toEqual([[1, 0x9e], [0x100, 0xbffdf], [0x100000, 0x13ffff]]);
  });

  it("lies below 4 GiB up to 3.5 GiB", () => {
    expect(ends(made({ ...pc, qemu: "7.2 TCG -M pc -m 3328M" }).nodes[0]?.memory)).toEqual([[1, 0x9e], [0x100, 0xcffdf]]);
  });

  it("lies from 4 GiB on, above what max-ram-below-4g says", () => {
    expect(ends(made({ ...pc, qemu: "7.2 TCG -M pc,max-ram-below-4g=256M -smp 1 -m 768M,slots=8" }).nodes[0]?.memory)).toEqual([[1, 0x9e], [0x100, 0xffdf], [0x100000, 0x11ffff]]);
  });

  it("ends where mem= says", () => {
    expect(ends(made({ ...pc, qemu: "7.2 TCG -M pc -m 1G", cmdline: "quiet mem=384M panic=-1" }).nodes[0]?.memory)).toEqual([[1, 0x9e], [0x100, 0x17fff]]);
  });
});

describe("a machine virt", () => {
  it("has its memory from 1 GiB on, all in zone DMA", () => {
    expect(ends(made(virt).nodes[0]?.memory)).toEqual([[0x40000, 0x7ffff]]);
    expect(made(virt)).toMatchObject({ arch: "arm64", dmaEnd: 2 ** 20, dma32End: 2 ** 20 });
  });

  it("has the second flash bank too with UEFI", () => {
    expect(ends(made({ ...virt, qemu: virt.qemu.replace("-smp", "-bios QEMU_EFI.fd -smp") }).nodes[0]?.memory)).toEqual([[0x4000, 0x7fff], [0x40000, 0x7ffff]]);
  });

  it("has 64 MiB of CMA at the end of its free memory, as Debian builds it", () => {
    expect(made(virt).cma).toEqual([{ base: 0x7c000, nrPages: 16_384, orderPerBit: 0 }]);
  });

  it("has none where the command line says so, or as much as that says", () => {
    expect(made({ ...virt, cmdline: "cma=0" }).cma).toEqual([]);
    expect(made({ ...virt, cmdline: "cma=128M" }).cma).toEqual([{ base: 0x78000, nrPages: 32_768, orderPerBit: 0 }]);
  });
});

describe("nodes", () => {
  const backends = "-object memory-backend-ram,id=b0,size=384M -object memory-backend-ram,id=b1,size=128M -numa node,nodeid=0,memdev=b0,cpus=0 -numa node,nodeid=1,memdev=b1";

  it("share memory in the order of their backends", () => {
    expect(made({ ...pc, devices: backends }).nodes.map(({ memory }) => ends(memory))).toEqual([[[1, 0x9e], [0x100, 0x17fff]], [[0x18000, 0x1ffdf]]]);
  });

  it("have processors if they are the first", () => {
    expect(made({ ...pc, devices: backends }).nodes.map(({ cpus }) => cpus)).toEqual([true, false]);
  });

  it("may have no memory", () => {
    const devices = "-object memory-backend-ram,id=b0,size=512M -numa node,nodeid=0,memdev=b0,cpus=0 -numa node,nodeid=1";

    expect(made({ ...pc, devices }).nodes.map(({ memory }) => ends(memory))).toEqual([[[1, 0x9e], [0x100, 0x1ffdf]], []]);
  });
});

/** Where zone Movable begins at boot. */
function border(cmdline: string): number | null {
  const start = made({ ...pc, cmdline }).nodes[0]?.movableStart ?? null;
  return start === null ? null : Math.ceil(start / 1024) * 1024;
}

describe("zone Movable at boot", () => {
  it("begins behind kernelcore=200M, at a multiple of the largest order", () => {
    expect(border("quiet kernelcore=200M")).toBe(52_224);
  });

  it("takes the last movablecore=128M", () => {
    expect(border("quiet movablecore=128M")).toBe(98_304);
  });

  it("is kernelcore= where both are given", () => {
    expect(border("kernelcore=200M movablecore=64M")).toBe(52_224);
  });

  it("is not there without them, or where the kernel's part is all there is", () => {
    expect(border("quiet")).toBeNull();
    expect(border("kernelcore=1G")).toBeNull();
  });
});

describe("policies", () => {
  it.each([
    ["", { autoOnline: "online", onlinePolicy: "contig-zones", memmapOnMemory: "never", movableNode: false, autoMovableRatio: 301, autoMovableNumaAware: true, cma: [] }],
    ["memhp_default_state=offline", { autoOnline: "offline" }],
    ["memhp_default_state=online_kernel", { autoOnline: "online_kernel" }],
    ["memhp_default_state=online_movable", { autoOnline: "online_movable" }],
    ["memhp_default_state=offline memhp_default_state=online_movable", { autoOnline: "online_movable" }],
    ["memory_hotplug.online_policy=auto-movable", { onlinePolicy: "auto-movable" }],
    ["memory_hotplug.memmap_on_memory=1", { memmapOnMemory: "yes" }],
    ["memory_hotplug.memmap_on_memory=Y", { memmapOnMemory: "yes" }],
    ["memory_hotplug.memmap_on_memory=force", { memmapOnMemory: "force" }],
    ["memory_hotplug.memmap_on_memory=0", { memmapOnMemory: "never" }],
    ["movable_node", { movableNode: true }],
    ["movable_nodes", { movableNode: false }],
    ["cma=64M", { cma: [{ base: 0x18000, nrPages: 16_384, orderPerBit: 0 }] }],
  ])("are what the command line says: %j", (cmdline, expected) => {
    expect(made({ ...pc, cmdline: `quiet ${cmdline} panic=-1` })).toMatchObject(expected);
  });
});

describe("a machine that can not be described", () => {
  it.each([
    ["another architecture", { arch: "riscv64" }, "machines of architecture riscv64"],
    ["another page size", { arch: "arm64", pageBytes: 65_536 }, "a page size of 65536 on arm64"],
    ["another machine", { qemu: "7.2 TCG -M q35 -m 512M" }, 'the memory map of "7.2 TCG -M q35 -m 512M"'],
    ["no size of memory", { qemu: "7.2 TCG -M pc" }, 'the memory map of "7.2 TCG -M pc"'],
    ["pc on arm64", { arch: "arm64" }, `the memory map of "${pc.qemu}"`],
  ])("has %s", (_, change, missing) => {
    expect(machineOf({ ...pc, ...change }, [])).toEqual({ ok: false, missing });
  });
});

describe("sizes", () => {
  it.each([["512M", 2 ** 29], ["1G", 2 ** 30], ["4096", 4096], ["64K", 2 ** 16], ["1T", 2 ** 40], ["", undefined], ["1.5G", undefined], ["0x1000", undefined], ["1P", undefined], ["9999999999999", undefined]])("%j is %j bytes", (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes);
  });
});

describe("reserved frames", () => {
  const dma: BootCount = { node: 0, type: "DMA", present: 3998, managed: 3840 };

  it("are none where nothing was counted", () => {
    expect(made(pc).reserved).toEqual([]);
  });

  it("of zone DMA lie at its start", () => {
    expect(ends(made(pc, [dma]).reserved)).toEqual([[1, 158]]);
  });

  //   | DMA | image, 9414 frames |            free            | the rest | ACPI
  //         4096                 13510                 131040 - rest
  it("of zone DMA32 are the kernel's image at 16 MiB, and the rest at the end of memory", () => {
    expect(ends(made(pc, [{ node: 0, type: "DMA32", present: 126_944, managed: 98_340 }]).reserved)).toEqual([[4096, 13_509], [131_040 - (126_944 - 98_340 - 9414), 131_039]]);
  });

  it("of zone Movable lie at its end", () => {
    const machine = made({ ...pc, cmdline: "kernelcore=200M" }, [{ node: 0, type: "DMA32", present: 48_128, managed: 38_714 }, { node: 0, type: "Movable", present: 78_816, managed: 59_626 }]);

    expect(ends(machine.reserved)).toEqual([[4096, 13_509], [131_040 - 19_190, 131_039]]);
  });

  it("make a machine that can boot, with as many managed frames as were counted", () => {
    const machine = made(pc, [dma, { node: 0, type: "DMA32", present: 126_944, managed: 98_340 }]);

    expect(checkDescription(machine)).toBeUndefined();
    expect(machine.reserved.reduce((sum, { nrPages }) => sum + nrPages, 0)).toBe(3998 - 3840 + 126_944 - 98_340);
  });
});

// What was counted on a real machine of 512 MiB, and the frames that its kpageflags call reserved.
describe("reserved frames of the machine of a capture", () => {
  const blockPages = 32_768;
  const bootBlocks = [0, 1, 2, 3];
  const seen = new Set<number>();
  let derived: ReadonlySet<number> = new Set();

  beforeAll(() => {
    const source = capture("dimm-mixed");
    const zoneinfo = source.text("proc/zoneinfo");
    if (!zoneinfo.available) throw new Error(zoneinfo.why);
    const zones = parseZoneinfo(zoneinfo.value);
    if (!zones.ok) throw new Error("no zoneinfo");
    const counts = zones.value.filter(({ type }) => type === "DMA" || type === "DMA32").map(({ node, type, present, managed }) => ({ node, type, present, managed }));
    const blocks = made(pc, counts).reserved.flatMap(({ start, nrPages }) => [Math.floor(start / blockPages), Math.floor((start + nrPages - 1) / blockPages)]);
    derived = new Set(blocks);
    let pfn = 0;
    const read = source.stream("proc/kpageflags", (bytes) => {
      const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length; at += 8, pfn++) {
        // Bit 32: KPF_RESERVED.
        if (pfn < blockPages * bootBlocks.length && (words.getUint32(at + 4, true) & 1) !== 0) seen.add(Math.floor(pfn / blockPages));
      }
    });
    expect(read).toEqual(available(9_437_184));
  });

  it("lie in the blocks that have reserved frames", () => {
    expect(bootBlocks.filter((block) => derived.has(block))).toEqual(bootBlocks.filter((block) => seen.has(block)));
  });

  it("lie in the first and the last block of boot memory, and not between them", () => {
    expect([...derived].toSorted((a, b) => a - b)).toEqual([0, 3]);
  });
});
