import { describe, expect, it } from "vitest";
import { FrameUse, createReference, linux612, strict, tinyMachines, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, View } from "../../models/index.ts";
import { generateScenario, pseudoRandom } from "../../properties/index.ts";
import type { SubjectName } from "../../src/check/counterexample.ts";
import { maxJudgedFrames } from "../../src/check/limits.ts";
import { startLockstep } from "../../src/check/lockstep.ts";
import type { Lockstep } from "../../src/check/lockstep.ts";
import { runCommands } from "../../src/check/run.ts";
import { createSubject } from "../../src/check/subjects.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { alloc, contig, faulty, hesitant, isolate, tiny } from "./searching.ts";
import type { Fault } from "./searching.ts";

const engine: SubjectName = { subject: "engine", profile: "strict", mutant: null };

const withFault = (fault: Fault): Lockstep => startLockstep({ machine: tiny, profile: strict, create: () => faulty(fault) });

function stops(): never {
  throw new Error("the list is not a list");
}

/** A view in which the frame is used for something else. */
function withUse(view: View, pfn: number, use: FrameUse): View {
  if (view.frames === undefined) throw new Error("the view has no frames");
  let row = 0;
  for (const range of view.frames.ranges) {
    if (pfn < range.start + range.nrPages) {
      row += pfn - range.start;
      break;
    }
    row += range.nrPages;
  }
  return { ...view, frames: { ...view.frames, use: view.frames.use.map((was, at) => (at === row ? use : was)) } };
}

describe("a pair that agrees", () => {
  const cases = tinyMachines.flatMap((machine) => [strict, linux612].map((profile) => ({ machine, profile, name: `${machine.name}, ${profile.name}` })));

  it.each(cases)("breaks nothing, whoever judges: $name", ({ machine, profile }) => {
    const { commands } = generateScenario(pseudoRandom(1), createReference, machine, profile, { length: 30 });

    expect(runCommands({ machine, profile, create: () => createSubject(engine, machine, profile) }, commands)).toEqual({ verdict: "holds" });
    expect(runCommands({ machine, profile, create: () => createReference(machine, profile), judge: createEngine }, commands)).toEqual({ verdict: "holds" });
  });

  it("shows the subject at boot and after each command", () => {
    const lockstep = withFault({});
    const boot = lockstep.view();

    const { record, findings, undecided } = lockstep.step(alloc(1));

    expect({ findings, undecided }).toEqual({ findings: [], undecided: null });
    expect(lockstep.boot).toEqual([]);
    expect(record).toMatchObject({ before: boot, command: alloc(1), outcome: { result: "ok" } });
    expect(record.after).toBe(lockstep.view());
    expect(record.after.allocations).toHaveLength(1);
  });

  it("counts what the judge had to permit, and what made a difference in the subject", () => {
    const lockstep = startLockstep({ machine: tiny, profile: linux612, create: () => createSubject(engine, tiny, linux612) });
    lockstep.step(isolate(1, 0x60));

    lockstep.step(contig(1, 0x60));

    expect(lockstep.permissionsUsed()).toEqual({ "KD-2": 1 });
    expect(lockstep.differed()).toEqual(["KD-2"]);
  });
});

describe("a subject that throws", () => {
  it("has crashed, and nothing more is known of the command", () => {
    const lockstep = withFault({ apply: stops });

    const { record, findings, undecided } = lockstep.step(alloc(1));

    expect(findings).toMatchObject([{ kind: "crash", rule: "crash", because: "the implementation stopped, because the list is not a list" }]);
    expect(record.outcome).toEqual({ result: "bug", because: { kind: "crash", detail: "the list is not a list" } });
    expect(record.after).toBe(record.before);
    expect(undecided).toBeNull();
  });

  it.each<[string, Fault]>([
    ["its view", { view: (view, commands) => (commands === 0 ? view : stops()) }],
    ["something that is no Error", { apply: () => { throw "the list is not a list"; } }], // oxlint-disable-line no-throw-literal
  ])("has crashed in %s too", (_, fault) => {
    expect(withFault(fault).step(alloc(1)).findings).toMatchObject([{ kind: "crash", because: "the implementation stopped, because the list is not a list" }]);
  });

  it("has crashed where its self-check does, and what else broke is told first", () => {
    let asked = 0;
    const lockstep = withFault({ apply: (_, right) => ({ ...right(), result: "skipped" }), selfCheck: () => (asked++ === 0 ? [] : stops()) });

    expect(lockstep.step(alloc(1)).findings.map(({ kind }) => kind).slice(-2)).toEqual(["clause", "crash"]);
  });

  it("has crashed at boot where it never came up", () => {
    const setup = { machine: tiny, profile: strict, create: stops };
    const lockstep = startLockstep(setup);

    expect(lockstep.boot).toMatchObject([{ kind: "crash" }]);
    expect(lockstep.view()).toEqual(createReference(tiny, strict).view());
    expect(runCommands(setup, [alloc(1)])).toMatchObject({ verdict: "breach", broken: { at: -1, record: null, differed: [] } });
    expect(() => lockstep.step(alloc(1))).toThrow("did not boot");
  });
});

