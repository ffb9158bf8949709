import { describe, expect, it } from "vitest";
import { strict, toPfn } from "../../models/index.ts";
import type { Command, Outcome } from "../../models/index.ts";
import { Toy, base, toyMachine } from "./toy.ts";

const user = (id: number, order = 0): Command => ({ op: "alloc", id, kind: order === 0 ? "user" : "folio", order, node: 0, thisNode: false, zone: "normal" });
const gave = (frame: number, order = 0, retyped?: readonly number[]): Outcome => ({ result: "ok", grant: { pfn: toPfn(base + frame), order, ...(retyped === undefined ? {} : { retyped: retyped.map((pageblock) => toPfn(base + pageblock)) }) } });
const clauseOf = (toy: Toy, command: Command, outcome: Outcome): string => {
  const verdict = toy.engine.follow(command, outcome);
  return verdict.verdict === "breach" ? verdict.clause : verdict.verdict;
};
const fresh = (): Toy => new Toy(toyMachine({ movable: 16, cma: [8, 4, 0] }), strict);

/** Sixteen frames, all in use, one of them pinned. */
function fullAndPinned(): Toy {
  const toy = new Toy(toyMachine({ nrPages: 16 }), strict);
  toy.fill("user", 0, 16);
  toy.do({ op: "pin", id: 1, longTerm: false });
  return toy;
}

describe("a breach names its clause", () => {
  it("for frames in use", () => {
    const toy = fresh();
    toy.place(1, "user", 20);

    expect(clauseOf(toy, user(2), gave(20))).toBe("grant-free");
  });

  it("for a misaligned block", () => {
    expect(clauseOf(fresh(), user(1, 1), gave(17, 1))).toBe("grant-aligned");
  });

  it("for a zone that is not allowed", () => {
    expect(clauseOf(fresh(), { op: "alloc", id: 1, kind: "kernel", order: 0, node: 0, thisNode: false, zone: "normal" }, gave(20))).toBe("grant-zone");
  });

  it("for an isolated pageblock", () => {
    const toy = fresh();
    toy.isolate(1, 16, 20);

    expect(clauseOf(toy, user(2), gave(16))).toBe("grant-not-isolated");
  });

  it("for CMA in unmovable use", () => {
    expect(clauseOf(fresh(), { op: "alloc", id: 1, kind: "kernel", order: 0, node: 0, thisNode: false, zone: "normal" }, gave(8))).toBe("grant-type");
  });

  it("for a pageblock claimed in part", () => {
    const kernel: Command = { op: "alloc", id: 1, kind: "kernel", order: 0, node: 0, thisNode: false, zone: "normal" };

    expect(clauseOf(fresh(), kernel, gave(0, 0, [0]))).toBe("grant-retype");
    expect(clauseOf(fresh(), kernel, gave(0, 0, [0, 4]))).toBe("admitted");
    expect(clauseOf(fresh(), kernel, gave(0))).toBe("admitted");
  });

  it("for a refusal without need", () => {
    expect(clauseOf(fresh(), user(1), { result: "refused", errno: "ENOMEM" })).toBe("refusal-needless");
  });

  it("for a page that stays, or moves though it is pinned", () => {
    const contig: Command = { op: "alloc-contig", id: 9, start: toPfn(base + 16), nrPages: 4, compound: false, gfp: "kernel" };
    const pinned = fresh();
    pinned.place(1, "user", 17);
    pinned.do({ op: "pin", id: 1, longTerm: false });

    expect(clauseOf(pinned, contig, { result: "ok", moved: [{ id: 1, from: toPfn(base + 17), to: { pfn: toPfn(base + 20), order: 0 } }] })).toBe("move-allowed");
    const left = fresh();
    left.place(1, "user", 17);
    expect(clauseOf(left, contig, { result: "ok" })).toBe("move-missing");
  });

  it("for a page dropped that is no page-cache page", () => {
    const toy = fresh();
    toy.place(1, "user", 17);

    expect(clauseOf(toy, { op: "alloc-contig", id: 9, start: toPfn(base + 16), nrPages: 4, compound: false, gfp: "kernel" }, { result: "ok", dropped: [1] })).toBe("drop-allowed");
  });

  it("permits either errno of a contiguous allocation where both apply", () => {
    const contig: Command = { op: "alloc-contig", id: 99, start: toPfn(base + 0), nrPages: 4, compound: false, gfp: "kernel" };
    expect(clauseOf(fullAndPinned(), contig, { result: "refused", errno: "ENOMEM" })).toBe("admitted");
    expect(clauseOf(fullAndPinned(), contig, { result: "refused", errno: "EBUSY" })).toBe("admitted");
    expect(clauseOf(fullAndPinned(), contig, { result: "refused", errno: "EINVAL" })).not.toBe("admitted");
  });
});
