import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { capture, edited, line, replaceOnce } from "./captures.ts";
import type { CaptureName, Edits } from "./captures.ts";
import { oneEdits } from "./one-edits.ts";

interface Case {
  readonly rule: string;
  readonly what: string;
  readonly capture: CaptureName;
  readonly edits: Edits;
  /** What the evidence says. */
  readonly says: RegExp;
}

const block = (nr: number, file: string): string => `sys/devices/system/memory/memory${nr}/${file}`;

const buddy = 1n << 10n;
const lru = 1n << 5n;
const slab = 1n << 7n;
const pageOffline = 1n << 23n;

/** A frame of dimm-mixed that is free: in block 1 (DMA32, boot), and in block 35 (Movable, added). */
const free = 0x8000;
const freeMovable = 0x118000;

const flags = (pfn: number, word: bigint): Edits => ({ words: { "proc/kpageflags": [[pfn, word]] } });

/** Files that count free memory a second time. Their counters moved while the captures were saved. */
const otherFree = ["proc/vmstat", "proc/meminfo", "sys/devices/system/node"];

/** What one-edits.ts can not show: rules broken alone where one number would break others too, and by what moves on a running machine. */
const cases: readonly Case[] = [
  { rule: "AU-07", what: "a zone that buddyinfo does not list", capture: "dimm-mixed", edits: { text: { "proc/buddyinfo": (text) => text.split("\n").filter((entry) => !entry.includes("Normal")).join("\n") } }, says: /zone Normal of node 0.*a line in buddyinfo/u },
  { rule: "AU-10", what: "free flags that stay different", capture: "kernelcore", edits: { ...flags(free, slab), without: otherFree, live: true }, says: /zone DMA32 of node 0.*33831 frames.*33830/u },
  {
    rule: "AU-14",
    what: "a block without memory",
    capture: "dimm-mixed",
    edits: { add: { [block(50, "state")]: "offline\n", [block(50, "phys_index")]: "00000032\n", [block(50, "online")]: "0\n", [block(50, "valid_zones")]: "Normal Movable\n", [block(50, "node0/uevent")]: "\n" } },
    says: /block 50.*System RAM in iomem/u,
  },
  { rule: "AU-20", what: "neighbours that are mapped", capture: "dimm-mixed", edits: { words: { "proc/kpagecount": [[0x110000, 1n], [0x110001, 2n], [0x117fff, 1n]] } }, says: /"pfn":1114112,.*mapped, the first of 3 there/u },
  { rule: "AU-26", what: "a pageblock that stays isolated", capture: "dimm-mixed", edits: { text: { "proc/pagetypeinfo": replaceOnce("50          196            2            0            0 ", "50          195            2            0            1 ") }, without: [...otherFree, "proc/kpageflags"], live: true }, says: /zone DMA32 of node 0.*no isolated pageblock.*1/u },
  { rule: "AU-27", what: "a span that begins late", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("start_pfn:           1048576\n", "start_pfn:           1049088\n") }, without: ["proc/pagetypeinfo"] }, says: /block 32.*zone Normal of node 0.*\[0x100200, 0x108200\)/u },
  { rule: "HP-30", what: "more present than spanned", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("spanned  32768\n", "spanned  31000\n") }, without: ["sys/devices/system/memory", "proc/iomem"] }, says: /zone Normal of node 0.*31000.*32768/u },
  { rule: "HP-32", what: "more managed than present", capture: "dimm-mixed", edits: { text: { "proc/zoneinfo": replaceOnce("managed  32768\n", "managed  32769\n") }, without: ["proc/meminfo", "sys/devices/system/node", "proc/kpageflags"] }, says: /zone Normal of node 0.*32768.*32769/u },
  { rule: "HP-52", what: "System RAM without blocks", capture: "dimm-mixed", edits: { text: { "proc/iomem": replaceOnce("20000000-afffffff : PCI Bus 0000:00", "20000000-afffffff : System RAM") } }, says: /block 4.*no such block/u },
];

describe("a capture with something changed", () => {
  it.each(cases)("breaks $rule and nothing else: $what", ({ rule, capture: name, edits, says }) => {
    const result = audit({ read: edited(capture(name), edits) });

    expect(result).toMatchObject({ ok: true, verdict: "breach" });
    const broken = result.ok ? result.judgement.broken : [];
    expect(broken.map((entry) => entry.rule)).toEqual([rule]);
    expect(JSON.stringify(broken[0]?.evidence)).toMatch(says);
    expect(result.ok ? result.output : "").toContain(`${rule}`);
  });

  it("breaks every rule alone that one number breaks only together with others", () => {
    const alone = new Set([...oneEdits.filter(({ also }) => also === undefined), ...cases].map(({ rule }) => rule));

    expect(oneEdits.map(({ rule }) => rule).filter((rule) => !alone.has(rule))).toEqual([]);
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
