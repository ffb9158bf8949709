import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { crossChecks } from "../../src/audit/cross-checks.ts";
import { judgeable } from "../../src/audit/judgeable.ts";
import { capture, edited, line, replaceOnce } from "./captures.ts";
import type { CaptureName, Edits } from "./captures.ts";

interface Case {
  readonly rule: string;
  readonly what: string;
  readonly capture: CaptureName;
  readonly edits: Edits;
  /** What the evidence says. */
  readonly says: RegExp;
}

const block = (nr: number, file: string): string => `sys/devices/system/memory/memory${nr}/${file}`;

const noPage = 1n << 20n;
const buddy = 1n << 10n;
const lru = 1n << 5n;
const slab = 1n << 7n;
const poison = 1n << 19n;
const pageOffline = 1n << 23n;
const pageTable = 1n << 26n;
const reserved = 1n << 32n;
const ownerPrivate = 1n << 37n;

/** A frame of dimm-mixed that is free: in block 1 (DMA32, boot), in block 35 (Movable, added), and one that is offline. */
const free = 0x8000;
const freeMovable = 0x118000;
const offline = 0x110000;

const flags = (pfn: number, word: bigint): Edits => ({ words: { "proc/kpageflags": [[pfn, word]] } });

/** Files that count free memory a second time. Their counters moved while the captures were saved. */
const otherFree = ["proc/vmstat", "proc/meminfo", "sys/devices/system/node"];

