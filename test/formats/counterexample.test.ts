import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAny } from "../../src/formats/any-file.ts";
import { counterexampleText, parseCounterexample, scenarioOf } from "../../src/formats/counterexample.ts";
import { scenarioText } from "../../src/formats/scenario.ts";
import { foreignIsolation } from "../report/counterexamples.ts";
import { counterexample, scenario } from "./file-values.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): ReturnType<typeof parseCounterexample> => parseCounterexample({ name: "c.json", bytes: bytes(text) });

const { before: _before, after: _after, expected: _expected, ...saved } = foreignIsolation.counterexample;

const any = (text: string): ReturnType<typeof parseAny> => parseAny({ name: "f.json", bytes: bytes(text) });

function errorOf(change: (file: Record<string, unknown>) => void): string {
  const file = JSON.parse(counterexampleText(saved)) as Record<string, unknown>;
  change(file);
  const result = parse(JSON.stringify(file));
  return result.ok ? "no error" : result.error;
}

describe("a counterexample file", () => {
  it("comes back from its text as it was", () => {
    fc.assert(
      fc.property(counterexample, (value) => {
        expect(parse(counterexampleText(value))).toEqual({ ok: true, value });
      }),
      { numRuns: 300 },
    );
  });

  it("leaves out the views and what was expected, which a replay makes again", async () => {
    const text = counterexampleText(foreignIsolation.counterexample);

    expect(parse(text)).toEqual({ ok: true, value: saved });
    await expect(text).toMatchFileSnapshot("../fixtures/reports/foreign-isolation.json");
  });

  it("is not written larger than it is read", () => {
    const evidence = Array.from({ length: 700 }, () => ({ was: "x".repeat(100_000), is: "" }));

    expect(() => counterexampleText({ ...saved, finding: { ...saved.finding, evidence } })).toThrow("could not be read back");
  });

  it("holds a scenario to replay", () => {
    expect(scenarioOf(saved)).toEqual({ title: saved.finding.title, machine: saved.machine, profile: "strict", subject: saved.subject, commands: saved.commands });
  });

  it.each<[string, (file: Record<string, unknown>) => void, string]>([
    ["unknown rule kind", (file) => Object.assign(file["finding"] as object, { kind: "rumour" }), 'c.json: finding.kind: expected one of invariant, law, clause, agreement, self-check, crash, got "rumour"'],
    ["evidence of the wrong shape", (file) => Object.assign(file["finding"] as object, { evidence: [{ pfn: 1, was: "a" }] }), "c.json: finding.evidence[0].is: expected a text of at most 100000 characters, got nothing"],
    ["unknown switch", (file) => Object.assign(file, { explainedBy: ["KD-2", "KD-22"] }), 'c.json: explainedBy[1]: expected one of KD-1, KD-2, KD-3, KD-4, KD-6, KD-8, KD-9, KD-11, KD-12, EX-1, EX-3, EX-6, EX-7, EX-9, EX-10, S-05, S-30, got "KD-22"'],
    ["views that were saved", (file) => Object.assign(file, { before: {} }), "c.json: before: unknown field, expected only framecheck, version, signature, finding, machine, profile, subject, seed, run, reduction, explainedBy, breaking, commands, outcomes"],
    ["breaking command that is not there", (file) => Object.assign(file, { breaking: 2 }), "c.json: breaking: expected a whole number from -1 to 1, the last command, got 2"],
    ["outcome too few", (file) => (file["outcomes"] as unknown[]).pop(), "c.json: outcomes: expected one for each command up to the breaking one, 2, got 1"],
    ["outcome too many", (file) => (file["outcomes"] as unknown[]).push({ result: "ok" }), "c.json: outcomes: expected one for each command up to the breaking one, 2, got 3"],
    ["unknown result", (file) => Object.assign(file, { outcomes: [{ result: "ok" }, { result: "fine" }] }), 'c.json: outcomes[1].result: expected one of ok, refused, skipped, livelock, bug, running, got "fine"'],
    ["frame in an outcome", (file) => Object.assign(file, { outcomes: [{ result: "ok" }, { result: "ok", moved: [{ id: 1, from: "0x1", to: { pfn: "here", order: 0 } }] }] }), 'c.json: outcomes[1].moved[0].to.pfn: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", got "here"'],
    ["seed that is no whole number", (file) => Object.assign(file, { seed: 1.5 }), "c.json: seed: expected a whole number, or null, got 1.5"],
    ["reduction of the wrong shape", (file) => Object.assign(file, { reduction: {} }), "c.json: reduction.fromCommands: expected a whole number from 0 to 9007199254740991, got nothing"],
    ["profile of the subject", (file) => Object.assign(file["subject"] as object, { profile: "x" }), 'c.json: subject.profile: unknown profile "x", expected strict or linux-6.12, optionally followed by +SWITCH or -SWITCH'],
    ["another version", (file) => Object.assign(file, { version: 2 }), "c.json: version: written by another version: expected 1, got 2"],
    ["another kind", (file) => Object.assign(file, { framecheck: "scenario" }), "c.json: framecheck: expected a counterexample, got a scenario"],
  ])("is refused with one line: %s", (_name, change, error) => {
    expect(errorOf(change)).toBe(error);
  });

  it("may lack the last outcome where the subject crashed", () => {
    const crashed = errorOf((file) => {
      Object.assign(file["finding"] as object, { kind: "crash" });
      (file["outcomes"] as unknown[]).pop();
    });

    expect(crashed).toBe("no error");
  });
});

describe("parseAny", () => {
  it("takes a scenario", () => {
    fc.assert(
      fc.property(scenario, (value) => {
        expect(any(scenarioText(value))).toEqual({ ok: true, value: { scenario: value, counterexample: null } });
      }),
      { numRuns: 50 },
    );
  });

  it("takes a counterexample as the scenario it holds", () => {
    expect(any(counterexampleText(saved))).toEqual({ ok: true, value: { scenario: scenarioOf(saved), counterexample: saved } });
  });

  it.each([
    ['{"framecheck":"machine","version":1,"machine":"tiny"}', "f.json: framecheck: expected a scenario or a counterexample, got a machine"],
    ['{"framecheck":"trace"}', 'f.json: framecheck: expected "scenario" or "counterexample", got "trace"'],
    ['{"framecheck":"counterexample","version":0}', "f.json: version: written by another version: expected 1, got 0"],
    ['{"framecheck":"scenario","version":1,"machine":"tiny","commands":[{"op":"free","id":1}]}', "f.json: commands[0].pcp: expected true or false, got nothing"],
    ["{", 'f.json: line 1 column 2: the text ends here, expected a field name in double quotes or "}"'],
  ])("refuses %s", (text, error) => {
    expect(any(text)).toEqual({ ok: false, error });
  });
});
