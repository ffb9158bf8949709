import { describe, expect, it } from "vitest";
import { parseIomem } from "../../src/formats/iomem.ts";
import { FrameKind, contradictory, frameKind, showWord } from "../../src/formats/kpage.ts";
import { parseMeminfo, parseNodeMeminfo, parseVmstat } from "../../src/formats/meminfo.ts";
import { quote, showShapeError } from "../../src/formats/shape.ts";
import type { Shaped } from "../../src/formats/shape.ts";
import { parseBlockOnline, parseBlockSize, parseBlockState, parseNodeList, parsePhysIndex, parseValidZones, parseWord } from "../../src/formats/sysfs-memory.ts";
import { parseArch, parseCmdline, parseVersion } from "../../src/formats/version.ts";

function problem(shaped: Shaped<unknown>): string {
  return shaped.ok ? "no error" : showShapeError(shaped.error);
}

function value<T>(shaped: Shaped<T>): T | string {
  return shaped.ok ? shaped.value : showShapeError(shaped.error);
}

const iomem = `00001000-0009fbff : System RAM
000a0000-000bffff : PCI Bus 0000:00
00100000-1ffdefff : System RAM
  01000000-01ffffff : Kernel code
100000000-13fffffff : virtio0
  100000000-117ffffff : System RAM (virtio_mem)
8000000000000000-ffffffffffffffff : PCI Bus 0000:80
`;

describe("iomem", () => {
  it("gives System RAM half open, with who added it", () => {
    expect(value(parseIomem(iomem))).toEqual({
      ram: [
        { start: 0x1000, end: 0x9fc00, driver: null },
        { start: 0x100000, end: 0x1ffdf000, driver: null },
        { start: 0x100000000, end: 0x118000000, driver: "virtio_mem" },
      ],
      edges: [0x1000, 0x9fc00, 0xa0000, 0xc0000, 0x100000, 0x1ffdf000, 0x100000000, 0x140000000],
    });
  });

  it("knows hidden addresses from no memory", () => {
    expect(value(parseIomem("00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n"))).toBeNull();
    expect(value(parseIomem("00000000-00000fff : Reserved\n"))).toEqual({ ram: [], edges: [0, 0x1000] });
  });

  it("does not look for nesting below the level at which all deeper entries print", () => {
    const deep = Array.from({ length: 6 }, (_, level) => `${"  ".repeat(level)}00001000-00001fff : level ${level}\n`).join("");

    expect(parseIomem(`${deep}          00001000-000017ff : level 6\n`)).toMatchObject({ ok: true });
  });

  it.each([
    ["", "proc/iomem: found an empty file, expected text"],
    [iomem.replaceAll("\n", "\r\n"), "proc/iomem line 1: found a carriage return, expected a line that ends in a newline alone"],
    [iomem.slice(0, 50), 'proc/iomem line 2: found "000a0000-000bffff :" and the end of the file, expected a newline at the end: the file is cut off'],
    [iomem.replace("000a0000-000bffff", "000a0000+131072"), 'proc/iomem line 2: found "000a0000+131072 : PCI Bus 0000:00", expected `START-END : NAME` in hexadecimal, two spaces for each level'],
    [iomem.replace("000a0000-000bffff", "000c0000-000bffff"), 'proc/iomem line 2: found "000c0000-000bffff : PCI Bus 0000:00", expected an end that is not below the start'],
    [iomem.replace("000a0000-000bffff", "0009f000-000bffff"), 'proc/iomem line 2: found "PCI Bus 0000:00", expected an entry behind "System RAM"'],
    [iomem.replace("  01000000-01ffffff", "  01000000-21ffffff"), 'proc/iomem line 4: found "Kernel code", expected an entry inside "System RAM"'],
    [iomem.replace("  01000000-01ffffff", "    01000000-01ffffff"), "proc/iomem line 4: found an entry at level 2, expected a parent above it"],
    [iomem.replace("PCI Bus 0000:80", "System RAM"), 'proc/iomem line 7: found "8000000000000000-ffffffffffffffff", expected memory below 2^53 bytes'],
  ])("says in one line what is wrong (%#)", (text, message) => {
    expect(problem(parseIomem(text))).toBe(message);
  });
});

