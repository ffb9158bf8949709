/** The printed sections of docs/reports.md: examples of every format, and the fields of each. */
import { aroundOf } from "../check/around.ts";
import { counterexampleText } from "../formats/counterexample.ts";
import { scenarioText } from "../formats/scenario.ts";
import { createReference } from "../../models/index.ts";
import { aimedPass, passes, thoroughPasses } from "../../properties/index.ts";
import { legendOf, typeLegendOf } from "../report/strip-cells.ts";
import { summaryReport } from "../report/summary.ts";
import { textReport } from "../report/text.ts";
import { vitestExport } from "../report/vitest-export.ts";
import { exampleCounterexample, exampleFile, exampleRun, exampleScenario } from "./example.ts";
import {
  attemptFields, auditFields, becauseFields, cmaFields, counterexampleFields, evidenceFields, fieldTable, findingFields, geometryFields, grantFields, jsonCounterexampleFields, machineFields, moveFields, nodeFields, outcomeFields,
  reductionFields, runFields, scenarioFields, subjectFields,
} from "./field-tables.ts";
import { defaultOf, machineExample } from "./machine-example.ts";
import { table } from "./markdown.ts";

export function reportSections(): Readonly<Record<string, string>> {
  const counterexample = exampleCounterexample();
  const around = aroundOf(counterexample);
  return {
    "text-report": fenced("text", textReport(counterexample, { width: 80, file: exampleFile, ...(around === undefined ? {} : { around }) })),
    passes: table(["pass", "what it proposes"], [...passes, aimedPass(createReference), ...thoroughPasses()].map(({ id, title }) => [`\`${id}\``, title])),
    letters: letterTable(),
    summary: fenced("text", summaryReport(exampleRun(), { width: 80 })),
    "run-fields": fieldTable(runFields),
    "finding-fields": fieldTable(jsonCounterexampleFields),
    "subject-fields": fieldTable(subjectFields),
    "evidence-fields": fieldTable(evidenceFields),
    "reduction-fields": fieldTable(reductionFields),
    "outcome-fields": fieldTable(outcomeFields),
    "grant-fields": fieldTable(grantFields),
    "move-fields": fieldTable(moveFields),
    "attempt-fields": fieldTable(attemptFields),
    "because-fields": fieldTable(becauseFields),
    "audit-fields": fieldTable(auditFields),
    "scenario-example": fenced("json", scenarioText(exampleScenario())),
    "scenario-fields": fieldTable(scenarioFields),
    "machine-example": fenced("json", machineExample),
    "machine-fields": fieldTable(machineFields, (field) => [defaultOf("machine", field)], ["left out"]),
    "geometry-fields": fieldTable(geometryFields),
    "node-fields": fieldTable(nodeFields, (field) => [defaultOf("node", field)], ["left out"]),
    "cma-fields": fieldTable(cmaFields, (field) => [defaultOf("cma", field)], ["left out"]),
    "counterexample-example": fenced("json", counterexampleText(counterexample)),
    "counterexample-fields": fieldTable(counterexampleFields),
    "saved-finding-fields": fieldTable(findingFields),
    "vitest-export": fenced("js", vitestExport(counterexample)),
  };
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

/** Every letter that a strip of the memory can have. */
function letterTable(): string {
  const ascii = new Set(Array.from({ length: 95 }, (_, code) => String.fromCharCode(32 + code)));
  return table(["of", "letter", "meaning"], [...letterRows("a frame", legendOf(ascii)), ...letterRows("a pageblock", typeLegendOf(ascii))]);
}

function letterRows(of: string, legend: readonly string[]): readonly (readonly string[])[] {
  return legend.map((entry) => [of, `\`${entry.charAt(0)}\``, entry.slice(2)]);
}
