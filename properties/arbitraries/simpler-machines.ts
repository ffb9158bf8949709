/** Which of two machines is simpler, and what is simpler than one. */
import { alignDown, alignUp, blockPages, brokenGeometryRule, checkDescription, crossesZoneBorder, pageblockPages, pfnRange, rangeEnd, toPfn } from "../../models/index.ts";
import type { Geometry, MachineDescription, NodeDescription, PfnRange } from "../../models/index.ts";

/** Simpler geometries, simplest first: every size a step smaller, where the rules allow it. */
export function* simplerGeometries(geometry: Geometry): Generator<Geometry, void, undefined> {
  const candidates: readonly Partial<Geometry>[] = [
    { blockSections: 1 },
    { blockSections: geometry.blockSections / 2 },
    { sectionPages: geometry.sectionPages / 2 },
    { maxPageOrder: geometry.pageblockOrder },
    { maxPageOrder: geometry.maxPageOrder - 1 },
    { pageblockOrder: geometry.pageblockOrder - 1 },
    { subsectionPages: geometry.subsectionPages / 2 },
    { pageBytes: geometry.pageBytes / 2 },
    { pmdPages: geometry.pmdPages / 2 },
  ];
  for (const candidate of candidates) {
    const simpler = { ...geometry, ...candidate };
    if (compareGeometries(simpler, geometry) < 0 && brokenGeometryRule(simpler) === undefined) yield simpler;
  }
}

/** Which of two geometries is simpler: the smaller sizes, the largest units first. */
export function compareGeometries(a: Geometry, b: Geometry): number {
  return compareNumbers(geometryKey(a), geometryKey(b));
}

function geometryKey(geometry: Geometry): readonly number[] {
  const { blockSections, sectionPages, maxPageOrder, pageblockOrder, subsectionPages, pageBytes, pmdPages, structPageBytes } = geometry;
  return [blockSections, sectionPages, maxPageOrder, pageblockOrder, subsectionPages, pageBytes, pmdPages, structPageBytes];
}

/** Simpler machines: without one of the things that make it awkward. Sizes stay, so that frame numbers keep their meaning. */
export function* simplerMachines(machine: MachineDescription): Generator<MachineDescription, void, undefined> {
  for (const candidate of machineCandidates(machine)) {
    if (compareMachines(candidate, machine) < 0 && checkDescription(candidate) === undefined && nrCrossing(candidate) <= nrCrossing(machine)) yield candidate;
  }
}

/** CMA areas across a border, which would be something new where there was none. */
function nrCrossing(machine: MachineDescription): number {
  return machine.cma.filter((area) => crossesZoneBorder(machine, area)).length;
}

function* machineCandidates(machine: MachineDescription): Generator<MachineDescription, void, undefined> {
  const { zeroPage, ...without } = machine;
  if (zeroPage !== undefined) yield without;
  yield { ...machine, cma: [] };
  yield { ...machine, reserved: [], bootMemmap: null };
  yield { ...machine, dmaEnd: toPfn(0), dma32End: toPfn(0) };
  for (let node = machine.nodes.length - 1; node >= 0; node--) yield { ...machine, nodes: machine.nodes.filter((_, at) => at !== node) };
  for (const [at] of machine.cma.entries()) yield { ...machine, cma: machine.cma.filter((_, other) => other !== at) };
  for (const [at] of machine.reserved.entries()) yield { ...machine, reserved: machine.reserved.filter((_, other) => other !== at) };
  for (const [at] of (machine.hugePages ?? []).entries()) if (machine.hugePages !== undefined && machine.hugePages.length > 1) yield { ...machine, hugePages: machine.hugePages.filter((_, other) => other !== at) };
  if (machine.hugePages !== undefined) yield withoutHugePages(machine);
  yield { ...machine, bootMemmap: null };
  yield { ...machine, dma32End: machine.dmaEnd };
  yield leaveOut(machine, "balloon");
  yield leaveOut(machine, "nodeStats");
  yield leaveOut(machine, "lruBatches");
  yield leaveOut(machine, "highAtomic");
  yield leaveOut(machine, "compoundDevices");
  yield { ...machine, memmapOnMemory: "never" };
  yield { ...machine, movableNode: false };
  yield { ...machine, autoOnline: "offline" };
  yield { ...machine, onlinePolicy: "contig-zones" };
  yield { ...machine, autoMovableRatio: 301 };
  yield { ...machine, autoMovableNumaAware: true };
  yield { ...machine, arch: "x86-64" };
  if (machine.compaction === true) {
    const { compaction: _without, ...rest } = machine;
    yield rest;
  }
  if (machine.guardMinOrder !== undefined) {
    const { guardMinOrder, ...unguarded } = machine;
    yield unguarded;
    yield { ...machine, guardMinOrder: guardMinOrder - 1 };
  }
  for (const [at] of (machine.windows ?? []).entries()) yield withWindows(machine, (machine.windows ?? []).filter((_, other) => other !== at));
  yield* fewerDaxDevices(machine);
  if (machine.virtioMem !== undefined) {
    yield leaveOut(machine, "virtioMem");
    yield { ...machine, virtioMem: { ...machine.virtioMem, node: 0 } };
  }
  for (const [at, node] of machine.nodes.entries()) {
    const put = (changed: NodeDescription): MachineDescription => ({ ...machine, nodes: machine.nodes.map((other, place) => (place === at ? changed : other)) });
    yield put({ ...node, movableStart: null });
    yield put({ ...node, cpus: true });
    for (const [nth, range] of node.memory.entries()) {
      yield put({ ...node, memory: node.memory.filter((_, other) => other !== nth) });
      const end = rangeEnd(range);
      for (const unit of [blockPages(machine.geometry), machine.geometry.sectionPages, pageblockPages(machine.geometry)]) {
        const start = alignUp(range.start, unit);
        const short = alignDown(end, unit);
        if (start > range.start && start < end) yield put({ ...node, memory: node.memory.map((other, place) => (place === nth ? pfnRange(start, end - start) : other)) });
        if (short < end && short > range.start) yield put({ ...node, memory: node.memory.map((other, place) => (place === nth ? pfnRange(range.start, short - range.start) : other)) });
      }
    }
  }
}

