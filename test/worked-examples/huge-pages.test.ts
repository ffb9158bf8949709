/** Pools of huge pages: Linux mm/hugetlb.c, v6.12. Two sizes, of 2 and of 4 frames; a pageblock is 4 frames, a block 16. */
import { describe, expect, it } from "vitest";
import { linux612, pfnRange, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, HugePoolView, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, contig, free, poison, prepare, softOffline, unpoison } from "./commands.ts";
import { run } from "./notation.ts";

const memory = (start: number, nrPages: number): MachineDescription["nodes"][number] => ({ memory: [pfnRange(toPfn(start), nrPages)], movableStart: null, cpus: true });

// Node 0 has blocks 2 and 3, node 1 block 4.
const machine: MachineDescription = {
  name: "worked",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 3, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
  arch: "x86-64",
  dmaEnd: toPfn(0),
  dma32End: toPfn(0),
  nodes: [memory(32, 32), memory(64, 16)],
  reserved: [],
  bootMemmap: null,
  cma: [],
  memmapOnMemory: "never",
  movableNode: false,
  autoOnline: "offline",
  onlinePolicy: "contig-zones",
  autoMovableRatio: 301,
  autoMovableNumaAware: true,
  hugePages: [{ order: 1, migratable: true }, { order: 2, migratable: false }],
  hotplugEnd: toPfn(96),
};

const grow = (id: number, order = 1, node = 0): Command => ({ op: "huge-grow", id, order, node });
const reserve = (count: number, order = 1): Command => ({ op: "huge-reserve", order, count });
const use = (id: number, reserved = false): Command => ({ op: "huge-use", id, reserved });
const shrink = (id: number): Command => ({ op: "huge-shrink", id });
const hold = (id: number): Command => ({ op: "hold", id });
const offline = (block: number): Command => ({ op: "write-state", block: toBlockId(block), value: "offline" });

function pool(subject: Subject, order = 1): HugePoolView | undefined {
  return subject.view().hugePools?.find((one) => one.order === order);
}

/** `pages free promised`. */
function counts(subject: Subject, order = 1): string {
  const { total = -1, free: nrFree = -1, reserved = -1 } = pool(subject, order) ?? {};
  return `${total} ${nrFree} ${reserved}`;
}

function firstFrame(subject: Subject, id: number): number | undefined {
  return subject.view().allocations?.find((one) => one.id === id)?.ranges[0]?.start;
}

