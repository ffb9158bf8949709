import { describe, expect, it } from "vitest";
import { clauses, toPfn } from "../../models/index.ts";
import type { SwitchId } from "../../models/index.ts";
import { compareScenarios, goals, invariants, laws, simplerMachines } from "../../properties/index.ts";
import type { Counterexample } from "../../src/check/counterexample.ts";
import { replayScenario } from "../../src/check/replay.ts";
import { search } from "../../src/check/search.ts";
import type { Progress, SearchOptions, SearchResult } from "../../src/check/search.ts";
import { counterexampleText } from "../../src/formats/counterexample.ts";
import { jsonReport } from "../../src/report/json.ts";
import { faulty, hesitant, profileNamed, searching, tiny } from "./searching.ts";
import type { Fault } from "./searching.ts";

/** Searches until so much is found. */
const until = (enough: (findings: readonly Counterexample[]) => boolean) => async ({ findings }: Progress): Promise<boolean> => !enough(findings);

/** Everything that a program is told, as bytes. */
function bytes({ seed, profile }: Pick<SearchOptions, "seed" | "profile">, result: SearchResult): string {
  const { verdict, runs, commands, permissions, findings } = result;
  const report = jsonReport({ verdict, seed, profile: profile.name, machines: [{ machine: "tiny", runs, commands }], goals: goals.map((goal, index) => ({ ...goal, reached: result.goals[index]?.reached === true })), permissions, counterexamples: findings });
  return report + findings.map(counterexampleText).join("");
}

describe("a search that finds nothing", () => {
  it("says that every rule held when the runs are used up, and what was covered", async () => {
    const result = await search(searching("strict", { seed: 1, runs: 2 }));

    expect(result).toMatchObject({ verdict: "holds", because: null, runs: 2, interrupted: false, findings: [], permissions: [] });
    expect(result.commands).toBeGreaterThan(60);
    expect(result.goals.map(({ id }) => id)).toEqual(goals.map(({ id }) => id));
    expect(result.goals.filter(({ reached }) => reached).length).toBeGreaterThan(20);
    expect(result.goals.filter(({ reached }) => !reached).length).toBeGreaterThan(0);
    expect(result.clauses.map(({ id }) => id)).toEqual(Object.keys(clauses));
    expect(result.rules.map(({ id }) => id)).toEqual([...invariants, ...laws].map(({ id }) => id));
    expect(result.rules.filter(({ reached }) => reached).length).toBeGreaterThan(120);
    expect(result.rules.filter(({ reached }) => !reached).length).toBeGreaterThan(0);
  });

  it("counts what the judging profile permitted, switch by switch", async () => {
    const result = await search(searching("linux-6.12", { seed: 1, runs: 1, profile: profileNamed("linux-6.12") }));

    expect(result.verdict).toBe("holds");
    expect(result.permissions.map(({ id }) => id)).toEqual(profileNamed("linux-6.12").on.toSorted());
    expect(result.permissions.some(({ used }) => used > 0)).toBe(true);
  });

  it("says nothing where no run was made", async () => {
    expect(await search(searching("strict", { seed: 1, runs: 0 }))).toMatchObject({ verdict: "inconclusive", because: "no run was made", runs: 0, interrupted: false });
  });
});

describe("a search", () => {
  it("is the same for the same options, to the byte", async () => {
    const options = searching("strict+KD-2", { seed: 21, runs: 1 });

    const [first, second] = [await search(options), await search(options)];

    expect(first.verdict).toBe("breach");
    expect(second).toEqual(first);
    expect(bytes(options, second)).toBe(bytes(options, first));
  });

  it("is another one for another seed", async () => {
    const [first, second] = [await search(searching("strict", { seed: 1, runs: 1 })), await search(searching("strict", { seed: 2, runs: 1 }))];

    expect([second.commands, second.goals]).not.toEqual([first.commands, first.goals]);
  });

  it("draws a machine for every run, and makes the one that fails simpler too", async () => {
    const machines = new Set<string>();
    const options = searching("strict+KD-3", { seed: 7, runs: 200, machine: "drawn", pulse: until((findings) => findings.length > 0) });

    const { findings } = await search({ ...options, create: (machine, profile) => (machines.add(JSON.stringify(machine)), options.create(machine, profile)) });
    const [found] = findings;

    expect(machines.size).toBeGreaterThan(1);
    expect(found?.commands).toMatchObject([{ op: "alloc-contig", compound: true }]);
    expect(found?.machine).toMatchObject({ name: "drawn", cma: [], bootMemmap: null });
    const simpler = [...(found === undefined ? [] : simplerMachines(found.machine))];
    expect(simpler.filter((machine) => replayScenario({ machine, profile: "strict", commands: found?.commands ?? [] }, { subject: options.subject }).verdict === "breach")).toEqual([]);
  });

  it("holds on drawn machines too", async () => {
    expect(await search(searching("strict", { seed: 1, runs: 2, machine: "drawn" }))).toMatchObject({ verdict: "holds", runs: 2 });
  });
});