/** For each rule one change of one number, word or flag word that no use of memory explains. */
const cases: readonly Case[] = [
  { rule: "AU-01", what: "one more present page", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("present  3998\n", "present  3999\n") } }, says: /zone DMA of node 0.*3998 present pages.*3999/u },
  { rule: "AU-02", what: "one more reserved frame", capture: "dimm-mixed", edits: flags(free, reserved), says: /zone DMA32 of node 0.*97941 managed.*97942/u },
  { rule: "AU-02", what: "one page-offline frame less in memory of virtio-mem", capture: "virtio-mem", edits: flags(0x114000, buddy), says: /zone Movable of node 0.*76801 managed.*76800/u },
  { rule: "AU-03", what: "MemTotal one page larger", capture: "dimm-mixed", edits: { text: { "proc/meminfo": replaceOnce("MemTotal:         800344 kB", "MemTotal:         800348 kB") } }, says: /200086 pages.*200087/u },
  { rule: "AU-04", what: "MemTotal of the node one page smaller", capture: "kernelcore", edits: { text: { "sys/devices/system/node/node0/meminfo": replaceOnce("MemTotal:         473432 kB", "MemTotal:         473428 kB") } }, says: /118358 pages.*118357/u },
  { rule: "AU-05", what: "one of two equal lines", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("pages free     54991\n", "pages free     54891\n") } }, says: /zone Movable of node 0.*54891.*within 6.*54991/u },
  { rule: "AU-06", what: "more on per-CPU lists than there is", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("count: 2336\n", "count: 12336\n") } }, says: /97942 managed.*88556 free and 12336/u },
  { rule: "AU-07", what: "one more large free block than fits", capture: "dimm-mixed", edits: { text: { "proc/buddyinfo": line(1, replaceOnce("1      3 ", "1      4 ")) } }, says: /zone DMA of node 0.*at most 3840.*4832/u },
  { rule: "AU-07", what: "a zone that buddyinfo does not list", capture: "dimm-mixed", edits: { text: { "proc/buddyinfo": (text) => text.split("\n").filter((entry) => !entry.includes("Normal")).join("\n") } }, says: /zone Normal of node 0.*a line in buddyinfo/u },
  { rule: "AU-08", what: "more free blocks of a type than fit", capture: "dimm-mixed", edits: { text: { "proc/pagetypeinfo": line(6, replaceOnce("1      3 ", "1     40 ")) } }, says: /Movable blocks of order 10 in 3840.*40/u },
  { rule: "AU-09", what: "more free pages than there is memory", capture: "dimm-mixed", edits: { text: { "proc/vmstat": replaceOnce("nr_free_pages 180021\n", "nr_free_pages 280021\n") } }, says: /nr_free_pages in vmstat.*at most 200086.*280021/u },
  { rule: "AU-10", what: "free flags that stay different", capture: "kernelcore", edits: { ...flags(free, slab), without: otherFree, live: true }, says: /zone DMA32 of node 0.*33831 frames.*33830/u },
  { rule: "AU-11", what: "one pageblock less", capture: "dimm-mixed", edits: { text: { "proc/pagetypeinfo": replaceOnce("50          196 ", "50          195 ") } }, says: /zone DMA32 of node 0.*248 pageblocks.*247/u },
  { rule: "AU-12", what: "CMA pages without CMA pageblocks", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": line(135, replaceOnce("cma      0", "cma      512")) } }, says: /zone Normal of node 0.*0 CMA pages.*512/u },
  { rule: "AU-12", what: "free CMA pages without CMA", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": line(147, replaceOnce("nr_free_cma  0", "nr_free_cma  9")) } }, says: /at most 0 free CMA pages.*9/u },
  { rule: "AU-13", what: "one page of memmap more", capture: "dimm-mixed", edits: { text: { "proc/vmstat": replaceOnce("nr_memmap_boot_pages 2048\n", "nr_memmap_boot_pages 2049\n") } }, says: /whole sections.*nr_memmap_boot_pages 2049, nr_memmap_pages 2048/u },
  {
    rule: "AU-14",
    what: "a block without memory",
    capture: "dimm-mixed",
    edits: { add: { [block(50, "state")]: "offline\n", [block(50, "phys_index")]: "00000032\n", [block(50, "online")]: "0\n", [block(50, "valid_zones")]: "Normal Movable\n", [block(50, "node0/uevent")]: "\n" } },
    says: /block 50.*System RAM in iomem/u,
  },
  { rule: "AU-15", what: "a page in an offline block", capture: "dimm-mixed", edits: flags(offline, buddy), says: /block 34, offline.*no page.*free/u },
  { rule: "AU-15", what: "a page where there is no block", capture: "dimm-mixed", edits: flags(0x20000, lru), says: /outside every memory block.*no page.*user/u },
  { rule: "AU-16", what: "no page in online memory", capture: "dimm-mixed", edits: flags(free, noPage), says: /block 1, online.*a page.*no page/u },
  { rule: "AU-17", what: "slab in zone Movable", capture: "dimm-mixed", edits: flags(freeMovable, slab), says: /block 35, online.*movable.*slab/u },
  { rule: "AU-17", what: "a page table in zone Movable", capture: "kernelcore", edits: flags(0x10000, pageTable), says: /block 2, online.*movable.*page table/u },
  { rule: "AU-18", what: "a second flag beside NOPAGE", capture: "dimm-mixed", edits: flags(offline, noPage + lru), says: /flags that go together.*0x100020/u },
  { rule: "AU-19", what: "poison that nobody counts", capture: "dimm-mixed", edits: flags(free, poison), says: /HardwareCorrupted.*at least 1.*0/u },
  { rule: "AU-20", what: "a mapping of offline memory", capture: "dimm-mixed", edits: { words: { "proc/kpagecount": [[offline + 5, 1n]] } }, says: /block 34, offline.*mapped nowhere.*mapped/u },
  { rule: "AU-21", what: "another first zone", capture: "dimm-mixed", edits: { text: { [block(34, "valid_zones")]: replaceOnce("Movable Normal", "Normal Movable") } }, says: /block 34.*Movable.*Normal/u },
  { rule: "AU-22", what: "another phys_index", capture: "dimm-mixed", edits: { text: { [block(33, "phys_index")]: replaceOnce("00000021", "00000024") } }, says: /block 33.*phys_index 33.*36/u },
  { rule: "AU-22", what: "online against state", capture: "dimm-mixed", edits: { text: { [block(33, "online")]: replaceOnce("1", "0") } }, says: /block 33.*online 1, its state is online.*0/u },
  { rule: "AU-23", what: "no zone where there is only one", capture: "dimm-mixed", edits: { text: { [block(1, "valid_zones")]: replaceOnce("DMA32", "none") } }, says: /block 1.*DMA32, the only zone.*none/u },
  { rule: "AU-24", what: "a span one frame longer", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("spanned  126943\n", "spanned  126944\n") } }, says: /zone DMA32 of node 0.*0x1ffe0/u },
  { rule: "AU-25", what: "a marked frame in the middle of a block", capture: "memmap-on-memory", edits: flags(0x104000, ownerPrivate), says: /block 32.*at its start only.*512 frames there and 1 elsewhere/u },
  { rule: "AU-25", what: "memmap_on_memory off", capture: "memmap-on-memory", edits: { text: { "sys/module/memory_hotplug/parameters/memmap_on_memory": replaceOnce("Y", "N") } }, says: /block 32.*memmap_on_memory is N.*512 frames/u },
  { rule: "AU-26", what: "a pageblock that stays isolated", capture: "dimm-mixed", edits: { text: { "proc/pagetypeinfo": replaceOnce("50          196            2            0            0 ", "50          195            2            0            1 ") }, without: [...otherFree, "proc/kpageflags"], live: true }, says: /zone DMA32 of node 0.*no isolated pageblock.*1/u },
  { rule: "AU-27", what: "a span that begins late", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("start_pfn:           1048576\n", "start_pfn:           1049088\n") }, without: ["proc/pagetypeinfo"] }, says: /block 32.*zone Normal of node 0.*\[0x100200, 0x108200\)/u },
  { rule: "FC-05", what: "a zone that an offline block could go to is missing", capture: "dimm-mixed", edits: { text: { [block(34, "valid_zones")]: replaceOnce("Movable Normal", "Movable") } }, says: /block 34.*Movable Normal.*Movable/u },
  { rule: "HP-22", what: "an added block without a zone", capture: "dimm-mixed", edits: { text: { [block(32, "valid_zones")]: replaceOnce("Normal", "none") } }, says: /block 32.*no zone/u },
  { rule: "HP-30", what: "more present than spanned", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("spanned  32768\n", "spanned  31000\n") }, without: ["sys/devices/system/memory", "proc/iomem"] }, says: /zone Normal of node 0.*31000.*32768/u },
  { rule: "HP-32", what: "more managed than present", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("managed  32768\n", "managed  32769\n") }, without: ["proc/meminfo", "sys/devices/system/node", "proc/kpageflags"] }, says: /zone Normal of node 0.*32768.*32769/u },
  { rule: "HP-44", what: "a node with memory that is not listed", capture: "dimm-mixed", edits: { text: { "sys/devices/system/node/has_normal_memory": replaceOnce("0\n", "\n") } }, says: /node 0.*N_NORMAL_MEMORY/u },
  { rule: "HP-45", what: "another node online", capture: "dimm-mixed", edits: { text: { "sys/devices/system/node/online": replaceOnce("0\n", "1\n") } }, says: /node 0.*online, it has memory.*offline/u },
  { rule: "HP-52", what: "System RAM without blocks", capture: "dimm-mixed", edits: { text: { "proc/iomem": replaceOnce("20000000-afffffff : PCI Bus 0000:00", "20000000-afffffff : System RAM") } }, says: /block 4.*no such block/u },
];

