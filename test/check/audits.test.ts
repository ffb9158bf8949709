import { describe, expect, it } from "vitest";
import { FrameUse, linux612, strict, toPfn } from "../../models/index.ts";
import type { Command, View } from "../../models/index.ts";
import { createMemory } from "../../src/check/failure.ts";
import { startLockstep } from "../../src/check/lockstep.ts";
import { search } from "../../src/check/search.ts";
import { createSubject, findMutant } from "../../src/check/subjects.ts";
import { hunt } from "../../src/power/hunt.ts";
import { alloc, faulty, searching, tiny } from "./searching.ts";

const drain: Command = { op: "drain", node: 0, zone: "Normal" };
const miscount = [{ where: "zone Normal of node 0", was: "30 free frames", is: "31" }];

/** A view in which the first free frame is lost. */
function withLoss(view: View): View {
  if (view.frames === undefined) throw new Error("the view has no frames");
  const lost = view.frames.use.indexOf(FrameUse.Free);
  return { ...view, frames: { ...view.frames, use: view.frames.use.map((use, at) => (at === lost ? FrameUse.Limbo : use)) } };
}

function nrReached(marks: readonly { readonly reached: boolean }[]): number {
  return marks.filter(({ reached }) => reached).length;
}

describe("a step without an audit", () => {
  it("looks at no state: neither at the view, nor at what is counted again", () => {
    let asked = 0;
    const lockstep = startLockstep({ machine: tiny, profile: strict, create: () => faulty({ view: (view, commands) => (commands === 0 ? view : withLoss(view)), selfCheck: () => (asked++ === 0 ? [] : miscount) }) });

    expect(lockstep.step(drain, false).findings.filter(({ kind }) => kind !== "law")).toEqual([]);
    expect(asked).toBe(1);
    expect(lockstep.audit().map(({ kind }) => kind)).toEqual(expect.arrayContaining(["invariant", "agreement", "self-check"]));
    expect(lockstep.step(drain).findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["invariant", "agreement", "self-check"]));
  });

  it("judges what the command answered, and what it did", () => {
    const answers = startLockstep({ machine: tiny, profile: strict, create: () => faulty({ apply: () => ({ result: "ok" }) }) });
    const does = startLockstep({ machine: tiny, profile: strict, create: () => faulty({ view: (view, commands) => (commands === 0 || view.totals === undefined ? view : { ...view, totals: { ...view.totals, maxPfn: toPfn(0xa0) } }) }) });

    expect(answers.step({ op: "free", id: 7, pcp: false }, false).findings.map(({ kind }) => kind)).toContain("clause");
    expect(does.step({ op: "add", start: toPfn(0x80), nrPages: 0, node: 0, memmapOnMemory: false, group: null }, false).findings.map(({ rule }) => rule)).toContain("FC-70");
  });

  it("says nothing of what is counted again once Linux has put blocks on the wrong lists, as an audit", () => {
    const lockstep = startLockstep({ machine: tiny, profile: linux612, create: () => createSubject({ subject: "engine", profile: "linux-6.12", mutant: null }, tiny, linux612) });

    for (const command of [alloc(1), drain]) lockstep.step(command, false);

    expect(lockstep.audit()).toEqual([]);
  });
});

describe("a search that audits now and then", () => {
  const mutants = ["CANARY", "B05", "B10"];

  it.each(mutants)("finds what one finds that audits always, in the same place: %s", async (id) => {
    const options = { seed: 3, runs: 60, maxReductions: 0, thorough: false };

    const [always, usually] = await Promise.all([search(searching("strict", { ...options, auditEvery: 1 }, id)), search(searching("strict", { ...options, counting: false }, id))]);

    expect(usually.findings).toEqual(always.findings);
    expect([usually.runs, usually.commands]).toEqual([always.runs, always.commands]);
    expect(usually.findings).toHaveLength(1);
  });

  it("audits the state in which a scenario ends", async () => {
    let runs = 0;
    const create = () => {
      runs++;
      return faulty({ selfCheck: () => [] });
    };
    const held = await search(searching("strict", { seed: 1, runs: 1, auditEvery: 1000, create }));
    const last = held.commands;
    const lost = await search(searching("strict", { seed: 1, runs: 1, maxReductions: 0, thorough: false, auditEvery: 1000, create: () => faulty({ view: (view, commands) => (commands === last ? withLoss(view) : view) }) }));

    expect([held.verdict, runs]).toEqual(["holds", 1]);
    expect(lost).toMatchObject({ verdict: "breach", commands: last, findings: [{ breaking: last - 1 }] });
  });

  it("counts rules about states where it looks at them alone, and nothing where it is not to count", async () => {
    const options = { seed: 1, runs: 1 };
    const [never, rarely, always] = await Promise.all([search(searching("strict", { ...options, counting: false })), search(searching("strict", { ...options, auditEvery: 1000 })), search(searching("strict", { ...options, auditEvery: 1 }))]);

    expect([nrReached(never.rules), nrReached(never.goals)]).toEqual([0, 0]);
    expect(nrReached(rarely.goals)).toBe(nrReached(always.goals));
    expect(nrReached(rarely.rules)).toBeLessThan(nrReached(always.rules));
  });
});

describe("a search that is told what came of scenarios before", () => {
  it("comes to the same", async () => {
    const mutant = findMutant("B05");
    if (mutant === undefined) throw new Error("there is no mutant B05");
    const limits = { runs: 400, reductions: 300 };
    const memory = createMemory();

    const [alone, first] = [await hunt(mutant, 1, limits), await hunt(mutant, 1, limits, { memory })];
    const known = memory.results.size + memory.mayBreak.size;
    const second = await hunt(mutant, 1, limits, { memory });

    expect(first).toEqual(alone);
    expect(second).toEqual(alone);
    expect(known).toBeGreaterThan(50);
    // The first scenario of a reduction is always judged whole.
    expect(memory.results.size + memory.mayBreak.size).toBeLessThan(known + 5);
  });
});

describe("a long finding", () => {
  const long = { seed: 6, maxReductions: 0, thorough: true };

  it("is looked for again in the next scenarios, and told as found where it was found first", async () => {
    const alone = await search(searching("strict", { ...long, runs: 1 }, "B05"));
    const again = await search(searching("strict", { ...long, runs: 60 }, "B05"));
    const shortest = ({ findings }: typeof alone): number => Math.min(...findings.map(({ commands }) => commands.length));

    expect(alone.findings).toHaveLength(1);
    expect(shortest(alone)).toBeGreaterThan(3);
    expect(shortest(again)).toBeLessThan(shortest(alone));
    expect([again.runs, again.commands]).toEqual([alone.runs, alone.commands]);
    // The seed leads to the scenario that is told.
    expect(again.findings[0]?.run).toBeGreaterThan(0);
    expect(new Set(again.findings.map(({ finding }) => finding.rule)).size).toBe(again.findings.length);
  });

  it("is told as it is where nothing else may be walked", async () => {
    const alone = await search(searching("strict", { ...long, runs: 1 }, "B05"));
    const hasty = await search(searching("strict", { ...long, runs: 60, thorough: false }, "B05"));

    expect(hasty.findings).toEqual(alone.findings);
  });
});