describe("the kernel's own defects", () => {
  it.each<[SwitchId, number, number]>([
    ["KD-1", 95, 5],
    ["KD-2", 21, 2],
    ["KD-3", 8, 1],
  ])("are found and made small: %s", async (id, seed, size) => {
    const { verdict, findings } = await search(searching(`strict+${id}`, { seed, runs: 200, pulse: until((found) => found.length > 0) }));
    const [found] = findings;

    expect(verdict).toBe("breach");
    expect(findings).toHaveLength(1);
    expect(found).toMatchObject({ signature: id, explainedBy: [id], profile: "strict", seed, reduction: { complete: true } });
    expect(found?.commands.length).toBeLessThanOrEqual(size);
    expect(replayScenario({ machine: tiny, profile: `strict+${id}`, commands: found?.commands ?? [] }).verdict).toBe("holds");
  });

  it("are each found once, where the engine is as Linux is", async () => {
    const wanted: readonly string[] = ["KD-1", "KD-2", "KD-3"];
    const { verdict, findings, permissions } = await search(searching("linux-6.12", { seed: 86, runs: 200, maxReductions: 10, pulse: until((found) => wanted.every((id) => found.some(({ signature }) => signature === id))) }));
    const signatures = findings.map(({ signature }) => signature);

    expect(verdict).toBe("breach");
    expect(signatures).toEqual(expect.arrayContaining([...wanted]));
    expect(new Set(signatures).size).toBe(signatures.length);
    expect(findings.map(({ explainedBy }) => explainedBy.join("+"))).toEqual(signatures);
    // What has been told is permitted from then on, and each is told in the words of the profile that was asked for.
    expect(permissions.filter(({ used }) => used > 0).map(({ id }) => id)).toEqual(expect.arrayContaining(["KD-2"]));
    expect(findings.map(({ profile }) => profile).filter((profile) => profile === "strict").length).toBeGreaterThan(1);
  });
});

describe("a defect that is none of the kernel's", () => {
  it("ends the search, under the name of its rule", async () => {
    const { verdict, findings, runs } = await search(searching("strict", { seed: 1, runs: 100, maxReductions: 300 }, "CANARY"));
    const [found] = findings;

    expect(verdict).toBe("breach");
    // What else the fault breaks was met on the way, each rule in a scenario of its own, the simplest first.
    expect(new Set(findings.map(({ commands }) => JSON.stringify(commands))).size).toBe(findings.length);
    expect(findings.toSorted(compareScenarios)).toEqual(findings);
    expect(runs).toBeLessThan(100);
    expect(found).toMatchObject({ explainedBy: [], run: runs - 1, subject: { mutant: "CANARY" } });
    expect(found?.signature).toBe(found?.finding.rule);
  });

  it("is found at boot, by no command", async () => {
    const fault: Fault = { view: (view) => ({ ...view, devices: [{ device: 1, range: { start: toPfn(0x80), nrPages: 4 } }] }) };

    const { verdict, commands, findings } = await search(searching("strict", { seed: 1, runs: 5, create: () => faulty(fault) }));

    expect({ verdict, commands }).toEqual({ verdict: "breach", commands: 0 });
    expect(findings).toMatchObject([{ commands: [], breaking: -1, reduction: { fromCommands: 0 } }]);
  });
});

describe("a search that can not decide", () => {
  it("is inconclusive where the judge is, even if all else held", async () => {
    const judge = hesitant("alloc-contig", { verdict: "inconclusive", because: "there are too many ways" });

    expect(await search(searching("strict", { seed: 1, runs: 6, judge }))).toMatchObject({ verdict: "inconclusive", because: "there are too many ways", findings: [] });
  });

  it("is inconclusive where a breach does not come again", async () => {
    let booted = 0;
    const create: SearchOptions["create"] = (machine) => {
      const first = booted++ === 0;
      return faulty({ apply: (_, right) => (first ? { result: "bug" } : right()) }, machine);
    };

    expect(await search(searching("strict", { seed: 1, runs: 6, create }))).toMatchObject({ verdict: "inconclusive", because: "the same commands gave another result the second time", findings: [], runs: 1 });
  });
});

describe("a search that is stopped", () => {
  it("stops between two commands, and has judged those before", async () => {
    const result = await search(searching("strict", { seed: 1, runs: 100, pulse: async ({ commands }) => commands < 17 }));

    expect(result).toMatchObject({ verdict: "holds", interrupted: true, commands: 17, runs: 1 });
  });

  it("says nothing where it did not begin", async () => {
    expect(await search(searching("strict", { seed: 1, runs: 100, pulse: async () => false }))).toMatchObject({ verdict: "inconclusive", interrupted: true, commands: 0, runs: 0 });
  });

  it("has the best so far of what it was making smaller", async () => {
    const sizes: (number | null)[] = [];
    const pulse = async ({ doing, size }: Progress): Promise<boolean> => {
      if (doing === "reducing") sizes.push(size);
      return sizes.length < 8;
    };

    const { verdict, interrupted, findings } = await search(searching("strict+KD-2", { seed: 21, runs: 100, pulse }));
    const [found] = findings;

    expect({ verdict, interrupted }).toEqual({ verdict: "breach", interrupted: true });
    expect(findings).toHaveLength(1);
    expect(found?.reduction).toMatchObject({ executions: 7, complete: false });
    expect(found?.commands.length).toBe(sizes.at(-1));
    expect(found?.commands.length).toBeLessThan(found?.reduction?.fromCommands ?? 0);
    expect(found?.signature).toBe("KD-2");
  });
});

describe("progress", () => {
  it("tells runs, commands and findings as they grow", async () => {
    const seen: Progress[] = [];

    const result = await search(searching("strict+KD-2", { seed: 21, runs: 2, maxReductions: 3, pulse: async (progress) => seen.push(progress) > 0 }));

    expect(seen[0]).toMatchObject({ doing: "searching", runs: 0, commands: 0, size: null });
    expect(seen.filter(({ doing }) => doing === "reducing")).toHaveLength(3);
    expect(seen.at(-1)).toMatchObject({ doing: "searching", runs: 1, commands: result.commands });
    expect(seen.at(-1)?.findings).toHaveLength(1);
  });
});
