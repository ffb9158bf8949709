import { describe, expect, it } from "vitest";
import { jsonReport, jsonRun } from "../../src/report/json.ts";
import { oneLine } from "../../src/report/one-line.ts";
import type { RunReport } from "../../src/report/run-report.ts";
import { summaryReport } from "../../src/report/summary.ts";
import { counterOff, foreignIsolation, made } from "./counterexamples.ts";

const golden = (name: string): string => `../fixtures/reports/${name}`;

const passed: RunReport = {
  verdict: "holds",
  seed: 41,
  profile: "linux-6.12",
  machines: [
    { machine: "tiny", runs: 2000, commands: 310_000 },
    { machine: "tiny-wide", runs: 10, commands: 894_000 },
  ],
  goals: [
    { id: "offline-moved", title: "an offline moved a page", rules: ["PG-48"], reached: true },
    { id: "offline-refused-for-unmovable", title: "an offline was refused because of an unmovable page", rules: ["HP-12", "PG-30"], reached: false },
    { id: "cma-retried", title: "a CMA allocation tried a second range", rules: [], reached: false },
  ],
  clauses: [{ id: "grant-free", reached: true }, { id: "drop-allowed", reached: false }],
  rules: [{ id: "PG-08", reached: true }, { id: "HP-51", reached: false }, { id: "HP-31", reached: true }],
  permissions: [
    { id: "KD-1", used: 0 },
    { id: "KD-2", used: 14 },
    { id: "EX-7", used: 1 },
  ],
  notCheckable: ["PG-08", "HP-31"],
  rate: 198_123.4,
  counterexamples: [],
};

const broken: RunReport = { verdict: "breach", seed: 7, profile: "strict", machines: [{ machine: "tiny", runs: 3, commands: 96 }], goals: [], permissions: [], counterexamples: [counterOff.counterexample, foreignIsolation.counterexample] };

const doubtful: RunReport = { verdict: "inconclusive", because: "an answer of the subject could not be judged within 1000 choices", seed: 0, profile: "strict", machines: [], goals: [{ id: "a", title: "a", rules: [], reached: true }], permissions: [], counterexamples: [] };

const start = (report: RunReport): string | undefined => summaryReport(report, { colour: true }).replaceAll("\u001b", "ESC").split("  ")[0];

describe("the summary of a run", () => {
  it("says what was covered, reached and needed", async () => {
    await expect(summaryReport(passed)).toMatchFileSnapshot(golden("summary-holds.txt"));
  });

  it("lists what broke", async () => {
    await expect(summaryReport(broken)).toMatchFileSnapshot(golden("summary-breach.txt"));
  });

  it("says that a run was stopped", () => {
    expect(summaryReport({ ...broken, interrupted: true }).split("\n")[1]).toBe("96 commands in 3 runs on 1 machine; stopped early");
  });

  it("says why nothing can be said", () => {
    expect(summaryReport(doubtful)).toBe(`inconclusive                                            (seed 0, profile strict)
0 commands in 0 runs on 0 machines
because an answer of the subject could not be judged within 1000 choices

goals      1 of 1 reached

permitted  no known difference of Linux was needed
`);
  });

  it("has the verdict in its colour", () => {
    expect([passed, broken, doubtful].map(start)).toEqual(["ESC[1mESC[32mholdsESC[39mESC[22m", "ESC[1mESC[31mbreach: 2 rules brokenESC[39mESC[22m", "ESC[1mESC[33minconclusiveESC[39mESC[22m"]);
  });
});

describe("a run as JSON", () => {
  it("has exactly these fields where the rules hold", () => {
    expect(JSON.parse(jsonReport(passed))).toStrictEqual({
      version: 1,
      verdict: "holds",
      seed: 41,
      machine: "tiny,tiny-wide",
      profile: "linux-6.12",
      runs: 2010,
      commands: 1_204_000,
      goals: [
        { id: "offline-moved", reached: true },
        { id: "offline-refused-for-unmovable", reached: false },
        { id: "cma-retried", reached: false },
      ],
      clauses: [{ id: "grant-free", reached: true }, { id: "drop-allowed", reached: false }],
      rules: [{ id: "PG-08", reached: true }, { id: "HP-51", reached: false }, { id: "HP-31", reached: true }],
      permissions: [
        { id: "KD-1", used: 0 },
        { id: "KD-2", used: 14 },
        { id: "EX-7", used: 1 },
      ],
    });
  });

  it("is one line, so that several are JSON Lines", () => {
    expect(jsonReport(broken)).toMatch(/^\{.*\}\n$/);
  });

  it("has the first finding, and all where there are several", () => {
    const run = jsonRun(broken);

    expect(run.counterexample?.rule).toBe("PG-10");
    expect(run.findings?.map(({ signature }) => signature)).toEqual(["PG-10 free", "PG-41 alloc-contig"]);
    expect(jsonRun({ ...broken, counterexamples: [counterOff.counterexample] })).not.toHaveProperty("findings");
  });

  it("has everything of a counterexample but its views", async () => {
    const { counterexample } = jsonRun({ ...broken, counterexamples: [foreignIsolation.counterexample] });

    await expect(`${JSON.stringify(counterexample, null, 2)}\n`).toMatchFileSnapshot(golden("foreign-isolation.report.json"));
  });

  it("says why where the verdict is inconclusive", () => {
    expect(jsonRun(doubtful)).toMatchObject({ verdict: "inconclusive", because: doubtful.because });
  });
});

describe("a finding in one line", () => {
  it("names rule, command, machine and evidence", async () => {
    const lines = Object.values(made).map(({ counterexample }) => oneLine(counterexample));

    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]+$/);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(golden("one-line.txt"));
  });
});
