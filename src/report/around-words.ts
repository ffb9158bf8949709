/** What stands around a counterexample, in words: `any mode in command 1`. */
import type { Around } from "../check/around.ts";
import type { Counterexample } from "../check/counterexample.ts";
import { commandLine } from "./command-words.ts";
import { counted, kept, listed } from "./lines.ts";
import { outcomesWords } from "./outcome-words.ts";
import type { Glyphs } from "./theme.ts";

/** A label, and what stands beside it. */
export type AroundLine = readonly [label: string, text: string];

/** How fields are called in reports, where not by their own names. */
const fieldWords: Readonly<Record<string, string>> = { pfn: "frame", start: "first frame", nrPages: "number of frames", maxPages: "number of frames", unitPages: "size of the unit", thisNode: "node-only flag", pcp: "per-CPU flag", longTerm: "long-term flag", memmapOnMemory: "memmap-on-memory flag" };

export function aroundLines(around: Around, { machine, commands, outcomes, breaking }: Counterexample, glyphs: Glyphs): readonly AroundLine[] {
  const { any, swappable, passing } = around;
  const lines: AroundLine[] = [];
  if (any.length > 0) lines.push(["any", `${listed([...new Set(any.map(({ command }) => command))].map((command) => irrelevant(around, command)))}`]);
  if (swappable.length > 0) lines.push(["order", `${listed(swappable.map((index) => kept(`${index + 1} and ${index + 2}`)))} can change places`]);
  if (passing === null) return lines;
  const place = passing.field === null && passing.command < breaking ? breaking - 1 : breaking;
  const answer = outcomesWords(machine.geometry, passing.commands, passing.outcomes, glyphs)[place];
  const before = outcomesWords(machine.geometry, commands, outcomes, glyphs)[breaking];
  const changed = passing.commands[passing.command];
  const change = passing.field === null ? `without command ${passing.command + 1}` : changed === undefined ? "" : `with command ${passing.command + 1} as: ${commandLine(changed)}`;
  const told = answer === undefined ? "" : answer === before ? "; the last command answers the same" : `; the last command then: ${answer}`;
  return [...lines, ["passes", `${change}${told}`]];
}

function irrelevant({ any }: Around, command: number): string {
  const fields = any.filter((entry) => entry.command === command);
  const values = fields.reduce((sum, { tried }) => sum + tried, 0);
  return `${listed(fields.map(({ field }) => kept(fieldWords[field] ?? field)))} of command ${command + 1} (${kept(`${counted(values, "other value")} tried`)})`;
}
