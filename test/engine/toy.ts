/** Small machines for worked numbers, and a short way to say what their free lists hold. */
import { linux612, pfnRange, strict, toPfn } from "../../models/index.ts";
import type { Command, Geometry, MachineDescription, Outcome, PageKind, Profile, View } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { EngineSubject } from "../../src/engine/engine.ts";

/** Where the frame 0 of the examples lies. */
export const base = 0x100;

const common: Omit<MachineDescription, "name" | "geometry" | "nodes" | "hotplugEnd"> = {
  arch: "x86-64", dmaEnd: toPfn(0), dma32End: toPfn(0), reserved: [], bootMemmap: null, cma: [], memmapOnMemory: "yes", movableNode: false, autoOnline: "offline", onlinePolicy: "contig-zones", autoMovableRatio: 301, autoMovableNumaAware: true,
};

export function geometryOf(pageblockOrder: number, maxPageOrder: number): Geometry {
  return { pageBytes: 256, structPageBytes: 64, pageblockOrder, maxPageOrder, subsectionPages: 4, sectionPages: 32, blockSections: 1, pmdPages: 4 };
}

export interface ToyOptions {
  readonly pageblockOrder?: number;
  readonly maxPageOrder?: number;
  readonly nrPages?: number;
  /** Frame at which zone Movable begins. */
  readonly movable?: number;
  /** A CMA area: first frame, frames, order per bit. */
  readonly cma?: readonly [start: number, nrPages: number, orderPerBit: number];
}

/** A machine with one node and the frames [0, nrPages) of the examples. */
export function toyMachine({ pageblockOrder = 2, maxPageOrder = 4, nrPages = 32, movable, cma }: ToyOptions = {}): MachineDescription {
  return {
    ...common,
    name: "toy",
    geometry: geometryOf(pageblockOrder, maxPageOrder),
    nodes: [{ memory: [pfnRange(toPfn(base), nrPages)], movableStart: movable === undefined ? null : toPfn(base + movable), cpus: true }],
    cma: cma === undefined ? [] : [{ base: toPfn(base + cma[0]), nrPages: cma[1], orderPerBit: cma[2] }],
    hotplugEnd: toPfn(base + 0x100),
  };
}

/** An engine on a toy machine; frames are those of the examples. */
export class Toy {
  readonly engine: EngineSubject;

  constructor(machine: MachineDescription, profile: Profile) {
    this.engine = createEngine(machine, profile);
  }

  do(command: Command): Outcome {
    return this.engine.apply(command);
  }

  alloc(id: number, kind: PageKind, order = 0): Outcome {
    return this.do({ op: "alloc", id, kind, order, node: 0, thisNode: false, zone: "normal" });
  }

  free(id: number, pcp = false): Outcome {
    return this.do({ op: "free", id, pcp });
  }

  /** Puts a block at exactly these frames, as someone else might have chosen them, without claiming anything. */
  place(id: number, kind: PageKind, frame: number, order = 0): void {
    const verdict = this.engine.follow({ op: "alloc", id, kind, order, node: 0, thisNode: false, zone: "normal" }, { result: "ok", grant: { pfn: toPfn(base + frame), order } });
    if (verdict.verdict !== "admitted") throw new Error(JSON.stringify(verdict));
  }

  /** Single pages of a kind on all frames of [start, end) but some; the label of each is its frame. */
  fill(kind: PageKind, start: number, end: number, but: readonly number[] = []): void {
    for (let frame = start; frame < end; frame++) if (!but.includes(frame)) this.place(frame, kind, frame);
  }

  isolate(id: number, start: number, end: number, mode: "offline" | "contig" | "cma" = "contig"): Outcome {
    return this.do({ op: "isolate", id, start: toPfn(base + start), nrPages: end - start, mode });
  }

  unisolate(id: number, start: number, end: number): Outcome {
    return this.do({ op: "unisolate", id, start: toPfn(base + start), nrPages: end - start });
  }

  test(start: number, end: number, mode: "offline" | "contig" = "contig"): Outcome {
    return this.do({ op: "test-isolated", start: toPfn(base + start), nrPages: end - start, mode });
  }

  contig(id: number, start: number, end: number, compound = false): Outcome {
    return this.do({ op: "alloc-contig", id, start: toPfn(base + start), nrPages: end - start, compound, gfp: "kernel" });
  }

  freeContig(start: number, nrPages: number): Outcome {
    return this.do({ op: "free-contig", start: toPfn(base + start), nrPages, pcp: false });
  }

  view(): View {
    return this.engine.view();
  }

  /** The free lists, largest order first: `o4/M:16 o2/M:0,4`. */
  lists(): string {
    const lists = new Map<string, number[]>();
    for (const { pfn, order, type } of this.view().freeBlocks ?? []) {
      const name = `o${order}/${type.charAt(0)}`;
      lists.set(name, [...(lists.get(name) ?? []), pfn - base]);
    }
    const typesInOrder = "MURCI";
    return [...lists]
      .toSorted(([a], [b]) => Number.parseInt(b.slice(1), 10) - Number.parseInt(a.slice(1), 10) || typesInOrder.indexOf(a.at(-1) ?? "") - typesInOrder.indexOf(b.at(-1) ?? ""))
      .map(([name, frames]) => `${name}:${frames.join(",")}`)
      .join(" ");
  }

  /** One letter a pageblock. */
  types(): string {
    return (this.view().pageblocks ?? []).map(({ type }) => type.charAt(0)).join("");
  }

  /** NR_FREE_PAGES and nr_isolate_pageblock of all zones together. */
  counts(): { readonly nf: number; readonly iso: number } {
    const zones = this.view().zones ?? [];
    return { nf: zones.reduce((sum, { nrFree }) => sum + (nrFree ?? 0), 0), iso: zones.reduce((sum, { nrIsolatePageblock }) => sum + (nrIsolatePageblock ?? 0), 0) };
  }

  /** First frame of the allocation. */
  at(id: number): number {
    const start = this.view().allocations?.find((allocation) => allocation.id === id)?.ranges[0]?.start;
    return start === undefined ? -1 : start - base;
  }
}

/** Geometry A of the examples: pageblocks of 4, blocks up to 16; B: pageblocks of 8; C: pageblocks of 16. */
export const geometryA: ToyOptions = {};
export const geometryB: ToyOptions = { pageblockOrder: 3 };
export const geometryC: ToyOptions = { pageblockOrder: 4 };

/** A toy as Linux 6.12 is. */
export function kernel(options: ToyOptions): Toy {
  return new Toy(toyMachine(options), linux612);
}

/** A toy as it should be. */
export function contract(options: ToyOptions): Toy {
  return new Toy(toyMachine(options), strict);
}

/** The errno, or else the result. */
export function resultOf({ result, errno }: Outcome): string {
  return errno ?? result;
}
