/** A finding in one line, for lists and logs. */
import { printable } from "../formats/parsed.ts";
import type { Counterexample } from "../check/counterexample.ts";
import { commandLine } from "./command-words.ts";
import { essenceWords } from "./finding-words.ts";

/** `PG-41 broken by alloc-contig a1 [0x66, 0x6a), command 2 (tiny, strict): ...`. Never more than one line, however long. */
export function oneLine({ finding, commands, breaking, machine, profile, subject, explainedBy }: Counterexample): string {
  const command = commands[breaking];
  const by = command === undefined ? "at boot" : `${finding.kind === "crash" ? "in" : "by"} ${commandLine(command)}, command ${breaking + 1}`;
  const where = [machine.name, profile, ...(subject.mutant === null ? [] : [`fault ${subject.mutant}`]), ...(explainedBy.length === 0 ? [] : [`known as ${explainedBy.join(", ")}`])].join(", ");
  const what = (essenceWords(finding) ?? finding.because).replaceAll(/[\u{a0}\s]+/gu, " ").trim();
  return printable(`${finding.kind === "crash" ? "crash" : `${finding.rule} broken`} ${by} (${where}): ${what}`);
}
