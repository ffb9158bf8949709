/** The same scenario on a smaller machine: smaller units, blocks taken out, and every frame moved along. */
import { blockPages, brokenGeometryRule, checkDescription, pfnRange, rangeEnd, toBlockId, toPfn } from "../../../models/index.ts";
import type { MachineDescription, PfnRange } from "../../../models/index.ts";
import { mapCommands } from "../command-fields.ts";
import type { Scenario } from "../scenario.ts";
import { simplerThan } from "../simplicity.ts";
import { simplerMachines } from "../simpler-machines.ts";

/** Simpler machines with the commands of the scenario; what is not simpler is not proposed. */
export function* onSmallerMachines(scenario: Scenario): Generator<Scenario, void, undefined> {
  for (const candidate of candidates(scenario)) {
    if (candidate !== undefined && simplerThan(candidate, scenario) && brokenGeometryRule(candidate.machine.geometry) === undefined && checkDescription(candidate.machine) === undefined) yield candidate;
  }
  for (const machine of simplerMachines(scenario.machine)) yield { ...scenario, machine };
}

function* candidates(scenario: Scenario): Generator<Scenario | undefined, void, undefined> {
  yield halved(scenario);
  yield withHalfBlocks(scenario);
  const { machine } = scenario;
  const block = blockPages(machine.geometry);
  for (let id = Math.ceil(machine.hotplugEnd / block) - 1; id > 0; id--) yield withoutBlock(scenario, id * block, block);
}

/** How the numbers of a scenario change. */
interface Change {
  readonly frame: (pfn: number) => number;
  /** A number of frames. */
  readonly pages: (nrPages: number) => number;
  readonly block: (id: number) => number;
  readonly order: (order: number) => number;
}

function changed(scenario: Scenario, machine: MachineDescription, { frame, pages, block, order }: Change): Scenario | undefined {
  const ends = (range: PfnRange): readonly PfnRange[] => {
    const start = frame(range.start);
    const end = frame(rangeEnd(range));
    return end > start ? [pfnRange(toPfn(start), end - start)] : [];
  };
  const commands = mapCommands(scenario.commands, (kind, value, name) => {
    if (typeof value !== "number") return value;
    if (kind.is === "pfn") return frame(value);
    if (kind.is === "pages") return pages(value);
    if (kind.is === "block") return block(value);
    return kind.is === "number" && (name === "order" || name === "align") ? order(value) : value;
  });
  if (commands === undefined) return undefined;
  return {
    ...scenario,
    commands,
    machine: {
      ...machine,
      nodes: machine.nodes.map((node) => ({ ...node, memory: node.memory.flatMap(ends), movableStart: node.movableStart === null ? null : toPfn(frame(node.movableStart)) })),
      reserved: machine.reserved.flatMap(ends),
      cma: machine.cma.flatMap((area) => ends(pfnRange(area.base, area.nrPages)).map(({ start, nrPages }) => ({ ...area, base: start, nrPages }))),
      bootMemmap: machine.bootMemmap === null ? null : toPfn(frame(machine.bootMemmap)),
      dmaEnd: toPfn(frame(machine.dmaEnd)),
      dma32End: toPfn(frame(machine.dma32End)),
      hotplugEnd: toPfn(frame(machine.hotplugEnd)),
    },
  };
}

const half = (number: number): number => Math.floor(number / 2);
const same = (number: number): number => number;

/** Every unit of half the frames. */
function halved(scenario: Scenario): Scenario | undefined {
  const { machine } = scenario;
  const { geometry } = machine;
  if (geometry.pageblockOrder === 0 || geometry.subsectionPages % 2 === 1) return undefined;
  const smaller = { ...geometry, pageblockOrder: geometry.pageblockOrder - 1, maxPageOrder: geometry.maxPageOrder - 1, subsectionPages: half(geometry.subsectionPages), sectionPages: half(geometry.sectionPages), pmdPages: half(geometry.pmdPages) };
  return changed(scenario, { ...machine, geometry: smaller }, { frame: half, pages: (nrPages) => Math.ceil(nrPages / 2), block: (id) => id, order: (order) => Math.max(0, order - 1) });
}

/** Memory blocks of half the sections; a block becomes the first half of what it was. */
function withHalfBlocks(scenario: Scenario): Scenario | undefined {
  const { machine } = scenario;
  const { blockSections } = machine.geometry;
  if (blockSections % 2 === 1) return undefined;
  return changed(scenario, { ...machine, geometry: { ...machine.geometry, blockSections: blockSections / 2 } }, { frame: same, pages: same, block: (id) => 2 * id, order: same });
}

/** Without the frames of a block; what is above moves down. */
function withoutBlock(scenario: Scenario, start: number, block: number): Scenario | undefined {
  const frame = (pfn: number): number => (pfn <= start ? pfn : Math.max(start, pfn - block));
  return changed(scenario, scenario.machine, { frame, pages: same, block: (id) => Number(toBlockId(id > start / block ? id - 1 : id)), order: same });
}
