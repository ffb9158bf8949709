import { describe, expect, it } from "vitest";
import { createReference, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import type { Counterexample, SubjectName } from "../../src/check/counterexample.ts";
import { replayCounterexample, replayScenario, replayViews } from "../../src/check/replay.ts";
import type { ReplayableScenario } from "../../src/check/replay.ts";
import { counterexampleOf, explainedBy, runCommands, signatureOf, withSwitches } from "../../src/check/run.ts";
import { judgedOn } from "../../src/check/subjects.ts";
import { parseAny } from "../../src/formats/any-file.ts";
import { counterexampleText } from "../../src/formats/counterexample.ts";
import { alloc, contig, faulty, isolate, profileNamed, tiny } from "./searching.ts";

const foreign: ReplayableScenario = { machine: tiny, profile: "strict", commands: [isolate(1, 0x60), contig(1, 0x60)] };
const failedAdd: readonly Command[] = [
  { op: "fail-next", what: "usage", skip: 1 },
  { op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null },
];

const engine = (profile: string, mutant: string | null = null): SubjectName => ({ subject: "engine", profile, mutant });
const unknown = { seed: null, run: null, reduction: null };

function counterexample(scenario: ReplayableScenario, subject: SubjectName): Counterexample {
  const found = replayCounterexample(scenario, subject, unknown);
  if (found === undefined) throw new Error("no rule is broken");
  return found;
}

/** What explains the breach of an engine on `tiny` that `strict` judges. */
function explained(commands: readonly Command[], profile: string, mutant: string | null = null): readonly string[] {
  const { setup, subjectProfile } = judgedOn(engine(profile, mutant), tiny, strict);
  const result = runCommands(setup, commands);
  if (result.verdict !== "breach") throw new Error("no rule is broken");
  return explainedBy(setup, subjectProfile, commands, result.broken);
}

describe("replayScenario", () => {
  it("says that every rule holds, of the engine under the judging profile where nothing else is said", () => {
    expect(replayScenario(foreign)).toEqual({ verdict: "holds" });
    expect(replayScenario({ ...foreign, profile: "linux-6.12" })).toEqual({ verdict: "holds" });
    expect(replayScenario({ ...foreign, commands: [] })).toEqual({ verdict: "holds" });
  });

  it("says what broke first", () => {
    const { verdict, finding, because } = replayScenario(foreign, { subject: engine("strict+KD-2") });

    expect(verdict).toBe("breach");
    expect(finding).toMatchObject({ kind: "invariant", rule: "HP-41" });
    expect(because).toBeUndefined();
  });

  it("says why nothing can be said", () => {
    const machine = { ...tiny, hotplugEnd: toPfn(2 ** 30) };

    const { verdict, because } = replayScenario({ machine, profile: "strict", commands: [{ op: "add", start: toPfn(0x100), nrPages: 2 ** 25, node: 0, memmapOnMemory: true, group: null }] });

    expect(verdict).toBe("inconclusive");
    expect(because).toContain("frame by frame");
  });

  it.each<[string, ReplayableScenario, SubjectName, string]>([
    ["a machine that is not sound", { ...foreign, machine: { ...tiny, hotplugEnd: toPfn(0x20) } }, engine("strict"), "hotplugEnd: 0x20"],
    ["a machine that is too large", { ...foreign, machine: { ...tiny, nodes: [{ memory: [{ start: toPfn(0), nrPages: 2 ** 23 }], movableStart: null, cpus: true }], bootMemmap: null, cma: [], hotplugEnd: toPfn(2 ** 23) } }, engine("strict"), "8388608 frames"],
    ["an unknown profile", { ...foreign, profile: "linux-2.4" }, engine("strict"), 'unknown profile "linux-2.4"'],
    ["an unknown profile of the subject", foreign, engine("linux-2.4"), 'unknown profile "linux-2.4"'],
    ["an unknown mutant", foreign, engine("strict", "B999"), 'no mutant "B999"'],
    ["a mutant of the specification", foreign, { subject: "reference", profile: "strict", mutant: "CANARY" }, "engine only"],
  ])("throws a RangeError for %s", (_, scenario, subject, words) => {
    const replay = (): unknown => replayScenario(scenario, { subject });

    expect(replay).toThrow(RangeError);
    expect(replay).toThrow(words);
  });
});

describe("replayCounterexample", () => {
  it("finds nothing where every rule holds", () => {
    expect(replayCounterexample(foreign, engine("strict"), unknown)).toBeUndefined();
  });

  it("has everything up to the breaking command, and nothing behind it", () => {
    const found = counterexample({ ...foreign, commands: [...foreign.commands, alloc(7)] }, engine("strict+KD-2"));

    expect(found).toMatchObject({ machine: tiny, profile: "strict", subject: engine("strict+KD-2"), commands: foreign.commands, breaking: 1, expected: { result: "refused", errno: "EBUSY" }, signature: "KD-2", explainedBy: ["KD-2"], ...unknown });
    expect(found.outcomes.map(({ result }) => result)).toEqual(["ok", "refused"]);
    expect(found.finding.because).toBe("command 2 left frame 0x60 in pageblock type Movable, where the specification leaves Isolate");
    expect(found.before.isolations).toEqual([{ owner: { token: 1 }, pageblocks: [0x60] }]);
  });

  it("comes back from its file", () => {
    const found = counterexample(foreign, engine("strict+KD-2"));
    const file = parseAny({ name: "found.json", bytes: new TextEncoder().encode(counterexampleText(found)) });
    if (!file.ok || file.value.counterexample === null) throw new Error("the file is not understood");
    const { scenario, counterexample: saved } = file.value;

    const again = replayCounterexample(scenario, saved.subject, { seed: saved.seed, run: saved.run, reduction: saved.reduction });

    expect(again).toEqual(found);
  });

  it("tells what is wrong at boot, before any command", () => {
    const found = counterexampleOf({ setup: { machine: tiny, profile: strict, create: () => faulty({ view: (view) => ({ ...view, tasks: [{ task: 1, op: "online", phase: "onlining", range: { start: toPfn(0x80), nrPages: 32 } }] }) }) }, subjectProfile: strict, subject: engine("strict") }, [isolate(1, 0x60)], unknown);

    expect(found).toMatchObject({ commands: [], outcomes: [], breaking: -1, expected: { result: "ok" } });
    expect(found?.before).toBe(found?.after);
    expect(found?.before.tasks).toHaveLength(1);
    expect(found?.finding.because).toMatch(/^it is .* and should be /u);
  });
});

describe("replayViews", () => {
  it("shows the subject at boot and after each command", () => {
    const found = counterexample(foreign, engine("strict+KD-2"));

    const views = replayViews(foreign, engine("strict+KD-2"));

    expect(views).toHaveLength(3);
    expect(views[0]).toEqual(createReference(tiny, strict).view());
    expect(views.slice(-2)).toEqual([found.before, found.after]);
  });
});

describe("what explains a breach", () => {
  it("is one switch where one will do", () => {
    expect(explained(foreign.commands, "linux-6.12")).toEqual(["KD-2"]);
    expect(explained(failedAdd, "strict+EX-1")).toEqual(["EX-1"]);
  });

  it("is as many as it takes, and no more", () => {
    expect(explained(failedAdd, "linux-6.12")).toEqual(["EX-1", "EX-3"]);
  });

  it("is one that made no difference by its own account, where it does to the judge", () => {
    const { setup } = judgedOn(engine("linux-6.12"), tiny, strict);

    expect(explainedBy(setup, profileNamed("linux-6.12"), foreign.commands, { differed: ["EX-7"] })).toEqual(["KD-2"]);
    expect(explainedBy(setup, profileNamed("linux-6.12"), failedAdd, { differed: ["EX-7", "S-05"] })).toEqual(["EX-1", "EX-3"]);
  });

  it("is nothing where the subject is simply wrong", () => {
    expect(explained([{ op: "write-state", block: toBlockId(3), value: "offline" }, { op: "write-state", block: toBlockId(3), value: "online_movable" }, { op: "alloc", id: 1, kind: "kernel", order: 0, node: 0, thisNode: false, zone: "normal" }], "linux-6.12", "CANARY")).toEqual([]);
  });

  it("gives the breach its name, and else the rule does", () => {
    const { finding } = counterexample(foreign, engine("strict+KD-2"));

    expect(signatureOf(finding, ["EX-1", "EX-3"])).toBe("EX-1+EX-3");
    expect(signatureOf(finding, [])).toBe("HP-41");
  });
});

describe("withSwitches", () => {
  it("adds those that are not on, in the name too", () => {
    expect(withSwitches(profileNamed("strict+KD-2"), ["KD-2", "KD-1"])).toEqual(profileNamed("strict+KD-2+KD-1"));
    expect(withSwitches(strict, [])).toEqual(strict);
  });
});
