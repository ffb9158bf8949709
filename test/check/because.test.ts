import { describe, expect, it } from "vitest";
import { createReference, linux612, strict, toPfn } from "../../models/index.ts";
import type { Command, Outcome, View } from "../../models/index.ts";
import { becauseOf } from "../../src/check/because.ts";
import type { LastStep } from "../../src/check/because.ts";
import type { Finding, FindingKind } from "../../src/check/counterexample.ts";
import { alloc, tiny } from "./searching.ts";

const finding = (kind: FindingKind, evidence: Finding["evidence"] = []): Finding => ({ kind, rule: "", title: "", source: "", evidence, because: "its own reason", permitted: [] });

const about = (pfn: number): Finding => finding("invariant", [{ where: "zone Normal of node 0", was: "", is: "" }, { pfn: toPfn(pfn), was: "", is: "" }]);

const before = createReference(tiny, strict).view();

/** The view after these commands. */
function after(...commands: readonly Command[]): View {
  const subject = createReference(tiny, linux612);
  for (const command of commands) subject.apply(command);
  return subject.view();
}

interface Seen {
  readonly before?: View;
  readonly after: View;
  readonly specification: View;
  readonly outcome?: Outcome;
  readonly expected?: Outcome;
}

function stepOf({ before: first = before, after: last, specification, outcome = { result: "ok" }, expected = { result: "ok" } }: Seen): LastStep {
  return { record: { before: first, command: alloc(1), outcome, after: last }, number: 3, expected, specification };
}

const allocated = after(alloc(1));
const poisoned = after({ op: "poison", pfn: toPfn(0x60) });
const added = after({ op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: true, group: null });

describe("the reason of a finding", () => {
  it.each<FindingKind>(["clause", "crash", "self-check"])("is its own where it is a %s", (kind) => {
    expect(becauseOf(finding(kind), stepOf({ after: allocated, specification: before }))).toBe("its own reason");
  });

  it("is what became of the first frame that is named and not as it should be", () => {
    expect(becauseOf(about(0x60), stepOf({ after: poisoned, specification: allocated }))).toBe("frame 0x60 was free before command 3 and is poisoned after it, where the specification leaves it in use by allocation 1");
    expect(becauseOf(about(0x60), stepOf({ after: before, specification: allocated }))).toBe("frame 0x60 stays free, where the specification leaves it in use by allocation 1");
    expect(becauseOf(about(0x88), stepOf({ after: added, specification: before }))).toBe("frame 0x88 was absent before command 3 and is offline after it, where the specification leaves it absent");
    expect(becauseOf(about(0x48), stepOf({ after: withFrames(0x48), specification: before }))).toBe("frame 0x48 was reserved before command 3 and is unknown after it, where the specification leaves it reserved");
  });

  it("is the answer where that is not the one expected, and the frames are", () => {
    const answers = { outcome: { result: "refused", errno: "EBUSY" }, expected: { result: "ok" } } as const;

    expect(becauseOf(about(0x61), stepOf({ after: allocated, specification: allocated, ...answers }))).toBe("command 3 was answered EBUSY, where the specification answers ok");
    expect(becauseOf(about(0x60), stepOf({ after: allocated, specification: before, ...answers }))).toMatch(/^frame 0x60/u);
  });

  it("is the most telling difference where no frame is named that shows one", () => {
    expect(becauseOf(about(0x61), stepOf({ after: poisoned, specification: before }))).toBe("command 3 left frame 0x60 poisoned, where the specification leaves free");
    expect(becauseOf(finding("agreement"), stepOf({ after: withType(), specification: before }))).toBe("command 3 left frame 0x60 in pageblock type Isolate, where the specification leaves Movable");
    expect(becauseOf(finding("agreement"), stepOf({ after: withTotal(1), specification: before }))).toMatch(/^command 3 left totalram \d+, where the specification leaves \d+$/u);
    expect(becauseOf(finding("agreement"), stepOf({ after: { ...before, tasks: [] }, specification: { ...before, tasks: [{ task: 2, op: "online", phase: "onlining", range: { start: toPfn(0x80), nrPages: 32 } }] } }))).toMatch(/^command 3 left task 2 /u);
  });

  it("puts types of pageblocks before how free frames are joined, and both before counters", () => {
    const { frames, zones } = before;
    if (frames === undefined || zones === undefined) throw new Error("the view has no frames");
    const joined: View = { ...before, frames: { ...frames, order: frames.order.map((order) => (order === 4 ? 3 : order)) }, zones: zones.map((zone) => ({ ...zone, managed: zone.managed + 1 })) };

    expect(becauseOf(finding("agreement"), stepOf({ after: { ...joined, pageblocks: withType().pageblocks ?? [] }, specification: before }))).toContain("in pageblock type Isolate");
    expect(becauseOf(finding("agreement"), stepOf({ after: joined, specification: before }))).toContain("order 3");
  });

  it("is the rule itself where the memory is as it should be", () => {
    expect(becauseOf(about(0x61), stepOf({ after: allocated, specification: allocated }))).toBe("command 3 brought it about; the specification leaves the memory the same way, so the rule or the specification is wrong");
  });
});

/** A view in which nobody can say what the frame is. */
function withFrames(pfn: number): View {
  const { frames } = before;
  const [range] = frames?.ranges ?? [];
  if (frames === undefined || range === undefined) throw new Error("the view has no frames");
  return { ...before, frames: { ...frames, use: frames.use.map((use, row) => (row === pfn - range.start ? 0 : use)) } };
}

/** A view in which the pageblock of frame 0x60 is isolated. */
function withType(): View {
  return { ...before, pageblocks: (before.pageblocks ?? []).map((pageblock) => (pageblock.start === 0x60 ? { ...pageblock, type: "Isolate" } : pageblock)) };
}

function withTotal(more: number): View {
  if (before.totals === undefined) throw new Error("the view has no totals");
  return { ...before, totals: { ...before.totals, totalram: before.totals.totalram + more } };
}
