/** A counterexample for people who meet the rule for the first time: what it says, why it matters, and what happened. */
import { stripVTControlCharacters } from "node:util";
import type { View } from "../../models/index.ts";
import type { Counterexample } from "../check/counterexample.ts";
import { commandLine } from "./command-words.ts";
import { evidenceWords, explainedWords, originWords, shortLabels, verdictWords } from "./finding-words.ts";
import { glossaryOf, stakesOf } from "./glossary.ts";
import { few, hanging, joinParts, leftAndRight, wrap } from "./lines.ts";
import { outcomesWords } from "./outcome-words.ts";
import { createTheme } from "./theme.ts";
import type { Theme, ThemeOptions } from "./theme.ts";
import { viewChanges } from "./view-diff.ts";

export interface ExplainOptions extends ThemeOptions {
  /** Columns; 80 where nothing is said. */
  readonly width?: number;
  /** The subject at boot, then after each command up to the breaking one, as a replay makes them. */
  readonly views: readonly View[];
}

/** Changes that are told of one command. */
const mostChanges = 12;

/** Entries of evidence that are told. */
const mostEvidence = 8;

/** The explanation, with a line end at its end. */
export function explainReport(counterexample: Counterexample, options: ExplainOptions): string {
  const theme = createTheme(options);
  const width = options.width ?? 80;
  const parts = [...rulePart(counterexample, width, theme), ...storyPart(counterexample, options.views, width, theme)];
  const text = stripVTControlCharacters(parts.flat().join("\n"));
  return joinParts([...parts, glossaryPart(text, width, theme)]);
}

// What kind of statement was broken.
const kinds: Readonly<Record<Counterexample["finding"]["kind"], string>> = {
  invariant: "This is to be true of every state, after every command.",
  law: "This is to be true of every command: of what was before, what was answered, and what is after.",
  clause: "This is a sentence of the specification about what a command may answer.",
  agreement: "Here the subject and the specification, given the same commands and answers, are not in the same state.",
  "self-check": "This is a sentence about the engine's own books: it stores a fact twice, and the two must agree.",
  crash: "A command may be refused, but it may never make the subject throw.",
};

function rulePart(counterexample: Counterexample, width: number, theme: Theme): readonly (readonly string[])[] {
  const { finding } = counterexample;
  const why = stakesOf(finding.title) ?? stakesOf(finding.evidence.map(evidenceWords).join("\n"));
  return [
    leftAndRight(verdictWords(counterexample), originWords(counterexample), width, (text) => theme.paint("broken", text)),
    titled("The rule", [shortLabels(finding.title), kinds[finding.kind]], width, theme),
    ...(why === undefined ? [] : [titled("Why it matters", [why], width, theme)]),
    ...(finding.source === "" ? [] : [titled("Where it comes from", [finding.source], width, theme)]),
  ];
}

function titled(title: string, paragraphs: readonly string[], width: number, theme: Theme): readonly string[] {
  return [theme.paint("label", title), ...paragraphs.flatMap((paragraph) => wrap(paragraph, width - 2).map((line) => `  ${line}`))];
}

/** One part a command: what it asked, what was answered, what changed; and the moment at which it went wrong. */
function storyPart(counterexample: Counterexample, views: readonly View[], width: number, theme: Theme): readonly (readonly string[])[] {
  const { commands, outcomes, breaking, machine, finding, explainedBy } = counterexample;
  const words = outcomesWords(machine.geometry, commands, outcomes, theme.glyphs);
  const steps = commands.slice(0, breaking + 1).map((command, index) => {
    const [before, after] = [views[index], views[index + 1]];
    const changes = before === undefined || after === undefined ? undefined : viewChanges(before, after, theme.glyphs.arrow);
    const told = changes === undefined ? ["(its views are not there)"] : changes.length === 0 ? ["nothing changed"] : few(changes, mostChanges, (change) => change);
    return [
      ...hanging(`Step ${index + 1} of ${breaking + 1}: ${commandLine(command)}`, 0, width).map((line) => theme.paint("label", line)),
      ...hanging(`answered: ${words[index] ?? "nothing, it threw"}`, 2, width),
      ...told.flatMap((line) => hanging(line, 4, width)),
    ];
  });
  const known = explainedWords(explainedBy);
  const moment = [
    theme.paint("broken", breaking < 0 ? "Right after boot the rule is broken" : "Here the rule is broken"),
    ...few(finding.evidence, mostEvidence, evidenceWords).flatMap((line) => hanging(line, 2, width)),
    ...hanging(shortLabels(finding.because), 2, width),
    ...(finding.permitted.length === 0 ? [] : hanging(`permitted would have been: ${finding.permitted.map(shortLabels).join("; or ")}`, 2, width)),
    ...(known === undefined ? [] : hanging(`Linux: ${known}`, 2, width)),
  ];
  return [...steps, moment];
}

function glossaryPart(text: string, width: number, theme: Theme): readonly string[] {
  const entries = glossaryOf(text);
  if (entries.length === 0) return [];
  return [theme.paint("label", "Words"), ...entries.flatMap(({ word, meaning }) => hanging(`${word}: ${meaning}`, 2, width))];
}