describe.each(subjects)("pools of huge pages: $name", ({ create }) => {
  it("grow on the node asked for and on no other", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), grow(2, 1, 1));

    expect(pool(subject)?.nodes).toEqual([{ total: 1, free: 1 }, { total: 1, free: 1 }]);
    expect(firstFrame(subject, 2)).toBe(64);
    prepare(subject, grow(3, 2, 1), grow(4, 2, 1), grow(5, 2, 1));
    expect(run(subject, grow(6, 2, 1))).toBe("ENOMEM");
  });

  it("lose a page that a process uses to a memory error, and no free one with it", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), grow(2), use(1));

    expect(run(subject, poison(firstFrame(subject, 1) ?? -1))).toBe("ok");
    expect(counts(subject)).toBe("1 1 0");
  });

  it("give pages to processes and take them back, promised or not", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), grow(2), reserve(1));

    prepare(subject, use(1));
    expect(counts(subject)).toBe("2 1 1");
    expect(run(subject, use(2))).toBe("ENOMEM");
    prepare(subject, use(2, true));
    expect(counts(subject)).toBe("2 0 0");
    prepare(subject, free(1));
    expect(counts(subject)).toBe("2 1 0");
    expect(run(subject, use(2))).toBe("skipped");
  });

  it("promise no more than is free, and shrink no further than that", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), grow(2), use(1));

    expect(run(subject, reserve(2))).toBe("ENOMEM");
    prepare(subject, reserve(1));
    expect(run(subject, shrink(2))).toBe("EBUSY");
    prepare(subject, reserve(0), shrink(2));
    expect(counts(subject)).toBe("1 0 0");
  });

  it("have a page back only when the last one lets go of it", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), use(1), hold(1), free(1));

    expect(counts(subject)).toBe("1 0 0");
    prepare(subject, { op: "release", id: 1 });
    expect(counts(subject)).toBe("1 1 0");
    expect(run(subject, free(1))).toBe("skipped");
  });

  it("lose the free pages of a block that goes offline, small ones between larger steps too", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), grow(2), grow(3, 1, 1));
    expect(firstFrame(subject, 2)).toBe(34);

    expect(run(subject, offline(2))).toBe("ok");
    expect(pool(subject)?.nodes).toEqual([{ total: 0, free: 0 }, { total: 1, free: 1 }]);
  });

  it("keep their block online where the pages are promised, whichever node could serve", () => {
    for (const profile of [strict, linux612]) {
      const subject = create(machine, profile);
      prepare(subject, grow(1), grow(2, 1, 1), reserve(2));

      expect(run(subject, offline(2))).toBe("EBUSY");
      prepare(subject, reserve(1));
      expect(run(subject, offline(2))).toBe("ok");
      expect(counts(subject)).toBe("1 1 1");
    }
  });

  it("lose what was dissolved before an offline met a page that has to stay", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), grow(2), grow(3), reserve(2));

    expect(run(subject, offline(2))).toBe("EBUSY");
    expect(counts(subject)).toBe("2 2 2");
    expect(subject.view().blocks?.[0]?.state).toBe("online");
  });

  it("dissolve nothing as long as the scan finds a page in use that can not leave", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), grow(2), use(2), hold(2));

    expect(run(subject, offline(2))).toBe("EBUSY");
    expect(counts(subject)).toBe("2 1 0");
  });

  it("dissolve nothing as long as a folio stays that has one bad frame", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1, 1, 0), alloc(2, "folio", 1));
    expect(run(subject, poison(firstFrame(subject, 2) ?? 0))).toBe("EHWPOISON");
    expect(run(subject, offline(2))).toBe("EBUSY");
    expect(counts(subject)).toBe("1 1 0");
  });

  it("count a page in use on the node it has moved to", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1, 1, 1), use(1), offline(4));

    expect(pool(subject)?.nodes).toEqual([{ total: 1, free: 0 }, { total: 0, free: 0 }]);
  });

  it("have a size that can not be migrated, whose pages keep their block online though they are free", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1, 2));

    expect(run(subject, offline(2))).toBe("EBUSY");
    expect(counts(subject, 2)).toBe("1 1 0");
  });

  it("get a new page on the node for one in the way of a contiguous allocation", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), contig(9, 32, 36));

    expect(counts(subject)).toBe("1 1 0");
    expect(firstFrame(subject, 1)).toBe(36);
  });

  it("lose a free page to a memory error, and keep one that is promised, bad frame and all", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), grow(2), poison(33));
    expect(counts(subject)).toBe("1 1 0");

    prepare(subject, reserve(1));
    expect(run(subject, poison(34))).toBe("EBUSY");
    expect(run(subject, softOffline(35))).toBe("EBUSY");
    expect(subject.view().totals?.numPoisoned).toBe(2);
    expect(run(subject, use(2, true))).toBe("ENOMEM");
  });

  it("unpoison the frame that is named, whatever mark the first frame has", () => {
    const subject = create(machine, strict);
    prepare(subject, grow(1), reserve(1));
    run(subject, poison(32));

    expect(run(subject, unpoison(33))).toBe("EBUSY");
    expect(run(subject, unpoison(32))).toBe("ok");
    expect(subject.view().totals?.numPoisoned).toBe(0);
    expect(run(subject, use(1, true))).toBe("ok");
  });

  it("are not there on a machine without sizes of huge pages", () => {
    const { hugePages, ...without } = machine;
    const subject = create(without, strict);

    expect(hugePages?.length).toBe(2);
    expect(run(subject, grow(1))).toBe("skipped");
    expect(run(subject, reserve(0))).toBe("skipped");
    expect(subject.view().hugePools).toEqual([]);
  });
});