describe("a capture with one thing changed", () => {
  it.each(cases)("breaks $rule and nothing else: $what", ({ rule, capture: name, edits, says }) => {
    const result = audit({ read: edited(capture(name), edits) });

    expect(result).toMatchObject({ ok: true, verdict: "breach" });
    const broken = result.ok ? result.judgement.broken : [];
    expect(broken.map((entry) => entry.rule)).toEqual([rule]);
    expect(JSON.stringify(broken[0]?.evidence)).toMatch(says);
    expect(result.ok ? result.output : "").toContain(`${rule}`);
  });

  it("can break every rule", () => {
    const reachable = new Set(cases.map(({ rule }) => rule));

    expect([...crossChecks.map(({ id }) => id), ...judgeable].filter((id) => !reachable.has(id))).toEqual([]);
  });

  it("prints what is broken below the verdict, with the reservation of a saved tree", () => {
    const result = audit({ read: edited(capture("dimm-mixed"), flags(freeMovable, slab)) });

    const lines = (result.ok ? result.output : "").split("\n");
    expect(lines[0]).toBe(`memory saved in dimm-mixed${" ".repeat(48)}BREACH`);
    expect(lines.slice(4, 11)).toEqual([
      "AU-17      zone Movable holds no slab and no page table, and in added memory",
      "           nothing reserved: broken",
      "    block 35, online, frame 0x118000: slab; should be movable, it is in zone",
      "      Movable",
      "    source: Documentation/admin-guide/mm/memory-hotplug.rst, ZONE_MOVABLE;",
      "      mm/mm_init.c: memmap_init_range(), v6.12",
      "",
    ]);
    expect(result.ok ? result.output : "").toContain("The files of a saved system were read one after the other");
  });
});

describe("what may be there", () => {
  it.each([
    ["a page-offline frame in zone Movable, which a balloon may count as managed", flags(freeMovable, pageOffline)],
    ["an unknown flag", flags(free, buddy + (1n << 60n))],
    ["a frame on a per-CPU list", flags(free, 0n)],
    ["a user page in zone Movable", flags(freeMovable, lru)],
  ])("holds with %s", (_, edits) => {
    const result = audit({ read: edited(capture("dimm-mixed"), edits) });

    expect(result).toMatchObject({ ok: true, verdict: "holds" });
  });

  it("holds where free memory of a saved tree moved, and says that it was not judged", () => {
    const result = audit({ read: edited(capture("kernelcore"), { text: { "proc/buddyinfo": line(2, replaceOnce("4     29 ", "4     28 ")) } }) });

    expect(result).toMatchObject({ ok: true, verdict: "holds" });
    const notJudged = result.ok ? result.judgement.notJudged.filter(({ id }) => id.startsWith("AU-")) : [];
    expect(notJudged.map(({ id, why }) => [id, why])).toEqual([
      ["AU-07", "counter moved: 1020 frames apart, which use of memory between two reads explains"],
      ["AU-08", "counter moved: 1024 frames apart, which use of memory between two reads explains"],
      ["AU-09", "counter moved: 4 frames apart, which use of memory between two reads explains"],
      ["AU-10", "counter moved: 1024 frames apart, which use of memory between two reads explains"],
    ]);
  });

  it("does not judge an isolated pageblock of a saved tree, which may be part of an allocation", () => {
    const result = audit({ read: edited(capture("dimm-mixed"), { text: { "proc/pagetypeinfo": replaceOnce("50          196            2            0            0 ", "50          195            2            0            1 ") } }) });

    expect(result).toMatchObject({ ok: true, verdict: "holds" });
    expect(result.ok ? result.judgement.notJudged.map(({ id }) => id) : []).toContain("AU-26");
  });
});