describe("meminfo", () => {
  it("gives bytes where the unit is kB, else the number", () => {
    const info = value(parseMeminfo("MemTotal:         800344 kB\nHugePages_Total:       3\nVmallocTotal:   13743895347199000 kB\n"));

    expect(info).toEqual({ values: new Map([["MemTotal", 800344 * 1024], ["HugePages_Total", 3]]) });
  });

  it("takes that of a node", () => {
    expect(value(parseNodeMeminfo("Node 1 MemTotal:        4 kB\n", 1))).toEqual({ values: new Map([["MemTotal", 4096]]) });
  });

  it.each([
    [parseMeminfo(""), "proc/meminfo: found an empty file, expected text"],
    [parseMeminfo("MemTotal: 8 kB\r\n"), "proc/meminfo line 1: found a carriage return, expected a line that ends in a newline alone"],
    [parseMeminfo("MemTotal: 8 MB\n"), 'proc/meminfo line 1: found " MB", expected the unit kB or none'],
    [parseMeminfo("MemTotal: -8 kB\n"), 'proc/meminfo line 1: found "-8", expected a whole number from 0 to 2^53 - 1 for MemTotal'],
    [parseMeminfo("MemTotal: 9007199254740991 kB\n"), 'proc/meminfo line 1: found "9007199254740991", expected a whole number from 0 to 2^53 - 1 for MemTotal'],
    [parseMeminfo("MemTotal: 8 kB\nMemTotal: 8 kB\n"), 'proc/meminfo line 2: found "MemTotal", expected each name once'],
    [parseMeminfo("MemFree: 8 kB\n"), "proc/meminfo: found no MemTotal, expected `MemTotal: N kB`"],
    [parseMeminfo("total used free\n"), 'proc/meminfo line 1: found "total used free", expected `NAME: N kB`'],
    [parseNodeMeminfo("Node 0 MemTotal: 8 kB\n", 1), 'sys/devices/system/node/node1/meminfo line 1: found "Node 0 MemTotal: 8 kB", expected `Node 1 NAME: N kB`'],
  ])("says in one line what is wrong (%#)", (shaped, message) => {
    expect(problem(shaped)).toBe(message);
  });
});

describe("vmstat", () => {
  it("gives the counters, except events too large to be exact", () => {
    expect(value(parseVmstat("nr_free_pages 180021\npgfault 18446744073709551615\n"))).toEqual(new Map([["nr_free_pages", 180021]]));
  });

  it.each([
    ["", "proc/vmstat: found an empty file, expected text"],
    ["nr_free_pages 1\nnr_free_pages 1\n", 'proc/vmstat line 2: found "nr_free_pages", expected each name once'],
    ["nr_free_pages -1\n", 'proc/vmstat line 1: found "nr_free_pages -1", expected `NAME N`'],
    ["nr_free_pages 18446744073709551615\n", 'proc/vmstat line 1: found "18446744073709551615", expected a whole number from 0 to 2^53 - 1 for nr_free_pages'],
    ["pgfault 1\n", "proc/vmstat: found no nr_free_pages, expected `nr_free_pages N`"],
  ])("says in one line what is wrong (%#)", (text, message) => {
    expect(problem(parseVmstat(text))).toBe(message);
  });
});

describe("the files of memory blocks and nodes", () => {
  it("are read as sysfs prints them", () => {
    expect(value(parseBlockSize("8000000\n"))).toBe(0x8000000);
    expect(value(parseBlockState("going-offline\n", "state"))).toBe("going-offline");
    expect(value(parseBlockOnline("1\n", "online"))).toBe(true);
    expect(value(parsePhysIndex("00000022\n", "phys_index"))).toBe(34);
    expect(value(parseValidZones("none\n", "valid_zones"))).toEqual([]);
    expect(value(parseValidZones("Movable Normal\n", "valid_zones"))).toEqual(["Movable", "Normal"]);
    expect(value(parseNodeList("0-2,5\n", "online"))).toEqual([0, 1, 2, 5]);
    expect(value(parseNodeList("\n", "has_memory"))).toEqual([]);
    expect(value(parseWord("contig-zones\n", "online_policy"))).toBe("contig-zones");
  });

  it.each([
    [parseBlockSize("128M\n"), 'sys/devices/system/memory/block_size_bytes line 1: found "128M", expected a power of two from 1 MiB on, in hexadecimal'],
    [parseBlockSize("8000001\n"), 'sys/devices/system/memory/block_size_bytes line 1: found "8000001", expected a power of two from 1 MiB on, in hexadecimal'],
    [parseBlockSize("8000000"), 'sys/devices/system/memory/block_size_bytes line 1: found "8000000" and the end of the file, expected a newline at the end: the file is cut off'],
    [parseBlockState("onlin\n", "state"), 'state line 1: found "onlin", expected online, going-offline or offline'],
    [parseBlockState("online\nonline\n", "state"), 'state line 2: found "online", expected one line'],
    [parseBlockState("online\r\n", "state"), "state line 1: found a carriage return, expected a line that ends in a newline alone"],
    [parseBlockOnline("yes\n", "online"), 'online line 1: found "yes", expected 0 or 1'],
    [parsePhysIndex("22\n", "phys_index"), 'phys_index line 1: found "22", expected a block number of eight hexadecimal digits'],
    [parsePhysIndex("ffffffffffffffff\n", "phys_index"), 'phys_index line 1: found "ffffffffffffffff", expected a block number of eight hexadecimal digits'],
    [parseValidZones("Normal,Movable\n", "valid_zones"), 'valid_zones line 1: found "Normal,Movable", expected none or different zones out of DMA, DMA32, Normal, Movable, Device'],
    [parseValidZones("Normal Normal\n", "valid_zones"), 'valid_zones line 1: found "Normal Normal", expected none or different zones out of DMA, DMA32, Normal, Movable, Device'],
    [parseValidZones("", "valid_zones"), "valid_zones: found an empty file, expected text"],
    [parseNodeList("3-1\n", "online"), 'online line 1: found "3-1", expected ascending numbers and ranges below 1024'],
    [parseNodeList("0,0\n", "online"), 'online line 1: found "0", expected ascending numbers and ranges below 1024'],
    [parseNodeList("0-99999999\n", "online"), 'online line 1: found "0-99999999", expected ascending numbers and ranges below 1024'],
    [parseWord("two words\n", "online_policy"), 'online_policy line 1: found "two words", expected one word'],
  ])("say in one line what is wrong (%#)", (shaped, message) => {
    expect(problem(shaped)).toBe(message);
  });
});

