import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { namedMachines } from "../../models/index.ts";
import { machineText, parseMachine } from "../../src/formats/machine.ts";
import { machine } from "./file-values.ts";

const parse = (value: unknown): ReturnType<typeof parseMachine> => parseMachine({ name: "m.json", bytes: new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)) });

const machineNames = namedMachines.map(({ name }) => name).join(", ");

const geometry = { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 };
const small = { name: "small", geometry, nodes: [{ memory: [{ start: "0x20", nrPages: 32 }] }], hotplugEnd: "0x80" };

function errorOf(fields: object): string {
  const result = parse({ framecheck: "machine", version: 1, machine: { ...small, ...fields } });
  return result.ok ? "no error" : result.error;
}

describe("a machine file", () => {
  it("may leave out what has a default", () => {
    expect(parse({ framecheck: "machine", version: 1, machine: small })).toEqual({
      ok: true,
      value: {
        name: "small",
        geometry,
        arch: "x86-64",
        dmaEnd: 0,
        dma32End: 0,
        nodes: [{ memory: [{ start: 0x20, nrPages: 32 }], movableStart: null, cpus: true }],
        reserved: [],
        bootMemmap: null,
        cma: [],
        memmapOnMemory: "yes",
        movableNode: false,
        autoOnline: "offline",
        onlinePolicy: "contig-zones",
        autoMovableRatio: 301,
        autoMovableNumaAware: true,
        hotplugEnd: 0x80,
      },
    });
  });

  // Each field that a named machine leaves to the others is the default here too: taking it out of the file changes nothing.
  it("has the defaults of the named machines", () => {
    const x86 = namedMachines.find(({ name }) => name === "x86-64");
    const { arch: _a, cma: _b, memmapOnMemory: _c, movableNode: _d, autoOnline: _e, onlinePolicy: _f, autoMovableRatio: _g, autoMovableNumaAware: _h, ...own } = x86 ?? {};

    expect(parse({ framecheck: "machine", version: 1, machine: own })).toEqual({ ok: true, value: x86 });
  });

  it("may name a machine", () => {
    expect(parse({ framecheck: "machine", version: 1, machine: "tiny-wide" })).toEqual({ ok: true, value: namedMachines[3] });
  });

  it("comes back from its text as it was", () => {
    fc.assert(
      fc.property(machine, (value) => {
        expect(parse(machineText(value))).toEqual({ ok: true, value });
      }),
    );
  });

  it("is read the same whether frames are numbers or hex", () => {
    const numbers = { ...small, nodes: [{ memory: [{ start: 32, nrPages: 32 }] }], hotplugEnd: 128 };
    const upper = { ...small, nodes: [{ memory: [{ start: "0X20", nrPages: 32 }] }] };

    expect(parse({ framecheck: "machine", version: 1, machine: numbers })).toEqual(parse({ framecheck: "machine", version: 1, machine: small }));
    expect(parse({ framecheck: "machine", version: 1, machine: upper })).toEqual(parse({ framecheck: "machine", version: 1, machine: small }));
  });
});