describe("a subject that answers wrongly", () => {
  it("breaks a clause", () => {
    const lockstep = withFault({ apply: () => ({ result: "ok" }) });

    const { findings } = lockstep.step({ op: "free", id: 7, pcp: false });

    expect(findings).toMatchObject([{ kind: "clause", rule: "outcome-result", title: "the result or errno is the one that the rules give" }]);
    expect(findings[0]?.because).toContain("because");
    expect(findings[0]?.permitted.length).toBeGreaterThan(0);
  });

  it("is told which frames it had no right to give", () => {
    const lockstep = withFault({ apply: (_, right) => ({ ...right(), grant: { pfn: toPfn(0x40), order: 0 } }) });

    expect(lockstep.step(alloc(1)).findings.find(({ kind }) => kind === "clause")).toMatchObject({ rule: "grant-free", evidence: [{ pfn: 0x40 }] });
  });
});

describe("a subject that shows something else than it is", () => {
  it("differs from the specification in that fact", () => {
    const lockstep = withFault({ view: (view, commands) => (commands === 0 ? view : { ...view, tasks: [{ task: 1, op: "online", phase: "onlining", range: { start: toPfn(0x80), nrPages: 32 } }] }) });

    const { findings } = lockstep.step({ op: "drain", node: 0, zone: "Normal" });

    expect(findings.map(({ kind, rule }) => `${kind} ${rule}`)).toContain("agreement view-tasks");
  });

  it("breaks an invariant, which is told before the difference", () => {
    const lockstep = withFault({ view: (view, commands) => (commands === 0 ? view : withUse(view, 0x60, FrameUse.Limbo)) });

    const { findings } = lockstep.step({ op: "drain", node: 0, zone: "Normal" });

    expect(findings[0]).toMatchObject({ kind: "invariant", evidence: [{ pfn: 0x60 }] });
    expect(findings[0]?.because).toMatch(/^it is .* and should be /u);
    expect(findings.at(-1)).toMatchObject({ kind: "agreement" });
  });

  it("breaks a law where the step can not have done that", () => {
    const lockstep = withFault({ view: (view, commands) => (commands === 0 || view.totals === undefined ? view : { ...view, totals: { ...view.totals, maxPfn: toPfn(0xa0) } }) });

    const { findings } = lockstep.step({ op: "add", start: toPfn(0x80), nrPages: 0, node: 0, memmapOnMemory: false, group: null });

    expect(findings.map(({ kind, rule }) => `${kind} ${rule}`)).toEqual(expect.arrayContaining(["law FC-70", "agreement view-totals.maxPfn"]));
  });

  it("is wrong right after boot", () => {
    const { boot } = withFault({ view: (view) => withUse(view, 0x60, FrameUse.Limbo) });

    expect(boot.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["invariant", "agreement"]));
  });
});

describe("a subject that recounts", () => {
  const miscount = [{ where: "zone Normal of node 0", was: "30 free frames", is: "31" }];

  it("is asked at boot and after every command", () => {
    let asked = 0;
    const atBoot = withFault({ selfCheck: () => miscount });
    const later = withFault({ selfCheck: () => (asked++ === 0 ? [] : miscount) });

    expect(atBoot.boot).toMatchObject([{ kind: "self-check", rule: "self-check", evidence: miscount, because: "it is 31 and should be 30 free frames" }]);
    expect(later.boot).toEqual([]);
    expect(later.step(alloc(1)).findings).toMatchObject([{ kind: "self-check" }]);
  });

  it("is not believed any more once Linux has put blocks on the wrong lists", () => {
    let asked = 0;
    const selfCheck = (): typeof miscount => (asked++ === 0 ? [] : miscount);
    const lockstep = startLockstep({ machine: tiny, profile: linux612, create: () => faulty({ selfCheck }, tiny, linux612) });
    const commands: readonly Command[] = [alloc(1), isolate(1, 0x60), isolate(2, 0x64), { op: "free", id: 1, pcp: false }, { op: "unisolate", id: 1, start: toPfn(0x60), nrPages: 1 }];

    const kinds = commands.map((command) => lockstep.step(command).findings.map(({ kind }) => kind).join());

    expect(kinds).toEqual(["self-check", "self-check", "self-check", "self-check", ""]);
  });
});

describe("a judge that can not decide", () => {
  it.each(["inconclusive", "unsupported"] as const)("says %s, which never counts as passed", (verdict) => {
    const setup = { machine: tiny, profile: strict, create: () => faulty({}), judge: hesitant("drain", { verdict, because: "there are too many ways" }) };

    expect(runCommands(setup, [alloc(1), { op: "drain", node: 0, zone: "Normal" }, alloc(2)])).toEqual({ verdict: "inconclusive", because: "there are too many ways", at: 1 });
  });
});

describe("memory beyond what the specification can take", () => {
  it("is not added, and nothing is said", () => {
    const machine = { ...tiny, hotplugEnd: toPfn(2 ** 30) };
    const far = startLockstep({ machine, profile: strict, create: () => faulty({}, machine) });
    const asked: Command = { op: "add", start: toPfn(0x100), nrPages: maxJudgedFrames, node: 0, memmapOnMemory: true, group: null };

    expect(far.step(asked)).toMatchObject({ findings: [], undecided: `add of ${maxJudgedFrames} frames to 96 is more than the specification takes, which goes frame by frame: at most ${maxJudgedFrames}` });
    expect(far.step({ op: "device-map", id: 1, start: toPfn(0x100), nrPages: maxJudgedFrames, node: 0 }).undecided).toContain("device-map of");
    // What has to be refused costs nothing.
    expect(withFault({}).step(asked)).toMatchObject({ findings: [], undecided: null, record: { outcome: { errno: "E2BIG" } } });
    expect(far.step({ ...asked, nrPages: 32 })).toMatchObject({ findings: [], undecided: null });
    expect(far.view().blocks?.find(({ block }) => block === toBlockId(8))?.state).toBe("offline");
  });
});
