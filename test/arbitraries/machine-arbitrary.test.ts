import { assert, check, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { blockPages, brokenGeometryRule, checkDescription, createReference, namedMachines, pageblockPages, rangeEnd, tinyMachines } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";
import { compareMachines, drawMachine, generateScenario, geometryArbitrary, isMachine, machineArbitrary, maxDrawnFrames, pseudoRandom, simplerGeometries, simplerMachines } from "../../properties/arbitraries/index.ts";
import { profileOf } from "./tally.ts";

const memoryOf = (machine: MachineDescription): MachineDescription["reserved"] => machine.nodes.flatMap(({ memory }) => memory).toSorted((a, b) => a.start - b.start);

/** The nodes of the ranges of memory in frame order. */
const nodesInOrder = ({ nodes }: MachineDescription): string =>
  nodes
    .flatMap(({ memory }, node) => memory.map(({ start }) => ({ start, node })))
    .toSorted((a, b) => a.start - b.start)
    .map(({ node }) => node)
    .join("");

const holesOf = (machine: MachineDescription): readonly { readonly start: number; readonly end: number }[] => {
  const memory = memoryOf(machine);
  return memory.flatMap((range, index) => {
    const next = memory[index + 1];
    return next === undefined || next.start === rangeEnd(range) ? [] : [{ start: rangeEnd(range), end: next.start }];
  });
};

const section = ({ geometry }: MachineDescription): number => geometry.sectionPages;
const pageblock = ({ geometry }: MachineDescription): number => pageblockPages(geometry);
const block = ({ geometry }: MachineDescription): number => blockPages(geometry);

/** What random machines must show, each in at least so many of 1000. */
const awkward: readonly [number, string, (machine: MachineDescription) => boolean][] = [
  [400, "memory that begins inside a pageblock", (m) => memoryOf(m).some(({ start }) => start % pageblock(m) !== 0)],
  [400, "memory that ends inside a pageblock", (m) => memoryOf(m).some((range) => rangeEnd(range) % pageblock(m) !== 0)],
  [400, "memory that ends inside a subsection", (m) => memoryOf(m).some((range) => rangeEnd(range) % m.geometry.subsectionPages !== 0)],
  [400, "memory that ends inside a section", (m) => memoryOf(m).some((range) => rangeEnd(range) % section(m) !== 0)],
  [100, "a hole at the start of a pageblock", (m) => holesOf(m).some(({ start, end }) => start % pageblock(m) === 0 && end % pageblock(m) !== 0)],
  [50, "a hole in the middle of a pageblock", (m) => holesOf(m).some(({ start, end }) => start % pageblock(m) !== 0 && end % pageblock(m) !== 0 && Math.floor(start / pageblock(m)) === Math.floor(end / pageblock(m)))],
  [100, "a hole at the end of a pageblock", (m) => holesOf(m).some(({ start, end }) => start % pageblock(m) !== 0 && end % pageblock(m) === 0)],
  [50, "a hole at the start of a section", (m) => holesOf(m).some(({ start, end }) => start % section(m) === 0 && end % section(m) !== 0)],
  [50, "a hole at the start of a block", (m) => holesOf(m).some(({ start, end }) => start % block(m) === 0 && end % block(m) !== 0)],
  [50, "a hole at the end of a block", (m) => holesOf(m).some(({ start, end }) => start % block(m) !== 0 && end % block(m) === 0)],
  [50, "a hole of a whole section", (m) => holesOf(m).some(({ start, end }) => Math.ceil(start / section(m)) < Math.floor(end / section(m)))],
  [200, "a zone border inside a pageblock", (m) => [m.dmaEnd, m.dma32End].some((border) => border % pageblock(m) !== 0)],
  [100, "zones DMA and DMA32", (m) => m.dmaEnd > 0 && m.dma32End > m.dmaEnd],
  [60, "nodes that interleave", (m) => /(.)(?!\1)(.)\1/.test(nodesInOrder(m))],
  [30, "nodes in descending order", (m) => /^(.)\1*(.)\2*$/.test(nodesInOrder(m)) && (nodesInOrder(m)[0] ?? "0") > (nodesInOrder(m).at(-1) ?? "0")],
  [300, "a node without memory", (m) => m.nodes.some(({ memory }) => memory.length === 0)],
  [100, "a node without memory and CPUs", (m) => m.nodes.some(({ memory, cpus }) => memory.length === 0 && !cpus)],
  [300, "reserved memory", (m) => m.reserved.length > 0],
  [200, "a boot memmap in memory", (m) => m.bootMemmap !== null],
  [200, "a CMA area", (m) => m.cma.length > 0],
  [40, "two CMA areas", (m) => m.cma.length > 1],
  [150, "zone Movable at boot", (m) => m.nodes.some(({ movableStart }) => movableStart !== null)],
  [200, "blocks of several sections", (m) => m.geometry.blockSections > 1],
  [150, "a largest block of one pageblock", (m) => m.geometry.maxPageOrder === m.geometry.pageblockOrder],
  [100, "a largest block of two pageblocks", (m) => m.geometry.maxPageOrder === m.geometry.pageblockOrder + 1],
  [250, "a largest block of four or more pageblocks", (m) => m.geometry.maxPageOrder >= m.geometry.pageblockOrder + 2],
  [150, "a pageblock larger than a subsection", (m) => pageblock(m) > m.geometry.subsectionPages],
  [150, "a subsection larger than a pageblock", (m) => pageblock(m) < m.geometry.subsectionPages],
  [100, "a section of one pageblock", (m) => pageblock(m) === section(m)],
  [200, "memmapOnMemory never", (m) => m.memmapOnMemory === "never"],
  [100, "memmapOnMemory yes", (m) => m.memmapOnMemory === "yes"],
  [100, "memmapOnMemory force", (m) => m.memmapOnMemory === "force"],
  [200, "arm64", (m) => m.arch === "arm64"],
  [500, "x86-64", (m) => m.arch === "x86-64"],
  [900, "room to add memory", (m) => m.hotplugEnd - Math.max(...memoryOf(m).map(rangeEnd)) >= block(m)],
];

describe("drawMachine", () => {
  const machines = Array.from({ length: 1000 }, (_, seed) => drawMachine(pseudoRandom(seed)));

  it("draws valid machines only, and small ones", () => {
    for (const machine of machines) {
      expect(checkDescription(machine)).toBeUndefined();
      expect(isMachine(machine)).toBe(true);
      expect(machine.hotplugEnd).toBeLessThanOrEqual(maxDrawnFrames);
      expect(memoryOf(machine)[0]?.start).toBeGreaterThan(0);
    }
  });

  it.each(awkward)("gives at least %d of 1000 machines %s", (least, _, shows) => {
    expect(machines.filter(shows).length).toBeGreaterThanOrEqual(least);
  });

  it("draws machines that boot and can be walked over", () => {
    for (const [seed, machine] of machines.slice(0, 60).entries()) {
      const { outcomes } = generateScenario(pseudoRandom(seed), createReference, machine, profileOf("strict"), { length: 25 });

      expect(outcomes.some(({ result }) => result === "ok")).toBe(true);
    }
  });
});

describe("machineArbitrary", () => {
  it("makes valid machines", () => {
    assert(property(machineArbitrary, (machine) => checkDescription(machine) === undefined), { numRuns: 300, seed: 1 });
  });

  it("shrinks to the simplest machine that still fails", () => {
    const result = check(property(machineArbitrary, ({ cma }) => cma.length === 0), { numRuns: 100, seed: 1 });
    const [machine] = result.counterexample ?? [];

    expect(machine?.cma).toHaveLength(1);
    expect(machine?.nodes).toHaveLength(1);
    expect(machine?.nodes[0]?.memory).toHaveLength(1);
    expect([machine?.reserved, machine?.bootMemmap, machine?.dmaEnd, machine?.movableNode, machine?.arch]).toEqual([[], null, 0, false, "x86-64"]);
  });

  it("shrinks a machine that it did not make", () => {
    const tiny = namedMachines.find(({ name }) => name === "tiny");
    if (tiny === undefined) throw new Error("no machine is called tiny");

    const result = check(property(machineArbitrary, (machine) => memoryOf(machine).length < 2), { numRuns: 1, examples: [[tiny]] });
    const [machine] = result.counterexample ?? [];

    expect(machine?.name).toBe("tiny");
    expect([machine?.nodes.length, machine?.cma, machine?.bootMemmap]).toEqual([1, [], null]);
    expect(machine === undefined ? [] : memoryOf(machine)).toHaveLength(2);
  });

  it("proposes valid and simpler machines only", () => {
    for (const machine of [...tinyMachines, ...Array.from({ length: 50 }, (_, seed) => drawMachine(pseudoRandom(seed)))]) {
      for (const simpler of simplerMachines(machine)) {
        expect(checkDescription(simpler)).toBeUndefined();
        expect(compareMachines(simpler, machine)).toBeLessThan(0);
        expect(compareMachines(machine, simpler)).toBeGreaterThan(0);
      }
    }
  });
});

describe("geometryArbitrary", () => {
  it("makes valid geometries", () => {
    assert(property(geometryArbitrary, (geometry) => brokenGeometryRule(geometry) === undefined && blockPages(geometry) <= 128), { numRuns: 300, seed: 1 });
  });

  it("shrinks to the smallest sizes that still fail", () => {
    const result = check(property(geometryArbitrary, ({ maxPageOrder, pageblockOrder }) => maxPageOrder < pageblockOrder + 2), { numRuns: 100, seed: 1 });

    expect(result.counterexample?.[0]).toMatchObject({ blockSections: 1, pageblockOrder: 2, maxPageOrder: 4, sectionPages: 16, pageBytes: 128 });
    expect([...simplerGeometries({ pageBytes: 128, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 2, subsectionPages: 1, sectionPages: 4, blockSections: 1, pmdPages: 1 })]).toEqual([]);
  });
});
