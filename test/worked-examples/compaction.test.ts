/** Compaction of a zone: what moves, where to, and what stays. */
import { describe, expect, it } from "vitest";
import { linux612, toPfn } from "../../models/index.ts";
import type { Alloc, Command, MachineDescription, Outcome, PageKind } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, alloc, free, grant, isolate, occupy, frames, pin, place, prepare, writeState } from "./commands.ts";
import { cmaArea, cutTo, machineA, machineB, node, toy } from "./machines.ts";
import { allocator, framesOf, run, told, useOf } from "./notation.ts";

const small: MachineDescription = { ...cutTo(machineA, 0, 16), compaction: true };

/** Node 1 has frames 12 to 19, between those of node 0; pageblocks of 8 frames. */
const interleaved: MachineDescription = { ...machineB, name: "interleaved", nodes: [node([4, 12], [20, 28]), node([12, 20])], compaction: true };

const compact = (of = 0): Command => ({ op: "compact", node: of, zone: "Normal" });

function moved(id: number, from: number, to: number, order = 0): Outcome {
  return { result: "ok", moved: [{ id, from: toPfn(from), to: grant(to, order) }] };
}

/** An allocation for a node. */
function on(of: number, id: number, kind: PageKind = "user", order = 0): Alloc {
  return { ...alloc(id, kind, order), node: of };
}

describe.each(subjects)("compaction: $name", ({ create }) => {
  // Pages at 0 and 13: the one at 0 goes to the free frames beside the other.
  it("moves a page up to the last pageblock that is in use in part", () => {
    const subject = create(small, linux612);
    place(subject, alloc(1, "user"), 0);
    place(subject, alloc(2, "user"), 13);

    expect(subject.apply(compact())).toEqual(moved(1, 0, 12));
    expect(allocator(subject)).toBe("o3/M:[0] o2/M:[8] o1/M:[14] pb=MMMM nf 14 iso 0");
  });

  it("leaves pageblocks alone that are wholly free", () => {
    const subject = create(small, linux612);
    place(subject, alloc(1, "user"), 0);

    expect(subject.apply(compact())).toEqual({ result: "ok" });
    expect(told(subject, compact(), moved(1, 0, 12))).toContain("move-allowed");
  });

  it("moves no page that is pinned, unmovable or hugetlb", () => {
    const subject = create(small, linux612);
    place(subject, alloc(1, "user"), 0);
    prepare(subject, pin(1, false));
    place(subject, alloc(2, "hugetlb", 1), 4);
    place(subject, alloc(3, "user"), 13);

    expect(subject.apply(compact())).toEqual({ result: "ok" });
    expect(told(create(small, linux612), compact(), moved(1, 0, 12))).toContain("move-allowed");
  });

  it("may move less than it could, or nothing", () => {
    const subject = create(small, linux612);
    place(subject, alloc(1, "user"), 0);
    place(subject, alloc(2, "user"), 13);

    expect(told(subject, compact(), { result: "ok" })).toBe("admitted");
    expect(told(subject, compact(), moved(1, 0, 15))).toBe("admitted");
    expect(framesOf(subject, 1)).toBe("15");
  });

  it("does not move pages down, or twice", () => {
    const subject = create(small, linux612);
    place(subject, alloc(1, "user"), 5);
    place(subject, alloc(2, "user"), 0);

    expect(told(subject, compact(), moved(1, 5, 1))).toContain("move-allowed");

    const again = create(small, linux612);
    for (const [id, pfn] of [[1, 0], [2, 5], [3, 9]] as const) place(again, alloc(id, "user"), pfn);

    expect(told(again, compact(), { result: "ok", moved: [{ id: 1, from: toPfn(0), to: grant(4) }, { id: 1, from: toPfn(4), to: grant(8) }] })).toContain("move-allowed");
  });

  it("moves nothing into pageblocks that are unmovable or isolated, but out of isolated ones", () => {
    const subject = create(small, linux612);
    for (const [id, pfn] of [[1, 0], [2, 5], [3, 9], [4, 13]] as const) place(subject, alloc(id, "user"), pfn);
    prepare(subject, isolate(1, 0, 4), isolate(2, 12, 16));

    expect(told(subject, compact(), moved(1, 0, 12))).toContain("grant-not-isolated");

    const other = create(small, linux612);
    for (const [id, pfn] of [[1, 0], [2, 5], [3, 9], [4, 13]] as const) place(other, alloc(id, "user"), pfn);
    prepare(other, isolate(1, 0, 4), isolate(2, 12, 16));

    expect(other.apply(compact())).toMatchObject({ moved: [{ id: 1, from: 0, to: { pfn: 8 } }, { id: 2, from: 5, to: { pfn: 10 } }] });
  });

  it("takes frames and pages of its own zone only, also where two zones meet in a pageblock", () => {
    const subject = create(interleaved, linux612);
    place(subject, on(1, 1), 12);

    expect(told(subject, compact(0), moved(1, 12, 24))).toContain("move-allowed");

    const target = create(interleaved, linux612);
    place(target, on(1, 1), 12);

    expect(told(target, compact(1), moved(1, 12, 20))).toContain("grant-zone");

    const own = create(interleaved, linux612);
    place(own, on(1, 1), 12);

    expect(own.apply(compact(1))).toEqual(moved(1, 12, 16));
  });

  it("moves pages into the pageblocks of a CMA area", () => {
    const subject = create({ ...small, cma: [cmaArea(12, 4, 0)] }, linux612);
    place(subject, alloc(1, "user"), 0);
    place(subject, alloc(2, "user"), 13);

    expect(subject.apply(compact())).toEqual(moved(1, 0, 12));
  });

  // Blocks 2 and 5 are online, what lies between them is not there.
  it("passes over what is not there on its way down", () => {
    const subject = create({ ...toy, nodes: [node([32, 96])], compaction: true }, linux612);
    prepare(subject, add(160, 192), writeState(5, "online_kernel"));
    place(subject, alloc(1, "user"), 64 + 8);
    place(subject, alloc(2, "user"), 64 + 29);

    expect(subject.apply(compact())).toEqual(moved(1, 72, 92));
  });

  it("keeps a large page whole, and leaves one that is as large as a pageblock", () => {
    const subject = create(small, linux612);
    place(subject, alloc(1, "folio", 1), 0);
    place(subject, alloc(2, "folio", 2), 4);
    place(subject, alloc(3, "user"), 13);

    expect(subject.apply(compact())).toEqual(moved(1, 0, 14, 1));
    expect(framesOf(subject, 2)).toBe("4-7");
  });

  it("makes no guard pages of the free frames that it splits", () => {
    const subject = create({ ...small, guardMinOrder: 2 }, linux612);
    place(subject, alloc(1, "user"), 0);
    occupy(subject, "folio", [], []);
    place(subject, alloc(2, "folio", 2), 12);
    place(subject, alloc(3, "folio", 2), 8);
    prepare(subject, free(2), free(3));
    place(subject, alloc(4, "user"), 13);

    expect(frames(12, 16).map((pfn) => useOf(subject, pfn))).toEqual(["guard", "allocated", "guard", "guard"]);
    expect(subject.apply(compact())).toEqual({ result: "ok" });
  });

  it("does nothing in a zone without memory, and is skipped where there is none", () => {
    expect(run(create(small, linux612), { op: "compact", node: 0, zone: "Movable" })).toBe("ok");
    expect(run(create(small, linux612), { op: "compact", node: 3, zone: "Normal" })).toBe("skipped");
    expect(run(create(machineA, linux612), compact())).toBe("skipped");
  });
});
