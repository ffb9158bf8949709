/** The part of the page about mutants of the code. */
import { bullets, heading, paragraph, table } from "../docs/markdown.ts";
import { counted } from "../report/lines.ts";
import { codeMeasurements, equivalenceClasses, equivalents, openMutants } from "./code-mutants.ts";
import type { CodeMeasurement, EquivalenceClass } from "./code-mutants.ts";

/** How many mutants a file is named for one by one. */
const mostNamed = 12;

export function codeMutantsPart(): readonly string[] {
  return [
    heading(2, "Mutants of the code"),
    paragraph("The bugs above are known ones. `npm run mutation` asks about all others: Stryker's instrumenter plants a mutant wherever an operator, a condition, a literal or a block can be changed, and the checks are run against each, the cheapest first, up to the first that notices. For the engine these are its tests and worked examples, and recorded runs of the search from a pinned seed: a mutant that answers or looks otherwise than recorded is run beside the specification, and is found if a rule breaks, or if the specification alone chooses otherwise or for another reason. A mutant that never ends is found, too. Mutants of the specification are asked in the same way, with what it recorded itself, and those of the rules by the tests of the rules and by recorded runs in lockstep that have to break none."),
    table(["part", "mutants", "asked", "found", "equivalent", "left", "found of those that are not equivalent"], codeMeasurements.map(measurementRow)),
    bullets(codeMeasurements.map(({ part, arguments: given, planted, asked, foundAtFirst, equivalent }) => `${part}: \`npm run mutation -- ${given}\`; ${asked === planted ? "a full run" : `a sample of ${counted(asked, "mutant")}, the same every time for the same sources`}. Before those that lived had become tests, ${foundAtFirst} were found, ${share(foundAtFirst, asked - equivalent)}: so much is to be expected of mutants that have not been asked`)),
    paragraph("Equivalent are mutants that nothing can tell from the original, each read and put into a class:"),
    bullets((Object.keys(equivalenceClasses) as EquivalenceClass[]).flatMap((id) => classLines(id))),
    paragraph("Left of the samples, neither found nor shown to be equivalent:"),
    bullets(openMutants.map(({ file, was, becomes, why }) => `\`${nameOf(file)}\`: \`${was}\` as \`${becomes}\`: ${why}`)),
    paragraph("What the samples taught has become tests: each fact that the engine stores twice is spoiled and seen told; the engine alone is held to what the specification chooses alone, why, and where; its containers are held to plain ones; for each clause an outcome is told that nothing but this clause refuses, and the frames that the breach names are compared. The sample was judged in two passes, before and after these tests, the second time only those that had lived. Mutants of `models` and `properties` can be asked; no sample of them has been judged and read to its end. No full run has been made: what is to be expected is good to three or four percentage points."),
  ];
}

function measurementRow({ part, planted, asked, found, equivalent }: CodeMeasurement): readonly string[] {
  const judged = asked - equivalent;
  return [part, String(planted), String(asked), String(found), String(equivalent), String(judged - found), share(found, judged)];
}

function share(found: number, of: number): string {
  return of === 0 ? "-" : `${((100 * found) / of).toFixed(1)} %`;
}

function nameOf(file: string): string {
  return file.replace(/^.*\//u, "");
}

function classLines(id: EquivalenceClass): readonly string[] {
  const own = equivalents.filter(({ why }) => why === id);
  if (own.length === 0) return [];
  const named = own.slice(0, mostNamed).map(({ file, was, becomes }) => `\`${nameOf(file)}\`: \`${was}\`${becomes === null ? "" : ` as \`${becomes}\``}`);
  const more = own.length > mostNamed ? [`${own.length - mostNamed} more in src/power/code-mutants.ts`] : [];
  return [`It ${equivalenceClasses[id]}: ${[...named, ...more].join("; ")}`];
}
