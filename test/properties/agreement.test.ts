import { describe, expect, it } from "vitest";
import { FrameUse, NONE, toPfn } from "../../models/index.ts";
import type { Outcome } from "../../models/index.ts";
import { changedPaths, disagreements, outcomeDifferences, sameOutcome } from "../../properties/index.ts";
import { edit, editAllocation, editBlock, editFreeBlock, editPageblock, editSection, frame, given, goingOffline, movable, normal, smallView } from "./small-views.ts";
import type { Editable } from "./small-views.ts";
import type { View } from "../../models/index.ts";

/** What the second view says, and what the disagreement is. */
function differ(change: (view: Editable<View>) => void): ReturnType<typeof disagreements> {
  const other = smallView();
  change(other);
  return disagreements(smallView(), other);
}

describe("disagreements", () => {
  it("finds none between equal views", () => {
    expect(disagreements(smallView(), smallView())).toEqual([]);
    expect(disagreements(goingOffline(), goingOffline())).toEqual([]);
  });

  it("names the field and the entry", () => {
    expect(differ((v) => edit(v.zones, normal, { nrFree: 5 }))).toEqual([{ fact: "zones.nrFree", evidence: [{ where: "zone Normal of node 0", was: "6", is: "nrFree 5" }] }]);
    expect(differ((v) => editBlock(v, 3, { validZones: ["Normal"] }))).toEqual([{ fact: "blocks.validZones", evidence: [{ where: "block 3", was: "validZones [Normal Movable]", is: "[Normal]" }] }]);
    expect(differ((v) => editSection(v, 8, { taint: false }))).toEqual([{ fact: "sections.taint", evidence: [{ where: "section 8", was: "taint true", is: "false" }] }]);
    expect(differ((v) => editPageblock(v, 0x30, { type: "Movable" }))).toEqual([{ fact: "pageblocks.type", evidence: [{ pfn: 0x30, where: "pageblock", was: "type Unmovable", is: "Movable" }] }]);
    expect(differ((v) => editAllocation(v, 8, { ranges: [{ start: toPfn(0x52), nrPages: 1 }] }))).toEqual([{ fact: "allocations.ranges", evidence: [{ where: "allocation 8", was: "ranges [[0x52, 0x54)]", is: "[[0x52, 0x53)]" }] }]);
    expect(differ((v) => edit(v.isolations, 0, { pageblocks: [] }))).toEqual([{ fact: "isolations.pageblocks", evidence: [{ where: "token 7", was: "pageblocks [76]", is: "[]" }] }]);
    expect(differ((v) => Object.assign(given(v.totals), { maxPfn: toPfn(0x90) }))).toEqual([{ fact: "totals.maxPfn", evidence: [{ where: "maxPfn", was: "128", is: "144" }] }]);
  });

  it("names frames, those in a row together", () => {
    const found = differ((v) => {
      frame(v, 0x28, { use: FrameUse.Limbo, order: NONE });
      frame(v, 0x29, { use: FrameUse.Limbo });
      frame(v, 0x4e, { zone: normal });
    });

    expect(found).toEqual([
      { fact: "frames.use", evidence: [{ pfn: 0x28, nrPages: 2, was: "free", is: "limbo" }] },
      { fact: "frames.zone", evidence: [{ pfn: 0x4e, was: "zone Movable of node 0", is: "zone Normal of node 0", owner: "allocated" }] },
      { fact: "frames.order", evidence: [{ pfn: 0x28, was: "order 2", is: "no order", owner: "free" }] },
    ]);
  });

  it("tells what only one of the views has", () => {
    expect(differ((v) => given(v.freeBlocks).splice(1, 1))).toEqual([{ fact: "freeBlocks", evidence: [{ pfn: 0x3a, where: "free block", was: "order 1, zone 2, type Movable", is: "not there" }] }]);
    expect(differ((v) => given(v.pcp).push({ pfn: toPfn(0x54), order: 0, zone: movable, type: "Movable" }))).toEqual([{ fact: "pcp", evidence: [{ pfn: 0x54, where: "per-CPU entry", was: "not there", is: "order 0, zone 3, type Movable" }] }]);
  });

  it("compares the entries that both have although one is missing", () => {
    const found = differ((v) => {
      given(v.freeBlocks).shift();
      editFreeBlock(v, 0x58, { type: "Reclaimable" });
    });

    expect(found.map(({ fact }) => fact)).toEqual(["freeBlocks", "freeBlocks.type"]);
  });

  it("compares the frames that both have where the tables differ", () => {
    const part = smallView();
    const table = given(part.frames);
    part.frames = { ranges: [{ start: toPfn(0x28), nrPages: 4 }], use: table.use.slice(8, 12), flags: table.flags.slice(8, 12), zone: table.zone.slice(8, 12), order: table.order.slice(8, 12) };
    part.frames.use[3] = FrameUse.Pcp;

    expect(disagreements(smallView(), part).map(({ fact, evidence }) => [fact, evidence[0]?.pfn])).toEqual([["frames", undefined], ["frames.use", 0x2b]]);
  });

  it("leaves out what one of the views does not show", () => {
    const found = differ((v) => {
      delete v.zones;
      delete v.frames;
      delete given(v.blocks)[0]?.nrHwpoison;
      delete given(v.pageblocks)[11]?.savedType;
    });

    expect(found).toEqual([]);
  });
});

describe("changedPaths", () => {
  it("names each fact once, in the order of the vocabulary", () => {
    expect(changedPaths(smallView(), goingOffline())).toEqual([
      "zones.present", "zones.nrFree", "zones.nrIsolatePageblock", "zones.pcpDisabled", "nodes.present", "blocks.state", "blocks.validZones", "pageblocks.type", "freeBlocks.type", "isolations", "tasks", "groups.presentMovable",
    ]);
  });
});

describe("sameOutcome", () => {
  const outcome: Outcome = { result: "ok", grant: { pfn: toPfn(0x60), order: 0, retyped: [toPfn(0x60)] } };

  it("does not compare the explanation", () => {
    expect(sameOutcome({ result: "refused", errno: "EBUSY", because: { kind: "veto" } }, { result: "refused", errno: "EBUSY" })).toBe(true);
  });

  it("takes an empty list for one that is left out", () => {
    expect(sameOutcome({ ...outcome, grant: { pfn: toPfn(0x60), order: 0, retyped: [] }, moved: [] }, { result: "ok", grant: { pfn: toPfn(0x60), order: 0 } })).toBe(true);
  });

  it("names the fields that differ", () => {
    expect(outcomeDifferences(outcome, { result: "refused", errno: "ENOMEM" })).toEqual(["result", "errno", "grant"]);
    expect(outcomeDifferences(outcome, { ...outcome, grant: { pfn: toPfn(0x60), order: 0, retyped: [toPfn(0x64)] } })).toEqual(["grant"]);
    expect(outcomeDifferences({ result: "ok", dropped: [1, 2] }, { result: "ok", dropped: [2, 1] })).toEqual(["dropped"]);
  });
});
