import { describe, expect, it } from "vitest";
import { FrameUse, NONE, toPfn } from "../../models/index.ts";
import type { Fact, Outcome, View } from "../../models/index.ts";
import { changedPaths, disagreements, notCompared, outcomeDifferences, sameOutcome, sameViews } from "../../properties/index.ts";
import type { Need } from "../../properties/index.ts";
import { optionalFields, without } from "./partial-views.ts";
import { edit, editAllocation, editBlock, editFreeBlock, editPageblock, editSection, frame, given, goingOffline, movable, normal, smallView } from "./small-views.ts";
import type { Editable } from "./small-views.ts";

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
    expect(differ((v) => editBlock(v, 3, { validZones: ["Normal"] }))).toEqual([{ fact: "blocks.validZones", evidence: [{ where: "block 3", was: "[Normal Movable]", is: "validZones [Normal]" }] }]);
    expect(differ((v) => editSection(v, 8, { taint: false }))).toEqual([{ fact: "sections.taint", evidence: [{ where: "section 8", was: "true", is: "taint false" }] }]);
    expect(differ((v) => editPageblock(v, 0x30, { type: "Movable" }))).toEqual([{ fact: "pageblocks.type", evidence: [{ pfn: 0x30, where: "pageblock", was: "Unmovable", is: "type Movable" }] }]);
    expect(differ((v) => editAllocation(v, 8, { ranges: [{ start: toPfn(0x52), nrPages: 1 }] }))).toEqual([{ fact: "allocations.ranges", evidence: [{ where: "allocation 8", was: "[[0x52, 0x54)]", is: "ranges [[0x52, 0x53)]" }] }]);
    expect(differ((v) => edit(v.isolations, 0, { pageblocks: [] }))).toEqual([{ fact: "isolations.pageblocks", evidence: [{ where: "token 7", was: "[76]", is: "pageblocks []" }] }]);
    expect(differ((v) => Object.assign(given(v.totals), { maxPfn: toPfn(0x90) }))).toEqual([{ fact: "totals.maxPfn", evidence: [{ where: "maxPfn", was: "128", is: "144" }] }]);
  });

  it.each([
    { field: "inflated", was: false, is: true },
    { field: "pool", was: false, is: true },
    { field: "lruBatch", was: "none", is: "move" },
  ])("compares what only some machines show of an allocation: $field", ({ field, was, is }) => {
    const [one, other] = [was, is].map((value) => {
      const view = smallView();
      editAllocation(view, 8, { [field]: value });
      return view;
    });

    expect(disagreements(given(one), given(other)).map(({ fact }) => fact)).toEqual([`allocations.${field}`]);
    expect(disagreements(given(one), given(one))).toEqual([]);
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

/** By what the entries of a list are told apart: with another one, an entry is another entry. */
const keys: Readonly<Partial<Record<Fact, string>>> = {
  nodes: "node", blocks: "block", sections: "section", pageblocks: "start", freeBlocks: "pfn", pcp: "pfn", allocations: "id", isolations: "owner", tasks: "task", cma: "area", hugePools: "order", groups: "group", devices: "device", resources: "kind",
};

/** A value of the same sort that is not the same. */
function another(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return value === "device" ? "ram" : `${value}?`;
  if (Array.isArray(value)) return value.length === 0 ? [0] : value.slice(1);
  if (value === null) return 0;
  return typeof value === "object" && "start" in value && "nrPages" in value ? { ...value, nrPages: 1 } : { token: 99 };
}

const facts = Object.keys(smallView()).filter((fact): fact is Fact => fact !== "geometry");

/** Every field that an entry of a list has, and the number of an entry that has it. */
const listFields = facts.flatMap((fact) => {
  const list = smallView()[fact];
  if (!Array.isArray(list)) return [];
  const entries = list as readonly object[];
  return [...new Set(entries.flatMap((entry) => Object.keys(entry)))].map((field) => ({ fact, field, index: entries.findLastIndex((entry) => field in entry) }));
});

describe("a disagreement", () => {
  it.each(listFields)("in one $field of $fact is found, and no other", ({ fact, field, index }) => {
    const found = differ((view) => {
      const entry = (view[fact] as Record<string, unknown>[])[index];
      given(entry)[field] = another(given(entry)[field]);
    });

    expect(found.map((one) => one.fact)).toEqual([keys[fact] === field ? fact : `${fact}.${field}`]);
    expect(found[0]?.evidence.length).toBe(keys[fact] === field ? 2 : 1);
  });

  it.each(facts.filter((fact) => fact !== "frames" && fact !== "totals"))("about an entry of %s that only one has is found", (fact) => {
    const list = (view: View): unknown[] => view[fact] as unknown as unknown[];
    const [one, two] = [smallView(), smallView()];
    // The little machine is at rest: no list is without an entry to leave out but that of the tasks.
    if (list(one).length === 0) for (const view of [one, two]) list(view).push({ task: 1, op: "online", phase: "onlining", range: { start: 0x60, nrPages: 32 } });
    list(two).pop();

    expect(disagreements(one, two).map(({ fact: found }) => found)).toEqual([fact]);
    expect(disagreements(two, one).map(({ fact: found }) => found)).toEqual([fact]);
  });

  it("about an entry that one has twice is found", () => {
    expect(differ((v) => given(v.devices).push({ ...given(given(v.devices).at(-1)) }))).toEqual([{ fact: "devices", evidence: [{ where: "device 2", was: "not there", is: "range [0x84, 0x8c)" }] }]);
  });

  it("about the order of entries is found", () => {
    expect(differ((v) => given(v.devices).sort((a, b) => b.device - a.device))).toEqual([{ fact: "devices", evidence: [{ where: "devices", was: "in this order", is: "the same in another order" }] }]);
  });

  it.each(["use", "flags", "zone", "order"] as const)("in one %s of a frame is found, and no other", (column) => {
    expect(differ((view) => frame(view, 0x5f, { [column]: 1 })).map(({ fact, evidence }) => [fact, evidence.map(({ pfn }) => pfn)])).toEqual([[`frames.${column}`, [0x5f]]]);
  });

  it.each(Object.keys(given(smallView().totals)))("in the total %s is found, and no other", (field) => {
    expect(differ((view) => Object.assign(given(view.totals), { [field]: 999 })).map(({ fact, evidence }) => [fact, evidence[0]?.is])).toEqual([[`totals.${field}`, "999"]]);
  });
});

describe("what only one of the views shows", () => {
  const columns: readonly Need[] = ["frames.use", "frames.flags", "frames.zone", "frames.order"];

  it.each([...facts, ...optionalFields, ...columns])("%s is not compared, and that is said", (need) => {
    const [all, less] = [smallView(), without(smallView(), need)];

    expect(disagreements(all, less)).toEqual([]);
    expect(disagreements(less, all)).toEqual([]);
    expect(notCompared(all, less)).toContain(need);
    expect(notCompared(less, all)).toContain(need);
  });

  it("is nothing where both show the same facts, or lack the same", () => {
    expect(notCompared(smallView(), goingOffline())).toEqual([]);
    for (const need of facts) expect(notCompared(without(smallView(), need), without(smallView(), need))).toEqual([]);
  });
});

describe("changedPaths", () => {
  it("names each fact once, in the order of the vocabulary", () => {
    expect(changedPaths(smallView(), goingOffline())).toEqual([
      "zones.present", "zones.nrFree", "zones.nrIsolatePageblock", "zones.pcpDisabled", "nodes.present", "blocks.state", "blocks.validZones", "pageblocks.type", "freeBlocks.type", "isolations", "tasks", "groups.presentMovable",
    ]);
  });
});

/** The value with one number, word, flag or byte in it changed, or an entry more or less, in every way. */
function others(value: unknown): readonly unknown[] {
  if (value instanceof Uint8Array) return Array.from(value, (byte, at) => value.with(at, (byte + 1) % 256));
  if (typeof value === "number") return [value + 1];
  if (typeof value === "boolean") return [!value];
  if (typeof value === "string") return [`${value}?`];
  if (Array.isArray(value)) return [...(value.length > 0 ? [[...value, ...value.slice(-1)]] : []), ...value.map((_, at) => value.toSpliced(at, 1)), ...value.flatMap((entry, at) => others(entry).map((other) => value.with(at, other)))];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => others(inner).map((other) => ({ ...value, [key]: other })));
}

describe("sameViews", () => {
  it("is so for equal states, and for no view in which a single thing is other or missing", () => {
    for (const view of [smallView(), goingOffline()]) {
      const { geometry, ...shown } = view;
      const less = [...facts, ...optionalFields].map((need) => without(view, need)).filter((other) => JSON.stringify(other) !== JSON.stringify(view));
      const changed = [...less, ...others(shown).map((other) => ({ geometry, ...(other as Omit<View, "geometry">) }))];

      expect(sameViews(view, { ...structuredClone(shown), geometry })).toBe(true);
      expect(changed.length).toBeGreaterThan(500);
      expect(changed.filter((other) => sameViews(view, other) || sameViews(other, view))).toEqual([]);
    }
  });
});

/** Every part that an outcome can have. */
const full: Required<Outcome> = {
  result: "refused",
  errno: "EBUSY",
  because: { kind: "veto" },
  grant: { pfn: toPfn(0x60), order: 0, retyped: [toPfn(0x60)] },
  memmap: [{ pfn: toPfn(0x64), order: 2 }],
  dropped: [3, 4],
  moved: [{ id: 1, from: toPfn(0x80), to: { pfn: toPfn(0x61), order: 0 } }],
  attempts: [{ start: toPfn(0x40), errno: "EBUSY", dropped: [5], moved: [{ id: 2, from: toPfn(0x40), to: { pfn: toPfn(0x62), order: 0 } }] }],
  start: toPfn(0x48),
  events: [{ event: "GOING_OFFLINE", start: toPfn(0x80), nrPages: 32 }],
};

/** The value with one number or word in it changed, in every way. */
function variants(value: unknown): readonly unknown[] {
  if (typeof value === "number") return [value + 1];
  if (typeof value === "string") return [`${value}?`];
  if (Array.isArray(value)) return [value.slice(1), ...value.flatMap((entry, at) => variants(entry).map((other) => value.with(at, other)))];
  return Object.entries(value as object).flatMap(([key, inner]) => variants(inner).map((other) => ({ ...(value as object), [key]: other })));
}

describe("sameOutcome", () => {
  const outcome: Outcome = { result: "ok", grant: { pfn: toPfn(0x60), order: 0, retyped: [toPfn(0x60)] } };

  it("does not compare the explanation", () => {
    expect(sameOutcome({ result: "refused", errno: "EBUSY", because: { kind: "veto" } }, { result: "refused", errno: "EBUSY" })).toBe(true);
  });

  it("takes an empty list for one that is left out", () => {
    expect(sameOutcome({ ...outcome, grant: { pfn: toPfn(0x60), order: 0, retyped: [] }, moved: [] }, { result: "ok", grant: { pfn: toPfn(0x60), order: 0 } })).toBe(true);
  });

  it.each(Object.keys(full) as (keyof Outcome)[])("compares %s, all of it, unless it is the explanation", (field) => {
    for (const other of variants(full[field])) expect(outcomeDifferences(full, { ...full, [field]: other } as Outcome)).toEqual(field === "because" ? [] : [field]);
  });

  it.each(Object.keys(full) as (keyof Outcome)[])("takes %s that only one tells for a difference, unless it is the explanation", (field) => {
    const less = Object.fromEntries(Object.entries(full).filter(([name]) => name !== field)) as unknown as Outcome;

    expect(outcomeDifferences(full, less)).toEqual(field === "because" ? [] : [field]);
    expect(outcomeDifferences(less, full)).toEqual(field === "because" ? [] : [field]);
  });

  it("names the fields that differ", () => {
    expect(outcomeDifferences(outcome, { result: "refused", errno: "ENOMEM" })).toEqual(["result", "errno", "grant"]);
    expect(outcomeDifferences(outcome, { ...outcome, grant: { pfn: toPfn(0x60), order: 0, retyped: [toPfn(0x64)] } })).toEqual(["grant"]);
    expect(outcomeDifferences({ result: "ok", dropped: [1, 2] }, { result: "ok", dropped: [2, 1] })).toEqual(["dropped"]);
  });
});