function leaveOut(machine: MachineDescription, part: "balloon" | "nodeStats" | "lruBatches" | "virtioMem" | "highAtomic" | "compoundDevices"): MachineDescription {
  const plain: { -readonly [Field in keyof MachineDescription]: MachineDescription[Field] } = { ...machine };
  delete plain[part];
  return plain;
}

/** A machine that has no windows does not speak of them. */
function withWindows(machine: MachineDescription, windows: readonly PfnRange[]): MachineDescription {
  const { windows: _, ...others } = machine;
  return windows.length === 0 ? others : { ...others, windows };
}

/** Without dax devices, without the last one, without one range of one. */
function* fewerDaxDevices(machine: MachineDescription): Generator<MachineDescription, void, undefined> {
  const { daxDevices, ...without } = machine;
  if (daxDevices === undefined) return;
  yield without;
  if (daxDevices.length > 1) yield { ...machine, daxDevices: daxDevices.slice(0, -1) };
  for (const [at, device] of daxDevices.entries()) {
    const put = (ranges: readonly PfnRange[]): MachineDescription => ({ ...machine, daxDevices: daxDevices.map((other, place) => (place === at ? { ...device, ranges } : other)) });
    for (const [nth] of device.ranges.entries()) if (device.ranges.length > 1) yield put(device.ranges.filter((_, other) => other !== nth));
  }
}

function withoutHugePages(machine: MachineDescription): MachineDescription {
  const { hugePages, ...rest } = machine;
  return hugePages === undefined ? machine : rest;
}

/** Which of two machines is simpler: fewer nodes, ranges, areas and frames, fewer settings that are not the usual ones. */
export function compareMachines(a: MachineDescription, b: MachineDescription): number {
  return compareGeometries(a.geometry, b.geometry) || compareNumbers(machineKey(a), machineKey(b)) || compareText(JSON.stringify(a), JSON.stringify(b));
}

function machineKey(machine: MachineDescription): readonly number[] {
  const ranges = machine.nodes.flatMap(({ memory }) => memory);
  const odd = [
    machine.dmaEnd > 0,
    machine.dma32End > machine.dmaEnd,
    machine.bootMemmap !== null,
    machine.zeroPage !== undefined,
    machine.memmapOnMemory !== "never",
    machine.movableNode,
    machine.autoOnline !== "offline",
    machine.onlinePolicy !== "contig-zones",
    machine.autoMovableRatio !== 301,
    !machine.autoMovableNumaAware,
    machine.arch !== "x86-64",
    machine.balloon === true,
    machine.nodeStats === true,
    machine.compoundDevices === true,
    machine.lruBatches === true,
    machine.highAtomic === true,
    machine.guardMinOrder !== undefined,
    machine.compaction === true,
    ...machine.nodes.flatMap(({ movableStart, cpus }) => [movableStart !== null, !cpus]),
  ].filter(Boolean).length;
  return [machine.hugePages?.length ?? 0, (machine.daxDevices ?? []).reduce((sum, { ranges: own }) => sum + 1 + own.length, 0), machine.virtioMem === undefined ? 0 : 1, machine.nodes.length, machine.cma.length, machine.reserved.length, machine.windows?.length ?? 0, ranges.length, odd, ranges.reduce((sum, { nrPages }) => sum + nrPages, 0), machine.hotplugEnd];
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (const [index, number] of a.entries()) {
    const difference = number - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
