import { stripVTControlCharacters } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReference, pfnRange, strict, tinyMachines, toPfn } from "../../models/index.ts";
import { strip } from "../../src/report/strip.ts";
import { textReport } from "../../src/report/text.ts";
import { createTheme } from "../../src/report/theme.ts";
import { counterexample as arbitrary, outcome } from "../formats/file-values.ts";
import { cmaFallback, isolatedAlloc, lostFrame, machineNamed, made, makeRealSize, offlineSpan } from "./counterexamples.ts";

const golden = (name: string): string => `../fixtures/reports/${name}`;

describe("the text report", () => {
  it.each(Object.entries(made))("of %s", async (name, { counterexample }) => {
    await expect(textReport(counterexample, { file: `bad_${name}.json` })).toMatchFileSnapshot(golden(`${name}.80.txt`));
  });

  it("of a machine of real size, at 80 and at 120 columns", async () => {
    const { counterexample } = makeRealSize();

    await expect(textReport(counterexample, { file: "bad_real-size.json" })).toMatchFileSnapshot(golden("real-size.80.txt"));
    await expect(textReport(counterexample, { width: 120, file: "bad_real-size.json" })).toMatchFileSnapshot(golden("real-size.120.txt"));
  });

  it("of offline-span at 120 columns", async () => {
    await expect(textReport(offlineSpan.counterexample, { width: 120, file: "bad_offline-span.json" })).toMatchFileSnapshot(golden("offline-span.120.txt"));
  });

  it("uses colour and other characters only when asked", async () => {
    const text = textReport(lostFrame.counterexample, { colour: true, unicode: true });

    await expect(text.replaceAll("\u001b", "ESC")).toMatchFileSnapshot(golden("lost-frame.colour.txt"));
    for (const { counterexample } of Object.values(made)) expect(textReport(counterexample)).toMatch(/^[\n\x20-\x7e]*$/);
  });

  it("says the same with colour, but for the marks that the colours stand for", () => {
    for (const { counterexample } of Object.values(made)) {
      const plain = textReport(counterexample).split("\n");
      const coloured = stripVTControlCharacters(textReport(counterexample, { colour: true })).split("\n");

      expect(coloured).toEqual(plain.filter((line) => !/^ +[\^* ]+$/.test(line) && !/^ {2}(?:\^ changed|\* named below)/.test(line)));
    }
  });

  it("shows no control character of the file name", () => {
    expect(textReport(isolatedAlloc.counterexample, { file: "a\u001b[2J" })).toMatch(/\nreplay: npx framecheck replay 'a\\u\{1b\}\[2J'\n$/);
  });

  it("is the same text every time", () => {
    expect(textReport(cmaFallback.counterexample)).toBe(textReport(cmaFallback.counterexample));
  });

  it("begins with the verdict, the rule and what broke it", () => {
    expect(textReport(isolatedAlloc.counterexample).split("\n").slice(0, 4)).toEqual([
      "grant-not-isolated broken after command 2 of 2   (tiny, seed 41, shrunk from 37)",
      "frames of an isolated pageblock are not given",
      "frame 0x64: in pageblock 0x64, isolated by t1; should be in a pageblock that",
      "nobody isolates",
    ]);
  });

  it("leaves out the middle of a long list of commands", () => {
    const { counterexample } = isolatedAlloc;
    const [first, last] = counterexample.commands;
    if (first === undefined || last === undefined) throw new Error("no commands");
    const commands = [...Array.from({ length: 999 }, () => first), last];
    const outcomes = [...Array.from({ length: 999 }, () => ({ result: "ok" as const })), { result: "ok" as const }];

    const text = textReport({ ...counterexample, commands, outcomes, breaking: 999 });

    expect(text).toContain("\n    10  isolate  t1 [0x60, 0x68) for offline  ok\n  ... 940 commands\n   951  isolate");
    expect(text).toContain("\n> 1000  alloc ");
  });

  it("fits its width and shows nothing that acts on a terminal, whatever it is made of", () => {
    const views = new Map(tinyMachines.map((machine) => [machine.name, createReference(machine, strict).view()]));
    const whole = fc.record({ saved: arbitrary, expected: outcome, machine: fc.constantFrom(...tinyMachines), width: fc.integer({ min: 60, max: 160 }) });
    fc.assert(
      fc.property(whole, ({ saved, expected, machine, width }) => {
        const view = views.get(machine.name);
        if (view === undefined) throw new Error("no view");

        const text = textReport({ ...saved, machine: { ...machine, name: saved.machine.name }, expected, before: view, after: view }, { width, file: "x.json" });

        for (const line of text.split("\n")) {
          if (!line.startsWith("replay:")) expect(line.length, line).toBeLessThanOrEqual(width);
          expect(line).toBe(line.trimEnd());
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("the strip of the memory", () => {
  const theme = createTheme();

  it("shows a zone border inside a pageblock and inside a block", () => {
    const view = createReference(machineNamed("tiny-equal"), strict).view();

    const shown = strip(view, view, [pfnRange(toPfn(0x47), 1)], { width: 80, theme });

    expect(shown?.lines).toEqual([
      "  block 1, online, zone DMA32 of node 0",
      "  0x20  frames  hhhhhhhh rrrrrrrr rrrrrrrr rrrrrrrr",
      "        types   U        M        M        M",
      "  block 2, online, zone DMA32 of node 0 | zone Normal of node 0",
      "  0x40  frames  ..rr|r... ........ ........ ........",
      "                        *",
      "        types   M   |     C        C        M",
      "  block 3, online, zone Movable of node 0",
      "  0x60  frames  ........ ........ ........ ........",
      "        types   M        M        M        M",
      "",
      "  . free; r reserved at boot; h hole",
      "  U Unmovable; M Movable; C CMA",
      "  * named below",
    ]);
  });

  it("shows memory that was not there before", () => {
    const subject = createReference(machineNamed("tiny"), strict);
    const before = subject.view();
    subject.apply({ op: "add", start: toPfn(0x80), nrPages: 32, node: 1, memmapOnMemory: false, group: null });

    const shown = strip(before, subject.view(), [], { width: 80, theme });

    expect(shown?.lines).toContain("  block 4, not there -> offline");
    expect(shown?.lines).toContain("  0x80  before  not present");
    expect(shown?.lines).toContain("        after   ---- ---- ---- ---- ---- ---- ---- ----");
  });

  it("has cells of less than a pageblock where a pageblock is a whole block", () => {
    const view = createReference(machineNamed("arm64-64k"), strict).view();

    const shown = strip(view, view, [pfnRange(toPfn(0x6010), 1)], { width: 80, theme });

    expect(shown?.cell).toBe("one cell is 256 frames");
    expect(shown?.lines).toContain("  0x6000  frames  ........ ........ ........ ........");
    expect(shown?.lines).toContain("          types   M");
    expect(shown?.lines).toContain("                  *");
  });

  it("names ten rows at most and counts the others", () => {
    const view = createReference(machineNamed("x86-64"), strict).view();
    const everywhere = Array.from({ length: 16 }, (_, index) => pfnRange(toPfn(0x4000 * index), 1));

    const shown = strip(view, view, everywhere, { width: 80, theme });

    expect(shown?.lines.filter((line) => /frames {2}/.test(line) && !line.includes("close-up"))).toHaveLength(10 + 3);
    expect(shown?.lines).toContain("  ... 6 more rows changed");
  });

  it("is not there where the views show no frames", () => {
    const { frames: _hidden, ...bare } = createReference(machineNamed("tiny"), strict).view();

    expect(strip(bare, bare, [], { width: 80, theme })).toBeUndefined();
  });
});
