/**
 * For each rule that a capture can judge, the edit of one number, one word or one flag word that breaks it.
 *
 * Where one number stands in several relations, its edit breaks several rules: `also` names the others, and why it can not be
 * otherwise. Where a capture has nothing that one edit could break, `nothingToBreak` says why.
 */
import { captureNames } from "./captures.ts";
import type { CaptureName } from "./captures.ts";

export type Change =
  | { readonly file: string; readonly change: (text: string) => string }
  | { readonly words: "proc/kpageflags" | "proc/kpagecount"; readonly pfn: number; readonly word: bigint };

export interface OneEdit {
  readonly rule: string;
  readonly what: string;
  /** What the evidence says. */
  readonly says: RegExp;
  /** What changes in which capture. */
  readonly of: Readonly<Partial<Record<CaptureName, Change>>>;
  readonly also?: { readonly rules: readonly string[]; readonly because: string };
}

/** Puts another text in place of what follows the one match of a pattern, up to the end of the word. */
function following(pattern: RegExp, to: (word: string) => string): (text: string) => string {
  return (text) => {
    const matches = [...text.matchAll(new RegExp(`(${pattern.source})([0-9A-Za-z]+)`, "gmu"))];
    const match = matches[0];
    if (match === undefined || matches.length > 1) throw new Error(`expected ${pattern.source} once, found it ${matches.length} times`);
    const [, before = "", word = ""] = match;
    const start = match.index + before.length;
    return text.slice(0, start) + to(word) + text.slice(start + word.length);
  };
}

function number(file: string, pattern: RegExp, to: (number: number) => number): Change {
  return { file, change: following(pattern, (word) => `${to(Number(word))}`) };
}

function hexadecimal(file: string, pattern: RegExp, to: (number: number) => number): Change {
  return { file, change: following(pattern, (word) => to(Number.parseInt(word, 16)).toString(16).padStart(word.length, "0")) };
}

/** The whole of a file of one line. */
function line(file: string, from: string, to: string): Change {
  return {
    file,
    change: (text) => {
      if (text !== `${from}\n`) throw new Error(`expected ${from}, found ${text}`);
      return `${to}\n`;
    },
  };
}

const flags = (pfn: number, word: bigint): Change => ({ words: "proc/kpageflags", pfn, word });
const mapped = (pfn: number): Change => ({ words: "proc/kpagecount", pfn, word: 1n });

function all(change: Change): Readonly<Record<CaptureName, Change>> {
  return { "dimm-mixed": change, kernelcore: change, "memmap-on-memory": change, "virtio-mem": change };
}

const zoneinfo = "proc/zoneinfo";
const buddyinfo = "proc/buddyinfo";
const pagetypeinfo = "proc/pagetypeinfo";
const iomem = "proc/iomem";
const vmstat = "proc/vmstat";
const nodes = "sys/devices/system/node";
const nodeMeminfo = `${nodes}/node0/meminfo`;
const ofBlock = (nr: number, file: string): string => `sys/devices/system/memory/memory${nr}/${file}`;

/** What stands before a number of a zone in zoneinfo. */
const zone = (type: string, name: string): RegExp => new RegExp(`Node 0, zone +${type}\n(?: .*\n)*? +${name} +`, "u");

const lru = 1n << 5n;
const slab = 1n << 7n;
const buddy = 1n << 10n;
const poison = 1n << 19n;
const noPage = 1n << 20n;
const pageTable = 1n << 26n;
const reserved = 1n << 32n;
const ownerPrivate = 1n << 37n;

// Every capture has the same boot memory:
//
//   0x0     0x1       0x9f     0x100       0x120    0x1000          0x8000 (block 1)
//   | hole  | reserved | hole  | in use    | free   | zone DMA32 ... | free ...
const reservedFrame = 0x1;
const hole = 0x9f;
const usedFrame = 0x100;
const freeFrame = 0x8000;
/** Behind block 3, where no block is. kpageflags of kernelcore ends there. */
const nowhere = 0x20000;
/** In block 34. */
const offline = 0x110000;
/** A frame in zone Movable that is not reserved. */
const movable = { "dimm-mixed": 0x118000, kernelcore: 0x10000, "memmap-on-memory": 0x10f000, "virtio-mem": 0x108000 } as const;

