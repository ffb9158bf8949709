import { describe, expect, it } from "vitest";
import { toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { hasOwnLabels, withOwnLabels } from "../../properties/index.ts";
import { formOf } from "../../src/power/form.ts";
import { alloc, free, isolate } from "./measurements.ts";

const start = (task: number, id: number): Command => ({ op: "start", task, command: { op: "alloc-contig", id, start: toPfn(0x24), nrPages: 4, compound: false, gfp: "kernel" } });

describe("the form of a scenario", () => {
  it("counts labels of each kind from 1 in the order of their first use", () => {
    expect(withOwnLabels([alloc(7), isolate(7, 0x24), alloc(3), free(3), free(7)])).toEqual([alloc(1), isolate(1, 0x24), alloc(2), free(2), free(1)]);
  });

  it("is the same text for the same commands under other labels, with their fields in any order", () => {
    const swapped: Command = { zone: "normal", thisNode: false, node: 0, order: 0, kind: "user", id: 4, op: "alloc" };

    expect(formOf([alloc(5), free(5)])).toBe(formOf([swapped, free(4)]));
    expect(formOf([alloc(1), free(1)])).toBe('[{"op":"alloc","kind":"user","order":0,"node":0,"zone":"normal","thisNode":false,"id":1},{"op":"free","id":1,"pcp":false}]');
  });

  it("is the same text for the same setting", () => {
    expect(formOf([{ op: "set", setting: { value: 0, option: "auto_movable_ratio" } }])).toBe(formOf([{ op: "set", setting: { option: "auto_movable_ratio", value: 0 } }]));
  });

  it("tells apart what other frames and other things are in", () => {
    expect(formOf([isolate(1, 0x24)])).not.toBe(formOf([isolate(1, 0x28)]));
    expect(formOf([alloc(1), alloc(2), free(1)])).not.toBe(formOf([alloc(1), alloc(2), free(2)]));
  });

  it("renames inside the command that a task runs", () => {
    expect(formOf([start(9, 8)])).toBe(formOf([start(1, 1)]));
  });

  it("knows labels that are numbered so already", () => {
    expect(hasOwnLabels([])).toBe(true);
    expect(hasOwnLabels([alloc(1), alloc(2), free(1), isolate(1, 0x24)])).toBe(true);
    expect(hasOwnLabels([alloc(2), alloc(1)])).toBe(false);
    expect(hasOwnLabels([alloc(1), isolate(2, 0x24)])).toBe(false);
    expect(hasOwnLabels([alloc(0)])).toBe(false);
  });
});
