import { describe, expect, it } from "vitest";
import { parseAny } from "../../src/formats/any-file.ts";
import { parseCounterexample } from "../../src/formats/counterexample.ts";
import { machineFields, parseMachine } from "../../src/formats/machine.ts";
import type { InputFile } from "../../src/formats/parsed.ts";
import { parseScenario } from "../../src/formats/scenario.ts";
import { replayScenario } from "../../src/index.ts";
import { exampleCounterexample, exampleRun } from "../../src/docs/example.ts";
import {
  counterexampleFields, evidenceFields, findingFields, jsonCounterexampleFields, machineFields as machineWords, outcomeFields, reductionFields, runFields, scenarioFields, subjectFields,
} from "../../src/docs/field-tables.ts";
import { defaultOf } from "../../src/docs/machine-example.ts";
import { jsonCounterexample, jsonRun } from "../../src/report/json.ts";
import { blocksOf, pageText } from "./pages.ts";

const page = pageText("reports.md");
const files = blocksOf(page, "json").map((text): InputFile => ({ name: "docs/reports.md", bytes: new TextEncoder().encode(text) }));

function kindOf({ bytes }: InputFile): unknown {
  const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return typeof json === "object" && json !== null && "framecheck" in json ? json.framecheck : undefined;
}

function exampleOf(kind: string): InputFile {
  const found = files.find((file) => kindOf(file) === kind);
  if (found === undefined) throw new Error(`docs/reports.md has no ${kind}`);
  return found;
}

describe("the files in docs/reports.md", () => {
  it("are one of each kind", () => {
    expect(files.map(kindOf).toSorted()).toEqual(["counterexample", "machine", "scenario"]);
  });

  it("are read by the parsers", () => {
    expect(parseScenario(exampleOf("scenario"))).toMatchObject({ ok: true });
    expect(parseMachine(exampleOf("machine"))).toMatchObject({ ok: true, value: { name: "two-nodes", arch: "x86-64" } });
    expect(parseCounterexample(exampleOf("counterexample"))).toMatchObject({ ok: true, value: { signature: "KD-2" } });
  });

  it("break the rule that they say", () => {
    const scenario = parseAny(exampleOf("scenario"));
    const counterexample = parseAny(exampleOf("counterexample"));

    for (const file of [scenario, counterexample]) {
      if (!file.ok) throw new Error(file.error);
      const { subject } = file.value.scenario;
      expect(replayScenario(file.value.scenario, subject === undefined ? {} : { subject })).toMatchObject({ verdict: "breach", finding: { rule: exampleCounterexample().finding.rule } });
    }
  });

  it("are refused as the page says", () => {
    const [, told = ""] = /^framecheck: my\.json: (commands\[0\]\.id: .*)$/m.exec(page) ?? [];
    const text = JSON.stringify({ framecheck: "scenario", version: 1, machine: "tiny", commands: [{ op: "free", id: -1, pcp: false }] });

    expect(parseScenario({ name: "my.json", bytes: new TextEncoder().encode(text) })).toEqual({ ok: false, error: `my.json: ${told}` });
  });
});

describe("the fields in docs/reports.md", () => {
  const counterexample = exampleCounterexample();
  const finding = jsonCounterexample(counterexample);

  it("are those of the reports", () => {
    const run = jsonRun(exampleRun());

    expect(Object.keys(run).filter((field) => !Object.hasOwn(runFields, field))).toEqual([]);
    expect(Object.keys(finding)).toEqual(Object.keys(jsonCounterexampleFields));
    expect(Object.keys(finding.subject)).toEqual(Object.keys(subjectFields));
    expect(Object.keys(finding.reduction ?? {})).toEqual(Object.keys(reductionFields));
    expect(Object.keys(finding.evidence[0] ?? {}).filter((field) => !Object.hasOwn(evidenceFields, field))).toEqual([]);
    expect(Object.keys(finding.expected).filter((field) => !Object.hasOwn(outcomeFields, field))).toEqual([]);
  });

  it("are those of the files", () => {
    const scenario: unknown = JSON.parse(new TextDecoder().decode(exampleOf("scenario").bytes));
    const saved: unknown = JSON.parse(new TextDecoder().decode(exampleOf("counterexample").bytes));

    expect(Object.keys(Object(scenario))).toEqual(["framecheck", "version", ...Object.keys(scenarioFields)]);
    expect(Object.keys(Object(saved))).toEqual(["framecheck", "version", ...Object.keys(counterexampleFields)]);
    expect(Object.keys(counterexample.finding).toSorted()).toEqual(Object.keys(findingFields).toSorted());
  });

  it("are those of a machine, with what is taken where one is left out", () => {
    const machine = parseMachine(exampleOf("machine"));
    if (!machine.ok) throw new Error(machine.error);
    const fields = machineFields(machine.value);

    expect(Object.keys(machineWords).filter((name) => defaultOf("machine", name) !== "none")).toEqual(Object.keys(fields));
    expect(defaultOf("machine", "zeroPage")).toBe("none");
    expect(defaultOf("machine", "autoMovableRatio")).toBe(JSON.stringify(fields.autoMovableRatio));
    expect(defaultOf("machine", "hotplugEnd")).toBe("required");
    expect(defaultOf("node", "cpus")).toBe(JSON.stringify(fields.nodes[0]?.cpus));
    expect(defaultOf("cma", "reservePagesOnError")).toBe("false");
    expect(defaultOf("cma", "orderPerBit")).toBe(JSON.stringify(fields.cma[0]?.orderPerBit));
  });
});