const sameNumber = "both compare the same number";

export const oneEdits: readonly OneEdit[] = [
  { rule: "AU-01", what: "one more present page", says: /zone DMA of node 0.*"3998 present pages.*"3999"/u, of: all(number(zoneinfo, zone("DMA", "present"), (pages) => pages + 1)) },
  { rule: "AU-01", what: "a page of RAM less in iomem", says: /zone (?:DMA32|Movable) of node 0.*present pages, the RAM of its online blocks/u, of: all(hexadecimal(iomem, /^00100000-/u, (last) => last - 1)) },
  { rule: "AU-02", what: "one more reserved frame", says: /zone DMA32 of node 0.*managed pages by the flags of its frames/u, of: all(flags(freeFrame, reserved)) },
  { rule: "AU-02", what: "a page-offline frame of virtio-mem that is free", says: /zone Movable of node 0.*"76801 managed.*"76800"/u, of: { "virtio-mem": flags(0x114000, buddy) } },
  { rule: "AU-02", what: "one more managed page", says: /zone DMA of node 0.*"3840 managed.*"3841"/u, of: all(number(zoneinfo, zone("DMA", "managed"), (pages) => pages + 1)), also: { rules: ["AU-03", "AU-04"], because: "the managed pages are part of MemTotal, and of that of the node" } },
  { rule: "AU-03", what: "MemTotal a page larger", says: /"MemTotal".*what all zones manage/u, of: all(number("proc/meminfo", /MemTotal: +/u, (kB) => kB + 4)) },
  { rule: "AU-04", what: "MemTotal of the node a page smaller", says: /"MemTotal of node 0".*what its zones manage/u, of: all(number(nodeMeminfo, /MemTotal: +/u, (kB) => kB - 4)) },
  { rule: "AU-04", what: "MemFree of the node a page smaller", says: /MemFree and MemUsed of node 0.*as MemTotal says/u, of: all(number(nodeMeminfo, /MemFree: +/u, (kB) => kB - 4)) },
  { rule: "AU-04", what: "MemUsed of the node a page larger", says: /MemFree and MemUsed of node 0.*as MemTotal says/u, of: all(number(nodeMeminfo, /MemUsed: +/u, (kB) => kB + 4)) },
  { rule: "AU-05", what: "one of two equal lines", says: /zone DMA of node 0.*3708, as `pages free` says, within 2.*"3808"/u, of: all(number(zoneinfo, zone("DMA", "pages free"), (pages) => pages - 100)) },
  { rule: "AU-06", what: "more on per-CPU lists than there is", says: /zone DMA of node 0.*3840 managed.*3808 free and 100 on/u, of: all(number(zoneinfo, zone("DMA", "count:"), (pages) => pages + 100)) },
  { rule: "AU-06", what: "free pages of a zone without memory", says: /zone Device of node 0.*no free pages, the zone has no memory.*"1"/u, of: all(number(zoneinfo, zone("Device", "pages free"), (pages) => pages + 1)) },
  { rule: "AU-07", what: "a large free block more than fits", says: /zone DMA of node 0.*at most 3840.*4832/u, of: all(number(buddyinfo, /zone +DMA +(?:\d+ +){10}/u, (blocks) => blocks + 1)) },
  { rule: "AU-07", what: "the line of a zone under another node", says: /zone DMA of node 0.*a line in buddyinfo.*"none"/u, of: all(number(buddyinfo, /^Node (?=\d+, zone +DMA )/u, (node) => node + 1)) },
  { rule: "AU-08", what: "more free blocks of a type than fit", says: /Movable blocks of order 10 in 3840.*"4"/u, of: all(number(pagetypeinfo, /zone +DMA, type +Movable +(?:\d+ +){10}/u, (blocks) => blocks + 1)) },
  { rule: "AU-09", what: "more free pages than there is memory", says: /nr_free_pages in vmstat.*at most \d+ managed pages/u, of: all(number(vmstat, /nr_free_pages /u, (pages) => 10 * pages)) },
  { rule: "AU-10", what: "a free frame that is no memory", says: /"pfn":159,.*block 0, online.*System RAM, the free blocks hold nothing else.*"free"/u, of: all(flags(hole, buddy)) },
  { rule: "AU-11", what: "one pageblock less", says: /zone DMA of node 0.*"8 pageblocks.*"7"/u, of: all(number(pagetypeinfo, /zone +DMA +\d+ +/u, (blocks) => blocks - 1)) },
  { rule: "AU-12", what: "CMA pages without CMA pageblocks", says: /zone DMA of node 0.*"0 CMA pages.*"512"/u, of: all(number(zoneinfo, zone("DMA", "cma"), () => 512)) },
  { rule: "AU-12", what: "free CMA pages without CMA", says: /at most 0 free CMA pages.*"9"/u, of: all(number(zoneinfo, zone("DMA", "nr_free_cma"), () => 9)) },
  { rule: "AU-13", what: "a page of memmap more", says: /whole sections.*nr_memmap_boot_pages 2049/u, of: all(number(vmstat, /nr_memmap_boot_pages /u, (pages) => pages + 1)) },
  {
    rule: "AU-14",
    what: "RAM in iomem that ends before the last block",
    says: /block 35.*System RAM in iomem/u,
    of: { "memmap-on-memory": hexadecimal(iomem, /^100000000-(?=11)/u, () => 0x117ffffff) },
    also: { rules: ["AU-13"], because: "the memmap counters count that block" },
  },
  { rule: "AU-15", what: "a page in an offline block", says: /block 34, offline.*no page.*"free"/u, of: { "dimm-mixed": flags(offline, buddy), "memmap-on-memory": flags(offline, buddy) } },
  { rule: "AU-15", what: "a page where there is no block", says: /outside every memory block.*no page.*"user"/u, of: { "dimm-mixed": flags(nowhere, lru), "memmap-on-memory": flags(nowhere, lru), "virtio-mem": flags(nowhere, lru) } },
  { rule: "AU-16", what: "no page in online memory", says: /block 1, online.*a page.*no page/u, of: all(flags(freeFrame, noPage)) },
  { rule: "AU-17", what: "slab in zone Movable", says: /online.*movable, it is in zone Movable.*"slab"/u, of: Object.fromEntries(captureNames.map((name) => [name, flags(movable[name], slab)])) },
  { rule: "AU-17", what: "a page table in zone Movable", says: /block 2, online.*movable.*page table/u, of: { kernelcore: flags(movable.kernelcore, pageTable) } },
  { rule: "AU-17", what: "a reserved frame of added memory in zone Movable", says: /block 35, online.*movable.*reserved/u, of: { "dimm-mixed": flags(movable["dimm-mixed"], reserved) }, also: { rules: ["AU-02"], because: "a reserved frame is not managed" } },
  { rule: "AU-18", what: "a reserved frame on an LRU list", says: /flags that go together.*0x100000020/u, of: all(flags(reservedFrame, reserved + lru)) },
  { rule: "AU-18", what: "a second flag beside NOPAGE", says: /flags that go together.*0x100020/u, of: { "dimm-mixed": flags(offline, noPage + lru), "memmap-on-memory": flags(offline, noPage + lru), "virtio-mem": flags(nowhere, noPage + lru) } },
  { rule: "AU-19", what: "poison that nobody counts", says: /HardwareCorrupted.*at least 1.*"0"/u, of: all(flags(freeFrame, poison)) },
  { rule: "AU-20", what: "a mapping of what is no memory", says: /"pfn":159,.*mapped nowhere, it is not System RAM.*"mapped"/u, of: all(mapped(hole)) },
  { rule: "AU-20", what: "a mapping of offline memory", says: /mapped nowhere, its memory is not online.*"mapped"/u, of: { "dimm-mixed": mapped(offline), "memmap-on-memory": mapped(offline), "virtio-mem": mapped(nowhere) } },
  {
    rule: "AU-21",
    what: "a zone that reaches into an offline block",
    says: /block 34.*(?:"Normal".*"Movable"|"Movable".*"Normal")/u,
    of: { "dimm-mixed": number(zoneinfo, zone("Normal", "spanned"), (pages) => 3 * pages), "memmap-on-memory": number(zoneinfo, zone("Movable", "spanned"), (pages) => 2 * pages) },
  },
  { rule: "AU-22", what: "another phys_index", says: /block 1.*phys_index 1.*"2"/u, of: all(hexadecimal(ofBlock(1, "phys_index"), /^/u, (block) => block + 1)) },
  { rule: "AU-22", what: "online against state", says: /block 1.*online 1, its state is online.*"0"/u, of: all(line(ofBlock(1, "online"), "1", "0")) },
  {
    rule: "AU-23",
    what: "no zone where there is only one",
    says: /block [12].*the only zone there.*"none"/u,
    of: { "dimm-mixed": line(ofBlock(1, "valid_zones"), "DMA32", "none"), kernelcore: line(ofBlock(2, "valid_zones"), "Movable", "none"), "memmap-on-memory": line(ofBlock(1, "valid_zones"), "DMA32", "none"), "virtio-mem": line(ofBlock(1, "valid_zones"), "DMA32", "none") },
  },
  { rule: "AU-24", what: "a span one frame longer", says: /zone DMA of node 0.*0x1001/u, of: all(number(zoneinfo, zone("DMA", "spanned"), (pages) => pages + 1)) },
  { rule: "AU-25", what: "a frame of self-hosted memmap in a boot block", says: /block 0.*no self-hosted memmap.*1 frames/u, of: all(flags(usedFrame, ownerPrivate)) },
  { rule: "AU-25", what: "a marked frame in the middle of an added block", says: /block 32.*at its start only.*512 frames there and 1 elsewhere/u, of: { "memmap-on-memory": flags(0x104000, ownerPrivate) } },
  { rule: "AU-25", what: "memmap_on_memory off", says: /block 32.*memmap_on_memory is N.*512 frames/u, of: { "memmap-on-memory": line("sys/module/memory_hotplug/parameters/memmap_on_memory", "Y", "N") } },
  {
    rule: "AU-26",
    what: "more isolated pageblocks than the zone has",
    says: /zone DMA of node 0.*isolated at most its 8 pageblocks.*"9"/u,
    of: all(number(pagetypeinfo, /zone +DMA +(?:\d+ +){4}/u, () => 9)),
    also: { rules: ["AU-11"], because: "isolated pageblocks are pageblocks, and AU-11 counts those of all types" },
  },
  {
    rule: "AU-27",
    what: "a span one frame shorter",
    says: /block \d+.*in the span of zone (?:Normal|Movable) of node 0.*the block has RAM in/u,
    of: { "dimm-mixed": number(zoneinfo, zone("Normal", "spanned"), (pages) => pages - 1), kernelcore: number(zoneinfo, zone("Movable", "spanned"), (pages) => pages - 1), "memmap-on-memory": number(zoneinfo, zone("Normal", "spanned"), (pages) => pages - 1), "virtio-mem": number(zoneinfo, zone("Movable", "spanned"), (pages) => pages - 1) },
    also: { rules: ["AU-24"], because: "RAM ends where a span may end, so a span that leaves some of it out ends where none may, or leaves out whole pageblocks too" },
  },
  { rule: "AU-28", what: "slab in what is no memory", says: /"pfn":159,.*it is not System RAM.*"slab"/u, of: all(flags(hole, slab)) },
  {
    rule: "FC-05",
    what: "a zone more, or one less, that a block could go to",
    says: /block (?:34.*"(?:Movable Normal|Normal Movable)".*"(?:Movable|Normal)"|2.*"Movable Normal"|1.*"DMA32 Normal")/u,
    of: {
      "dimm-mixed": line(ofBlock(34, "valid_zones"), "Movable Normal", "Movable"),
      kernelcore: line(ofBlock(2, "valid_zones"), "Movable", "Movable Normal"),
      "memmap-on-memory": line(ofBlock(34, "valid_zones"), "Normal Movable", "Normal"),
      "virtio-mem": line(ofBlock(1, "valid_zones"), "DMA32", "DMA32 Normal"),
    },
  },
  {
    rule: "HP-22",
    what: "an added block without a zone",
    says: /block 32.*no zone/u,
    of: { "dimm-mixed": line(ofBlock(32, "valid_zones"), "Normal", "none"), "memmap-on-memory": line(ofBlock(32, "valid_zones"), "Normal", "none"), "virtio-mem": line(ofBlock(32, "valid_zones"), "Movable", "none") },
  },
  // HP-30 leaves room for a subsection at either end of the zone.
  { rule: "HP-30", what: "more present than spanned", says: /zone DMA of node 0.*present at most 4095.*"5118"/u, of: all(number(zoneinfo, zone("DMA", "present"), (pages) => pages + 98 + 2 * 511)), also: { rules: ["AU-01"], because: sameNumber } },
  { rule: "HP-32", what: "fewer present than managed", says: /zone DMA of node 0.*managed at most 3839.*"3840"/u, of: all(number(zoneinfo, zone("DMA", "present"), (pages) => pages - 159)), also: { rules: ["AU-01"], because: sameNumber } },
  { rule: "HP-44", what: "a node with memory that is not listed", says: /node 0.*N_NORMAL_MEMORY/u, of: all(line(`${nodes}/has_normal_memory`, "0", "1")) },
  { rule: "HP-45", what: "another node online", says: /node 0.*online, it has memory.*"offline"/u, of: all(line(`${nodes}/online`, "0", "1")) },
  {
    rule: "HP-52",
    what: "RAM in iomem that reaches behind the last block",
    says: /block 3[56].*no such block/u,
    of: { "dimm-mixed": hexadecimal(iomem, /^100000000-(?=11)/u, () => 0x127ffffff), "memmap-on-memory": hexadecimal(iomem, /^100000000-(?=11)/u, () => 0x127ffffff), "virtio-mem": hexadecimal(iomem, /^ +100000000-/u, () => 0x11fffffff) },
  },
];

/** What a capture judges and no edit of one number can break there: there is nothing of the kind, and the rule holds of nothing. */
export const nothingToBreak: Readonly<Record<CaptureName, Readonly<Record<string, string>>>> = {
  "dimm-mixed": {
    "AU-14": "all blocks at the ends of an entry of RAM are online, so that one without RAM is missing from the counts of its zone too",
  },
  kernelcore: {
    "AU-14": "all blocks are online, so that one without RAM is missing from the counts of its zone too",
    "AU-15": "all frames of kpageflags lie in online blocks",
    "AU-21": "no block is offline",
    "HP-22": "no block was added",
    "HP-52": "RAM ends where another entry begins, and entries that overlap are refused",
  },
  "memmap-on-memory": {},
  "virtio-mem": {
    "AU-14": "all blocks are online, so that one without RAM is missing from the counts of its zone too",
    "AU-21": "no block is offline",
  },
};

/** An edit that would break a rule, were the file not refused before. */
export interface Refused {
  readonly rule: string;
  readonly capture: CaptureName;
  readonly change: Change;
  readonly says: string;
}

export const refusedEdits: readonly Refused[] = [
  { rule: "HP-52", capture: "kernelcore", change: hexadecimal(iomem, /^00100000-/u, () => 0x27ffffff), says: 'proc/iomem line 15: found "Reserved", expected an entry behind "System RAM"' },
  {
    rule: "AU-08",
    capture: "kernelcore",
    change: number(pagetypeinfo, /^Node +(?=\d+, zone +DMA, type +Movable)/u, (node) => node + 1),
    says: 'proc/pagetypeinfo line 6: found "Node    1, zone      DMA, type      Movable     ...", expected type Movable of zone DMA of node 0, as `Number of blocks type` has it',
  },
];
