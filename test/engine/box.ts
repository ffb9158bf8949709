/** A machine for worked numbers of hotplug, and short ways to command it. */
import { pfnRange, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { Add, Command, MachineDescription, Outcome, Profile, StateWord, View, ZoneType, ZoneView } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { EngineSubject } from "../../src/engine/engine.ts";

// Subsections of 4 frames, sections of 16, blocks of 32, pageblocks of 4, largest blocks of 8; a memmap frame describes 4.
// Boot memory [32, 128) is blocks 1 to 3; [32, 64) is reserved, the boot memmap its first 24 frames.
export const worked: MachineDescription = {
  name: "worked",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 2, pmdPages: 4 },
  arch: "x86-64",
  dmaEnd: toPfn(0),
  dma32End: toPfn(0),
  nodes: [{ memory: [pfnRange(toPfn(32), 96)], movableStart: null, cpus: true }],
  reserved: [pfnRange(toPfn(32), 32)],
  bootMemmap: toPfn(32),
  cma: [],
  memmapOnMemory: "yes",
  movableNode: false,
  autoOnline: "offline",
  onlinePolicy: "contig-zones",
  autoMovableRatio: 301,
  autoMovableNumaAware: true,
  hotplugEnd: toPfn(512),
};

export class Box {
  readonly engine: EngineSubject;

  constructor(machine: MachineDescription = worked, profile: Profile = strict) {
    this.engine = createEngine(machine, profile);
  }

  do(command: Command): Outcome {
    return this.engine.apply(command);
  }

  add(start: number, end: number, fields: Partial<Add> = {}): Outcome {
    return this.do({ op: "add", start: toPfn(start), nrPages: end - start, node: 0, memmapOnMemory: false, group: null, ...fields });
  }

  remove(start: number, end: number): Outcome {
    return this.do({ op: "remove", start: toPfn(start), nrPages: end - start });
  }

  write(block: number, value: StateWord): string {
    const { result, errno } = this.do({ op: "write-state", block: toBlockId(block), value });
    return errno ?? result;
  }

  view(): View {
    return this.engine.view();
  }

  zone(type: ZoneType, node = 0): ZoneView {
    const found = this.view().zones?.find((zone) => zone.node === node && zone.type === type);
    if (found === undefined) throw new Error(`no zone ${type}`);
    return found;
  }

  /** start, spanned, present, managed. */
  numbers(type: ZoneType, node = 0): readonly number[] {
    const { start, spanned, present, managed } = this.zone(type, node);
    return [start, spanned, present, managed];
  }

  validZones(block: number): string {
    return this.view().blocks?.find((entry) => entry.block === block)?.validZones?.join(" ") ?? "";
  }

  section(nr: number): string {
    const found = this.view().sections?.find(({ section }) => section === nr);
    return found === undefined ? "" : `${found.present ? "present" : "gone"} ${found.online ? "online" : "offline"} ${found.usage} ${found.subsectionMap} ${found.backing}`;
  }
}

/** The notifier calls of an outcome, each with its range. */
export function eventsOf({ events }: Outcome): string {
  return (events ?? []).map(({ event, start, nrPages }) => `${event}[${start},${start + nrPages})`).join(" ");
}
