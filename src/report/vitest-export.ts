/** A counterexample as a test file that stands on its own: it fails while the defect is there and passes without it. */
import { hex } from "../../models/index.ts";
import type { Counterexample } from "../check/counterexample.ts";
import { printable } from "../formats/parsed.ts";
import { printJson } from "../formats/print-json.ts";
import type { Notation } from "../formats/print-json.ts";
import { scenarioFields } from "../formats/scenario.ts";
import { commandLine } from "./command-words.ts";
import { essenceWords, originWords, shortLabels } from "./finding-words.ts";
import { wrap } from "./lines.ts";

const literals: Notation = { frame: hex, field: (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)) };

/** The text of a test file, an ES module; to be saved as `NAME.test.js` where the package is installed. */
export function vitestExport(counterexample: Pick<Counterexample, "machine" | "profile" | "subject" | "seed" | "reduction" | "commands" | "breaking" | "finding">): string {
  const { machine, profile, subject, commands, breaking, finding } = counterexample;
  const command = commands[breaking];
  const comments = [
    `${finding.rule}: ${shortLabels(finding.title)}`,
    `Broken ${command === undefined ? "at boot" : `by ${commandLine(command)}`} ${originWords(counterexample)}`,
    ...(essenceWords(finding) === undefined ? [] : [`Seen: ${essenceWords(finding) ?? ""}`]),
    `Because: ${shortLabels(finding.because)}`,
  ];
  return [
    'import { replayScenario } from "framecheck";',
    'import { expect, it } from "vitest";',
    "",
    ...comments.flatMap((comment) => wrap(comment, 117).map((line, index) => (index === 0 ? `// ${line}` : `//   ${line}`))),
    `it(${JSON.stringify(printable(shortLabels(finding.title)))}, () => {`,
    `  const { verdict, finding } = replayScenario(scenario, { subject: ${oneLine(subject)} });`,
    "",
    '  expect(verdict, finding?.because).toBe("holds");',
    "});",
    "",
    `const scenario = ${printJson(scenarioFields({ machine, profile, commands }), literals).trimEnd()};`,
    "",
  ].join("\n");
}

function oneLine(value: object): string {
  return `{ ${Object.entries(value)
    .map(([field, entry]) => `${literals.field(field)}: ${JSON.stringify(entry)}`)
    .join(", ")} }`;
}
