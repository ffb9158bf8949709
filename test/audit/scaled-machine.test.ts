import { describe, expect, it } from "vitest";
import { checkDescription, strict } from "../../models/index.ts";
import { audit } from "../../src/audit/audit.ts";
import { scaledMachine } from "../../src/audit/scaled-machine.ts";
import type { FileSource } from "../../src/audit/source.ts";
import { search } from "../../src/check/search.ts";
import { createSubject } from "../../src/check/subjects.ts";
import { capture, captureNames, edited } from "./captures.ts";
import { synthetic } from "./synthetic.ts";

function scaled(read: FileSource): ReturnType<typeof scaledMachine> {
  const audited = audit({ read });
  if (!audited.ok) throw new Error(audited.error);
  return scaledMachine(audited.snapshot);
}

const twoNodes = synthetic({
  version: "Linux version 6.12.0-x86_64 (a@b) (gcc) #1",
  pageBytes: 4096,
  blockPages: 32768,
  pageblockOrder: 9,
  maxPageOrder: 10,
  structPageBytes: 64,
  sectionPages: 32768,
  zones: [
    { node: 0, type: "Normal", start: 0x100000, end: 0x180000, reserved: 0x8000 },
    { node: 1, type: "Normal", start: 0x200000, end: 0x240000, reserved: 0x8000 },
  ],
});

describe("the small machine with the layout of a real one", () => {
  it.each(captureNames)("is one that the model takes: %s", (name) => {
    const machine = scaled(capture(name));

    expect(machine).not.toHaveProperty("why");
    if ("why" in machine) return;
    expect(checkDescription(machine)).toBeUndefined();
    expect(machine.bootMemmap).not.toBeNull();
  });

  it("keeps the zones of boot memory, kernelcore= with its zone Movable among them", () => {
    expect(scaled(capture("kernelcore"))).toMatchObject({ nodes: [{ movableStart: expect.any(Number) as number }] });
    expect(scaled(capture("dimm-mixed"))).toMatchObject({ nodes: [{ movableStart: null }] });
  });

  it("keeps the nodes and the gap between them, and cuts long runs of like blocks to two", () => {
    expect(scaled(twoNodes)).toMatchObject({ nodes: [{ memory: [{ start: 32, nrPages: 64 }] }, { memory: [{ start: 128, nrPages: 64 }] }] });
  });

  it("is searched without an alarm", async () => {
    const machine = scaled(capture("kernelcore"));
    if ("why" in machine) throw new Error(machine.why);
    const subject = { subject: "engine", profile: "strict", mutant: null } as const;

    const { verdict, runs } = await search({ machine, profile: strict, subject, subjectProfile: strict, create: (description, as) => createSubject(subject, description, as), seed: 1, runs: 2, maxReductions: 0 });

    expect({ verdict, runs }).toEqual({ verdict: "holds", runs: 2 });
  });

  it("is not made where the memory map can not be read", () => {
    expect(scaled(edited(twoNodes, { without: ["proc/iomem"] }))).toHaveProperty("why");
  });
});
