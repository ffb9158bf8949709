import { describe, expect, it } from "vitest";
import { createReference, strict, toPfn } from "../../models/index.ts";
import { explainReport } from "../../src/report/explain.ts";
import { glossaryOf } from "../../src/report/glossary.ts";
import { viewChanges } from "../../src/report/view-diff.ts";
import { atBoot, crash, foreignIsolation, lostFrame, machineNamed, made, offlineSpan } from "./counterexamples.ts";

const golden = (name: string): string => `../fixtures/reports/${name}`;

describe("the explanation", () => {
  it.each(Object.entries({ "offline-span": offlineSpan, "foreign-isolation": foreignIsolation, "lost-frame": lostFrame, crash, "at-boot": atBoot }))("of %s", async (name, { counterexample, views }) => {
    await expect(explainReport(counterexample, { views })).toMatchFileSnapshot(golden(`${name}.explain.txt`));
  });

  it("explains only words that it uses, and fits", () => {
    for (const { counterexample, views } of Object.values(made)) {
      const text = explainReport(counterexample, { views, width: 72 });
      const story = text.slice(0, text.indexOf("\nWords\n"));

      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(72);
      expect(story).not.toBe("");
      expect(text.includes("\n  CMA: ")).toBe(/\bCMA\b/.test(story));
      expect(text.includes("\n  limbo: ")).toBe(/\blimbo\b/.test(story));
    }
  });

  it("goes on where views are missing", () => {
    expect(explainReport(foreignIsolation.counterexample, { views: [] })).toContain("(its views are not there)");
  });

  it("has colours when asked", () => {
    expect(explainReport(foreignIsolation.counterexample, { views: [], colour: true })).toContain("\u001b[1mThe rule\u001b[22m");
  });
});

describe("the glossary", () => {
  it("knows the words of a text by their forms", () => {
    expect(glossaryOf("two pageblocks were isolated").map(({ word }) => word)).toEqual(["pageblock", "isolated"]);
    expect(glossaryOf("zone Movable of node 0").map(({ word }) => word)).toEqual(["zone"]);
    expect(glossaryOf("nothing of it")).toEqual([]);
  });
});

const subject = (): ReturnType<typeof createReference> => createReference(machineNamed("tiny"), strict);

describe("changes between two views", () => {
  it("are none where nothing happened", () => {
    expect(viewChanges(subject().view(), subject().view(), "->")).toEqual([]);
  });

  it("tell what came, what changed and what went", () => {
    const machine = subject();
    const boot = machine.view();
    machine.apply({ op: "device-map", id: 1, start: toPfn(0xc0), nrPages: 16, node: 0 });
    machine.apply({ op: "group-static", id: 2, node: 1, maxPages: 64 });
    const mapped = machine.view();
    machine.apply({ op: "device-unmap", id: 1 });

    expect(viewChanges(boot, mapped, "->")).toEqual(expect.arrayContaining(["d1: new; frames [0xc0, 0xd0)", "g2: new", "frames [0xc0, 0xd0): not present -> device"]));
    expect(viewChanges(mapped, machine.view(), "->")).toEqual(expect.arrayContaining(["d1: gone", "section 12: gone"]));
  });

  it("are not guessed where a view does not show the fact", () => {
    const machine = subject();
    const { geometry } = machine.view();
    machine.apply({ op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" });

    expect(viewChanges({ geometry }, machine.view(), "->")).toEqual([]);
  });
});