describe("version and command line", () => {
  it("name the release and the architecture, where they do", () => {
    expect(value(parseVersion("Linux version 6.12.117+deb12-amd64 (x@y) (x86_64-linux-gnu-gcc-12) #1 SMP\n"))).toEqual({ release: "6.12.117+deb12-amd64", major: 6, minor: 12, arch: "x86-64" });
    expect(value(parseVersion("Linux version 6.1.0 (x@y) (aarch64-linux-gnu-gcc) #1\n"))).toMatchObject({ arch: "arm64" });
    expect(value(parseVersion("Linux version 6.18.44-fc (x@y) (gcc (GCC) 15) #1\n"))).toMatchObject({ minor: 18, arch: null });
    expect(value(parseArch("x86_64\n"))).toBe("x86-64");
    expect(value(parseArch("riscv64\n"))).toBeNull();
    expect(value(parseCmdline("console=ttyS0  movable_node\n"))).toEqual(["console=ttyS0", "movable_node"]);
    expect(value(parseCmdline("\n"))).toEqual([]);
  });

  it.each([
    [parseVersion("Darwin Kernel Version 23\n"), 'proc/version line 1: found "Darwin Kernel Version 23", expected `Linux version N.N`'],
    [parseVersion(""), "proc/version: found an empty file, expected text"],
  ])("say in one line what is wrong (%#)", (shaped, message) => {
    expect(problem(shaped)).toBe(message);
  });
});

describe("a word of kpageflags", () => {
  it.each([
    [0x0, 0x0, FrameKind.Bare],
    [0x100000, 0x0, FrameKind.NoPage],
    [0x400, 0x0, FrameKind.Free],
    [0x408, 0x0, FrameKind.Free],
    [0x0, 0x1, FrameKind.Reserved],
    [0x804, 0x1, FrameKind.Reserved],
    [0x800010, 0x0, FrameKind.Offline],
    [0x0, 0x20, FrameKind.SelfHosted],
    // Slab frames carry ANON and KSM as a matter of chance.
    [0x201080, 0x0, FrameKind.Slab],
    [0x10080, 0x0, FrameKind.Slab],
    [0x4000000, 0x0, FrameKind.PageTable],
    [0x20020, 0x0, FrameKind.Hugetlb],
    [0x402c, 0x0, FrameKind.User],
    [0x20, 0x20, FrameKind.User],
    [0x80400, 0x0, FrameKind.Poisoned],
    [0x10000, 0x0, FrameKind.Other],
    [0x0, 0x80000000, FrameKind.Other],
  ])("of %i and %i is of kind %i", (low, high, kind) => {
    expect(frameKind(low, high)).toBe(kind);
  });

  it("contradicts itself where a reserved page is free or on an LRU list, or where no page has flags", () => {
    expect([contradictory(0x400, 0x1), contradictory(0x20, 0x1), contradictory(0x100020, 0), contradictory(0x100000, 1)]).toEqual([true, true, true, true]);
    expect([contradictory(0x100000, 0), contradictory(0x400, 0), contradictory(0x80, 0x1), contradictory(0, 0)]).toEqual([false, false, false, false]);
  });

  it("prints as 64 bits", () => {
    expect(showWord(-2147483648, -1)).toBe("0xffffffff80000000");
  });
});

describe("text from a file", () => {
  it("is quoted in ASCII and not at length", () => {
    expect(quote("caf\u00e9\u001b[31m")).toBe('"caf\\xe9\\x1b[31m"');
    expect(quote("x".repeat(99))).toBe(`"${"x".repeat(48)}..."`);
  });
});