describe("an error in a machine is one line", () => {
  it.each<[object, string]>([
    [{ nodes: undefined }, "m.json: machine.nodes: expected a list of at most 16 entries, got nothing"],
    [{ nodes: [] }, "m.json: machine.nodes: expected 1 to 16, got 0"],
    [{ nodes: Array.from({ length: 17 }, () => ({ memory: [] })) }, "m.json: machine.nodes: expected a list of at most 16 entries, got a list of 17 entries"],
    [{ nodes: [{}] }, "m.json: machine.nodes[0].memory: expected a list of at most 256 entries, got nothing"],
    [{ nodes: [{ memory: [{ start: "0x20" }] }] }, "m.json: machine.nodes[0].memory[0].nrPages: expected a whole number from 0 to 1099511627776, got nothing"],
    [{ nodes: [{ memory: [{ start: "0x20", end: "0x40" }] }] }, "m.json: machine.nodes[0].memory[0].nrPages: expected a whole number from 0 to 1099511627776, got nothing"],
    [{ nodes: [{ memory: [{ start: "0x20", nrPages: 0 }] }] }, "m.json: machine.nodes[0].memory[0]: [0x20, 0x20) is empty"],
    [{ nodes: [{ memory: [{ start: "0x20", nrPages: 8 }, { start: "0x24", nrPages: 8 }] }] }, "m.json: machine.nodes[0].memory[1]: [0x24, 0x2c) does not lie behind [0x20, 0x28)"],
    [{ nodes: [{ memory: [{ start: "0x20", nrPages: 8 }], movableStart: "0x99" }] }, "m.json: machine.nodes[0].movableStart: 0x99 lies behind the node's memory"],
    [{ geometry: { ...geometry, sectionPages: 15 } }, "m.json: machine.geometry: every size is a power of two, and orders are whole numbers (rule G0)"],
    [{ geometry: { ...geometry, sectionPages: 0 } }, "m.json: machine.geometry.sectionPages: expected a whole number from 1 to 1099511627776, got 0"],
    [{ geometry: { ...geometry, pageblockOrder: 5 } }, "m.json: machine.geometry: 2 <= pageblockOrder <= maxPageOrder (rule G3)"],
    [{ geometry: { ...geometry, pageSize: 4096 } }, "m.json: machine.geometry.pageSize: unknown field, expected only pageBytes, structPageBytes, pageblockOrder, maxPageOrder, subsectionPages, sectionPages, blockSections, pmdPages"],
    [{ hotplugEnd: "0x30" }, "m.json: machine.hotplugEnd: 0x30 lies inside boot memory, which ends at 0x40"],
    [{ hotplugEnd: 2 ** 41 }, 'm.json: machine.hotplugEnd: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", got 2199023255552'],
    [{ hotplugEnd: 2 ** 40 }, "m.json: machine.hotplugEnd: 68719476736 sections of 16 frames lie below it, expected at most 33554432"],
    [{ nodes: [{ memory: [{ start: 0, nrPages: 2 ** 25 }] }], hotplugEnd: 2 ** 26 }, "m.json: machine.nodes: boot memory touches 2097152 sections, expected at most 1048576"],
    [{ reserved: [{ start: 0, nrPages: 4 }] }, "m.json: machine.reserved[0]: [0x0, 0x4) is not inside one range of boot memory"],
    [{ cma: [{ base: "0x22", nrPages: 4 }] }, "m.json: machine.cma[0]: [0x22, 0x26) is not a multiple of a pageblock (4 frames)"],
    [{ cma: [{ base: "0x20", nrPages: 4, orderPerBit: 3 }] }, "m.json: machine.cma[0].orderPerBit: expected 0 to 2, got 3"],
    [{ arch: "riscv" }, 'm.json: machine.arch: expected one of x86-64, arm64, got "riscv"'],
    [{ bootMemmap: -1 }, 'm.json: machine.bootMemmap: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", or null, got -1'],
    [{ name: "" }, "no error"],
    [{ name: 7 }, "m.json: machine.name: expected a text of at most 64 characters, got 7"],
  ])("%j", (fields, error) => {
    expect(errorOf(fields)).toBe(error);
  });

  it.each<[unknown, string]>([
    [{ framecheck: "machine", version: 1, machine: [] }, `m.json: machine: expected one of ${machineNames}, or an object, got a list of 0 entries`],
    [{ framecheck: "machine", version: 1 }, `m.json: machine: expected one of ${machineNames}, or an object, got nothing`],
    [{ framecheck: "scenario", version: 1 }, "m.json: framecheck: expected a machine, got a scenario"],
    [small, 'm.json: framecheck: expected "machine", got nothing'],
  ])("%j", (value, error) => {
    expect(parse(value)).toEqual({ ok: false, error });
  });
});
