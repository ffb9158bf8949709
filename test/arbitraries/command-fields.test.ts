import { describe, expect, it } from "vitest";
import { commandCatalogue, toBlockId, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { commandFields, isCommand, labelsOf, mapFields, numbersOf, ops } from "../../properties/arbitraries/index.ts";

const contig: Command = { op: "alloc-contig", id: 3, start: toPfn(0x62), nrPages: 6, compound: false, gfp: "kernel" };
const started: Command = { op: "start", task: 1, command: contig };

describe("ops", () => {
  it("are those of the catalogue", () => {
    expect([...ops].toSorted()).toEqual(Object.keys(commandCatalogue).toSorted());
  });
});

describe("isCommand", () => {
  it.each<Command>([
    contig,
    started,
    { op: "alloc", id: 0, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" },
    { op: "add", start: toPfn(2 ** 39), nrPages: 0, node: 1, memmapOnMemory: true, group: null },
    { op: "write-state", block: toBlockId(4), value: "online_movable" },
    { op: "set", setting: { option: "auto_movable_ratio", value: 301 } },
    { op: "set", setting: { option: "online_policy", value: "auto-movable" } },
    { op: "step", task: 2 ** 31 - 1 },
  ])("accepts $op", (command) => {
    expect(isCommand(command)).toBe(true);
  });

  it.each([
    ["no object", "alloc"],
    ["an unknown op", { op: "reclaim" }],
    ["an inherited name", { op: "toString" }],
    ["a missing field", { op: "free", id: 1 }],
    ["a field too many", { op: "hold", id: 1, longTerm: false }],
    ["an undefined field", { op: "free", id: 1, pcp: undefined }],
    ["a negative frame", { op: "poison", pfn: -1 }],
    ["half a frame", { op: "poison", pfn: 0.5 }],
    ["a label that is too large", { op: "hold", id: 2 ** 31 }],
    ["null where a label must be", { op: "hold", id: null }],
    ["an unknown word", { op: "veto", event: "ONLINE", errno: "EBUSY" }],
    ["a setting with a value of another", { op: "set", setting: { option: "online_policy", value: "online" } }],
    ["a setting with a field too many", { op: "set", setting: { option: "auto_movable_ratio", value: 1, unit: "percent" } }],
    ["a task of a command that has no steps", { op: "start", task: 1, command: { op: "hold", id: 1 } }],
    ["a task in a task", { op: "start", task: 1, command: started }],
  ])("refuses %s", (_, value) => {
    expect(isCommand(value)).toBe(false);
  });
});

describe("labelsOf", () => {
  it("tells makers from users, also inside a task", () => {
    expect(labelsOf(started)).toEqual([
      { label: "alloc", id: 3, makes: true },
      { label: "task", id: 1, makes: true },
    ]);
    expect(labelsOf({ op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: 2 })).toEqual([{ label: "group", id: 2, makes: false }]);
    expect(labelsOf({ op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null })).toEqual([]);
  });
});

describe("mapFields", () => {
  it("changes fields by what they mean", () => {
    const moved = mapFields(started, (kind, value) => (kind.is === "pfn" ? Number(value) - 0x20 : value));

    expect(moved).toEqual({ op: "start", task: 1, command: { ...contig, start: 0x42 } });
    expect(numbersOf(started, "pfn")).toEqual([0x62]);
    expect(numbersOf(started, "pages")).toEqual([6]);
  });

  it("gives nothing where the result would be no command", () => {
    expect(mapFields(contig, (kind, value) => (kind.is === "pfn" ? Number(value) - 0x80 : value))).toBeUndefined();
  });
});

describe("commandFields", () => {
  it("names every field of a command", () => {
    expect(commandFields("alloc-contig").map(({ name }) => name).toSorted()).toEqual(Object.keys(contig).filter((name) => name !== "op").toSorted());
  });
});
