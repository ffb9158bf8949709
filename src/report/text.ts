/**
 * A counterexample as text for people: the verdict, the machine, the commands, the memory, the evidence, the reason, and
 * the line that shows it again. In that order, so that the first screen answers the first questions.
 */
import type { Around } from "../check/around.ts";
import type { Counterexample } from "../check/counterexample.ts";
import { printable } from "../formats/parsed.ts";
import { aroundLines } from "./around-words.ts";
import { commandTable } from "./command-table.ts";
import { eventWords, essenceWords, evidenceWords, explainedWords, namedFrames, originWords, reductionWords, replayWords, shortLabels, verdictWords } from "./finding-words.ts";
import { few, hanging, joinParts, labelWidth, labelled, leftAndRight, wrap } from "./lines.ts";
import { machineWords, profileWords, subjectWords, zoneWords } from "./machine-words.ts";
import { outcomesWords } from "./outcome-words.ts";
import { strip } from "./strip.ts";
import { createTheme } from "./theme.ts";
import type { Theme, ThemeOptions } from "./theme.ts";

export interface TextOptions extends ThemeOptions {
  /** Columns; 80 where nothing is said. */
  readonly width?: number;
  /** The file that the counterexample was saved to, for the replay line. */
  readonly file?: string;
  /** What stands around it, where that was tried. */
  readonly around?: Around;
}

/** Entries of evidence that are printed. */
const mostEvidence = 8;

/** The report, with a line end at its end. */
export function textReport(counterexample: Counterexample, options: TextOptions = {}): string {
  const theme = createTheme(options);
  const width = options.width ?? 80;
  const parts = [
    verdictPart(counterexample, width, theme),
    machinePart(counterexample, width, theme),
    commandsPart(counterexample, width, theme),
    memoryPart(counterexample, width, theme),
    evidencePart(counterexample, width, theme),
    reasonPart(counterexample, width, theme),
    aroundPart(counterexample, options.around, width, theme),
    endPart(counterexample, options.file, width, theme),
  ];
  return joinParts(parts);
}

function verdictPart(counterexample: Counterexample, width: number, theme: Theme): readonly string[] {
  const { finding } = counterexample;
  const essence = essenceWords(finding);
  return [
    ...leftAndRight(verdictWords(counterexample), originWords(counterexample), width, (text) => theme.paint("broken", text)),
    ...wrap(shortLabels(finding.title), width),
    ...(essence === undefined ? [] : wrap(essence, width).map((line) => theme.paint("label", line))),
  ];
}

function machinePart({ machine, profile, subject, before, after }: Counterexample, width: number, theme: Theme): readonly string[] {
  const label = (text: string): string => theme.paint("label", text);
  const several = (name: string, lines: readonly string[]): readonly string[] => lines.flatMap((line, index) => labelled(index === 0 ? name : "", line, width, label));
  return [
    ...several("machine", machineWords(machine)),
    ...several("zones", zoneWords(machine, before, after, theme.glyphs.arrow)),
    ...labelled("profile", profileWords(profile), width, label),
    ...labelled("subject", subjectWords(subject, profile), width, label),
  ];
}

function commandsPart({ machine, commands, outcomes, breaking }: Counterexample, width: number, theme: Theme): readonly string[] {
  if (commands.length === 0) return [theme.paint("label", "commands") + " ".repeat(labelWidth - "commands".length) + "none: the rule is broken right after boot"];
  const words = outcomesWords(machine.geometry, commands, outcomes, theme.glyphs);
  return [theme.paint("label", "commands"), ...commandTable(commands, words, { width, theme, breaking })];
}

function memoryPart({ before, after, finding, breaking }: Counterexample, width: number, theme: Theme): readonly string[] {
  const shown = strip(before, after, namedFrames(finding.evidence), { width, theme });
  if (shown === undefined) return labelled("memory", "the subject shows no frames", width, (text) => theme.paint("label", text));
  if (shown.lines.length === 0) return labelled("memory", "no frame changed, and the evidence names none", width, (text) => theme.paint("label", text));
  const when = breaking < 0 ? "at boot" : `before and after command ${breaking + 1}`;
  return [...labelled("memory", `${when}; ${shown.cell}`, width, (text) => theme.paint("label", text)), ...shown.lines];
}

function evidencePart({ finding: { evidence } }: Counterexample, width: number, theme: Theme): readonly string[] {
  if (evidence.length === 0) return [];
  return [theme.paint("label", "evidence"), ...few(evidence, mostEvidence, evidenceWords).flatMap((line) => hanging(line, 2, width))];
}

function reasonPart(counterexample: Counterexample, width: number, theme: Theme): readonly string[] {
  const { finding, outcomes, breaking } = counterexample;
  const label = (text: string): string => theme.paint("label", text);
  const { permitted, observed } = answerWords(counterexample, theme);
  const answer = outcomes[breaking];
  const events = answer === undefined ? undefined : eventWords(answer);
  return [
    ...labelled("because", shortLabels(finding.because), width, label),
    ...permitted.flatMap((entry, index) => labelled(index === 0 ? "permitted" : "", shortLabels(entry), width, label)),
    ...(observed === undefined ? [] : labelled("observed", observed, width, label)),
    ...(events === undefined ? [] : labelled("notifiers", events, width, label)),
    ...(finding.source === "" ? [] : labelled("source", finding.source, width, label)),
  ];
}

/** What the rules permit as an answer, against what was answered. Where only the state is wrong, that is said. */
function answerWords({ finding, machine, commands, outcomes, breaking, expected }: Counterexample, theme: Theme): { readonly permitted: readonly string[]; readonly observed?: string } {
  const observed = outcomesWords(machine.geometry, commands, outcomes, theme.glyphs)[breaking];
  const alone = commands[breaking] === undefined ? undefined : outcomesWords(machine.geometry, commands, [...outcomes.slice(0, breaking), expected], theme.glyphs)[breaking];
  const given = observed === undefined ? {} : { observed };
  if (finding.permitted.length > 0 || alone === undefined) return { permitted: finding.permitted, ...given };
  const answer = outcomes[breaking];
  // Reasons are words; only what was answered is a promise.
  const sameRefusal = answer?.errno !== undefined && answer.errno === expected.errno && answer.result === expected.result && answer.moved === undefined && expected.moved === undefined;
  if (sameRefusal) return { permitted: [], observed: `${observed ?? answer.errno}; the specification answers ${answer.errno} too, and what it left behind is wrong` };
  if (alone === observed) return { permitted: [], observed: `${alone}, as the specification answers too; what it left behind is wrong` };
  return { permitted: [`${alone}, as the specification does alone`], ...given };
}

function aroundPart(counterexample: Counterexample, around: Around | undefined, width: number, theme: Theme): readonly string[] {
  if (around === undefined) return [];
  return aroundLines(around, counterexample, theme.glyphs).flatMap(([label, text]) => labelled(label, text, width, (name) => theme.paint("label", name)));
}

function endPart(counterexample: Counterexample, file: string | undefined, width: number, theme: Theme): readonly string[] {
  const label = (text: string): string => theme.paint("label", text);
  const known = explainedWords(counterexample.explainedBy);
  const reduction = reductionWords(counterexample);
  const replay = replayWords(counterexample, file);
  return [
    ...labelled("Linux", known ?? "no known difference of Linux explains this", width, label),
    ...(reduction === undefined ? [] : labelled("reduced", reduction, width, label)),
    // Never wrapped: it is to be copied.
    ...(replay === undefined ? [] : [`${label("replay:")} ${printable(replay)}`]),
  ];
}
