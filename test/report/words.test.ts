import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameUse, commandCatalogue, frameUseNames, migratetypes, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, Outcome } from "../../models/index.ts";
import { commandLine } from "../../src/report/command-words.ts";
import { cellLetter, frameLetter, legendOf, typeLegendOf, typeLetter } from "../../src/report/strip-cells.ts";
import { grouped, hanging, kept, showBytes, wrap } from "../../src/report/lines.ts";
import { replayWords } from "../../src/report/finding-words.ts";
import { outcomesWords } from "../../src/report/outcome-words.ts";
import { reasonWords, wordedReasons } from "../../src/report/reason-words.ts";
import { createTheme } from "../../src/report/theme.ts";
import { command } from "../formats/file-values.ts";
import { machineNamed } from "./counterexamples.ts";

const { geometry } = machineNamed("tiny");
const { glyphs } = createTheme();

describe("a command in words", () => {
  it.each<[Command, string]>([
    [{ op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" }, "alloc a1 user order 0 node 0"],
    [{ op: "alloc", id: 1, kind: "slab", order: 3, node: 1, thisNode: true, zone: "DMA32" }, "alloc a1 slab order 3 node 1 only zone DMA32 or below"],
    [{ op: "free", id: 2, pcp: true }, "free a2 to the per-CPU list"],
    [{ op: "drain", node: 1, zone: "Movable" }, "drain zone Movable of node 1"],
    [{ op: "pin", id: 3, longTerm: true }, "pin a3 long-term"],
    [{ op: "poison", pfn: toPfn(0x34) }, "poison frame 0x34"],
    [{ op: "isolate", id: 1, start: toPfn(0x20), nrPages: 8, mode: "offline" }, "isolate t1 [0x20, 0x28) for offline"],
    [{ op: "alloc-contig", id: 4, start: toPfn(0x20), nrPages: 1, compound: true, gfp: "nofs" }, "alloc-contig a4 0x20 compound nofs"],
    [{ op: "alloc-contig-pages", id: 4, nrPages: 8, node: 0, thisNode: false, movable: true }, "alloc-contig-pages a4 8 frames node 0 Movable too"],
    [{ op: "cma-alloc", id: 4, area: 0, nrPages: 1, align: 2 }, "cma-alloc a4 1 frame of area 0 aligned to order 2"],
    [{ op: "cma-release", id: 4, area: 1, pcp: false }, "cma-release a4 to area 1"],
    [{ op: "fake-offline", start: toPfn(0x20), nrPages: 4, drops: true }, "fake-offline [0x20, 0x24) dropped when offline"],
    [{ op: "add", start: toPfn(0x80), nrPages: 32, node: 1, memmapOnMemory: true, group: null }, "add [0x80, 0xa0) node 1 memmap on memory"],
    [{ op: "add", start: toPfn(0x80), nrPages: 0, node: 1, memmapOnMemory: false, group: 2 }, "add [0x80, 0x80) g2"],
    [{ op: "write-state", block: toBlockId(4), value: "online_movable" }, "write-state block 4 online_movable"],
    [{ op: "write-online", block: toBlockId(4), value: false }, "write-online block 4 0"],
    [{ op: "group-dynamic", id: 2, node: 0, unitPages: 64 }, "group-dynamic g2 node 0 in units of 64 frames"],
    [{ op: "device-map", id: 1, start: toPfn(0xc0), nrPages: 16, node: 0 }, "device-map d1 [0xc0, 0xd0) node 0"],
    [{ op: "set", setting: { option: "auto_movable_numa_aware", value: false } }, "set auto_movable_numa_aware = false"],
    [{ op: "veto", event: "GOING_OFFLINE", errno: "EBUSY" }, "veto the next GOING_OFFLINE with EBUSY"],
    [{ op: "fail-next", what: "memmap", skip: 2 }, "fail-next memmap, 2 later"],
    [{ op: "start", task: 1, command: { op: "write-state", block: toBlockId(3), value: "offline" } }, "start task 1: write-state block 3 offline"],
    [{ op: "step", task: 1 }, "step task 1"],
  ])("%j", (asked, words) => {
    expect(commandLine(asked)).toBe(words);
  });

  it("is one line for every command", () => {
    fc.assert(
      fc.property(command, (asked) => {
        expect(commandLine(asked)).toMatch(/^[\x20-\x7e]+\S$/);
      }),
    );
  });
});

const alloc = (id: number, kind: "user" | "slab", order = 0): Command => ({ op: "alloc", id, kind, order, node: 0, thisNode: false, zone: "normal" });
const gave = (pfn: number, order = 0): Outcome => ({ result: "ok", grant: { pfn: toPfn(pfn), order } });
const ok: Outcome = { result: "ok" };
const contig: Command = { op: "alloc-contig", id: 9, start: toPfn(0x34), nrPages: 4, compound: false, gfp: "kernel" };
const busy = (because: Outcome["because"]): Outcome => ({ result: "refused", errno: "EBUSY", ...(because === undefined ? {} : { because }) });

const last = (steps: readonly (readonly [Command, Outcome])[]): string | undefined =>
  outcomesWords(
    geometry,
    steps.map(([asked]) => asked),
    steps.map(([, outcome]) => outcome),
    glyphs,
  ).at(-1);

describe("an outcome in words", () => {
  it.each<[string, readonly (readonly [Command, Outcome])[]]>([
    ["gave 0x34", [[alloc(3, "user"), gave(0x34)]]],
    ["gave [0x34, 0x38), claimed [0x34, 0x3c) for Unmovable", [[alloc(3, "slab", 2), { result: "ok", grant: { pfn: toPfn(0x34), order: 2, retyped: [toPfn(0x34), toPfn(0x38)] } }]]],
    ["EBUSY because frame 0x34 can not be moved: a3 (user, pinned)", [[alloc(3, "user"), gave(0x34)], [{ op: "pin", id: 3, longTerm: false }, ok], [contig, busy({ kind: "stuck", pfn: toPfn(0x34) })]]],
    ["EBUSY because frame 0x34 can not be moved: a3 (user, held, freed by its owner)", [[alloc(3, "user"), gave(0x34)], [{ op: "hold", id: 3 }, ok], [{ op: "free", id: 3, pcp: false }, ok], [contig, busy({ kind: "stuck", pfn: toPfn(0x34) })]]],
    ["EBUSY because frame 0x34 can not be moved", [[alloc(3, "user"), gave(0x34)], [{ op: "free", id: 3, pcp: true }, ok], [contig, busy({ kind: "stuck", pfn: toPfn(0x34) })]]],
    ["EBUSY because pageblock 0x34 holds a page that may not stay: a3 (slab) at 0x35", [[alloc(3, "slab"), gave(0x35)], [contig, busy({ kind: "isolation", pfn: toPfn(0x34), detail: "unmovable-page" })]]],
    ["EBUSY because pageblock 0x34 is isolated already: t2", [[{ op: "isolate", id: 2, start: toPfn(0x35), nrPages: 1, mode: "offline" }, ok], [contig, busy({ kind: "isolation", pfn: toPfn(0x34), detail: "isolated-already" })]]],
    ["EBUSY because pageblock 0x34 is isolated already", [[{ op: "isolate", id: 2, start: toPfn(0x35), nrPages: 1, mode: "offline" }, ok], [{ op: "unisolate", id: 2, start: toPfn(0x34), nrPages: 4 }, ok], [contig, busy({ kind: "isolation", pfn: toPfn(0x34), detail: "isolated-already" })]]],
    ["moved a3 0x34 -> 0x41", [[alloc(3, "user"), gave(0x34)], [contig, { result: "ok", moved: [{ id: 3, from: toPfn(0x34), to: { pfn: toPfn(0x41), order: 0 } }] }]]],
    ["EBUSY because frame 0x41 is not free: a3 (user)", [[alloc(3, "user"), gave(0x34)], [contig, { result: "ok", moved: [{ id: 3, from: toPfn(0x34), to: { pfn: toPfn(0x41), order: 0 } }] }], [{ op: "test-isolated", start: toPfn(0x40), nrPages: 4, mode: "offline" }, busy({ kind: "page-in-use", pfn: toPfn(0x41) })]]],
    ["EBUSY because frame 0x36 is not free: a9 (contig)", [[contig, ok], [{ op: "free-contig", start: toPfn(0x34), nrPages: 2, pcp: false }, ok], [{ op: "test-isolated", start: toPfn(0x34), nrPages: 4, mode: "offline" }, busy({ kind: "page-in-use", pfn: toPfn(0x36) })]]],
    ["EBUSY because frame 0x34 is not free", [[contig, ok], [{ op: "free-contig", start: toPfn(0x34), nrPages: 2, pcp: false }, ok], [{ op: "test-isolated", start: toPfn(0x34), nrPages: 4, mode: "offline" }, busy({ kind: "page-in-use", pfn: toPfn(0x34) })]]],
    ["ENOMEM because no zone has room to move a1 to; moved a2 0x34 -> 0x41, a3 0x35 -> 0x42, a4 0x36 -> 0x43, 2 more", [[contig, { result: "refused", errno: "ENOMEM", because: { kind: "no-target", id: 1, pfn: toPfn(0x39) }, moved: [2, 3, 4, 5, 6].map((id) => ({ id, from: toPfn(0x32 + id), to: { pfn: toPfn(0x3f + id), order: 0 } })) }]]],
    ["EBUSY because frame 0x34 is not free", [[alloc(3, "user"), gave(0x34)], [contig, { result: "refused", errno: "EBUSY", dropped: [3] }], [{ op: "test-isolated", start: toPfn(0x34), nrPages: 4, mode: "offline" }, busy({ kind: "page-in-use", pfn: toPfn(0x34) })]]],
    ["dropped a5, a6", [[contig, { result: "ok", dropped: [5, 6] }]]],
    ["tried 0x20 EBUSY, 0x24, gave [0x24, 0x28)", [[{ op: "alloc-contig-pages", id: 1, nrPages: 4, node: 0, thisNode: false, movable: false }, { result: "ok", attempts: [{ start: toPfn(0x20), errno: "EBUSY" }, { start: toPfn(0x24) }], start: toPfn(0x24) }]]],
    ["memmap in [0x40, 0x44), 0x50", [[{ op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null }, { result: "ok", memmap: [{ pfn: toPfn(0x42), order: 1 }, { pfn: toPfn(0x40), order: 1 }, { pfn: toPfn(0x50), order: 0 }] }]]],
    ["skipped because there is no a7", [[{ op: "free", id: 7, pcp: false }, { result: "skipped", because: { kind: "no-such-label" } }]]],
    ["skipped because t7 exists already", [[{ op: "isolate", id: 7, start: toPfn(0), nrPages: 1, mode: "cma" }, { result: "skipped", because: { kind: "label-in-use" } }]]],
    ["EPERM because a notifier refused GOING_OFFLINE", [[{ op: "write-state", block: toBlockId(3), value: "offline" }, { result: "refused", errno: "EPERM", because: { kind: "offline-veto", block: toBlockId(3), detail: "GOING_OFFLINE" } }]]],
    ["would repeat until a signal (EINTR) because frame 0x34 can not be moved", [[{ op: "write-state", block: toBlockId(3), value: "offline" }, { result: "livelock", errno: "EINTR", because: { kind: "offline-stuck", pfn: toPfn(0x34), detail: "page-in-use" } }]]],
    ["the kernel would stop here because the range is not whole memory blocks", [[{ op: "remove", start: toPfn(1), nrPages: 1 }, { result: "bug", because: { kind: "block-alignment", pfn: toPfn(1) } }]]],
    ["threw: offset is out of bounds", [[{ op: "step", task: 1 }, { result: "bug", because: { kind: "crash", detail: "offset is out of bounds" } }]]],
    ["goes on", [[{ op: "start", task: 1, command: contig }, { result: "running" }]]],
    ["EINTR because a signal came for task 1", [[{ op: "start", task: 1, command: contig }, { result: "running" }], [{ op: "signal", task: 1 }, { result: "refused", errno: "EINTR", because: { kind: "signal", task: 1 } }]]],
    ["EBUSY because frame 0x35 is not free: a9 (contig)", [[{ op: "start", task: 1, command: contig }, { result: "running" }], [{ op: "step", task: 1 }, ok], [{ op: "test-isolated", start: toPfn(0x34), nrPages: 4, mode: "offline" }, busy({ kind: "page-in-use", pfn: toPfn(0x35) })]]],
    ["EBUSY", [[contig, busy(undefined)]]],
    ["EBUSY because of-the-moon (full)", [[contig, busy({ kind: "of-the-moon", detail: "full" })]]],
    ["EBUSY because constructor (toString)", [[contig, busy({ kind: "constructor", detail: "toString" })]]],
  ])("%s", (words, steps) => {
    expect(last(steps)).toBe(words);
  });

  it("has words for every reason of the catalogue", () => {
    const reasons = Object.values(commandCatalogue).flatMap(({ skipped, refused, other = [] }) => [...skipped, ...refused, ...other].map(({ reason }) => reason.replace(/^offline-/, "")));

    expect([...new Set(reasons)].filter((reason) => !wordedReasons.includes(reason))).toEqual([]);
    expect(wordedReasons.filter((reason) => !reasons.includes(reason))).toEqual([]);
  });

  it("says something of every reason, whatever it names", () => {
    for (const kind of wordedReasons) {
      expect(reasonWords(contig, { kind })).toMatch(/^[a-z]/);
      expect(reasonWords(contig, { kind, pfn: toPfn(0x34), block: toBlockId(3), id: 1, task: 1 })).not.toContain("undefined");
    }
  });
});

describe("letters of frames", () => {
  it("differ for all uses and are all explained", () => {
    const letters = frameUseNames.map((_name, use) => frameLetter({ use, flags: 0, zone: 0 }));

    expect(new Set(letters).size).toBe(Object.keys(FrameUse).length);
    expect(legendOf(new Set(letters))).toHaveLength(letters.length);
  });

  it("tell movable, unmovable and poisoned frames apart", () => {
    expect([0, 8, 16, 4, 12].map((flags) => frameLetter({ use: FrameUse.Allocated, flags, zone: 0 })).join("")).toBe("amuXX");
    expect(frameLetter({ use: FrameUse.Poisoned, flags: 4, zone: 0 })).toBe("x");
    expect(frameLetter(undefined)).toBe(" ");
  });

  it("of several frames are one letter, or a sign that they differ", () => {
    expect([cellLetter("..."), cellLetter("..m"), cellLetter("")]).toEqual([".", "+", " "]);
  });

  it("of pageblocks are those of the kernel's names", () => {
    expect(migratetypes.map(typeLetter).join("")).toBe("UMRHCI");
    expect(typeLegendOf(new Set(["I", "C"]))).toEqual(["C CMA", "I isolated"]);
  });
});

describe("the replay line", () => {
  const found = { machine: machineNamed("tiny"), profile: "strict+KD-2", seed: 41, run: 3, subject: { subject: "engine", profile: "strict", mutant: "b46" } } as const;

  it("names the file, quoted where a shell would take it apart", () => {
    expect(replayWords(found, "bad/a_b-1.json")).toBe("npx framecheck replay bad/a_b-1.json");
    expect(replayWords(found, "it's $HOME.json")).toBe(String.raw`npx framecheck replay 'it'\''s $HOME.json'`);
    expect(replayWords(found, "--help")).toBe("npx framecheck replay ./--help");
  });

  it("names the seed where there is no file, and nothing where there is neither", () => {
    const alike = { ...found, profile: found.subject.profile };
    expect(replayWords({ ...alike, run: 3 }, undefined)).toBe("npx framecheck check --machine tiny --profile strict --mutant b46 --seed 41");
    expect(replayWords({ ...found, run: 3 }, undefined)).toBe("npx framecheck check --machine tiny --profile strict+KD-2 --subject-profile strict --mutant b46 --seed 41 --runs 4");
    expect(replayWords({ ...found, run: 400 }, undefined)).toBe("npx framecheck check --machine tiny --profile strict+KD-2 --subject-profile strict --mutant b46 --seed 41 --runs 401");
    expect(replayWords({ ...found, seed: null }, undefined)).toBeUndefined();
  });

  it("does not name a machine that only its file knows", () => {
    expect(replayWords({ ...found, machine: { ...found.machine, name: "lab" } }, undefined)).toBeUndefined();
  });
});

describe("lines", () => {
  it("break at spaces, and inside a word only where it alone is too long", () => {
    expect(wrap("frame 0x34 is in zone Movable", 18)).toEqual(["frame 0x34 is in", "zone Movable"]);
    expect(wrap("a".repeat(40), 18)).toEqual(["a".repeat(18), "a".repeat(18), "a".repeat(4)]);
    expect(hanging("one two three four five six seven", 2, 20)).toEqual(["  one two three four", "    five six seven"]);
    expect(wrap("", 20)).toEqual([""]);
  });

  it("keep together what belongs together, unless it is too long for a line", () => {
    expect(wrap(`see ${kept("zone Normal of node 0")}`, 22)).toEqual(["see", "zone Normal of node 0"]);
    expect(wrap(`see ${kept("zone Normal of node 0")}`, 18)).toEqual(["see zone Normal of", "node 0"]);
  });

  it("keep every word, in order, and fit", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,30}$/)), fc.integer({ min: 16, max: 90 }), (words, width) => {
        const lines = wrap(words.join(" "), width);

        expect(lines.join("").replaceAll(" ", "")).toBe(words.join(""));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it("show sizes and counts as people write them", () => {
    expect([256, 1024, 1536, 2 ** 30, 2 ** 40 * 4096, 1023.5 * 2 ** 20].map(showBytes)).toEqual(["256 bytes", "1 KiB", "1.5 KiB", "1 GiB", "4 PiB", "1023.5 MiB"]);
    expect([0, 9999, 10_000, 1_204_000].map(grouped)).toEqual(["0", "9999", "10 000", "1 204 000"]);
  });
});
