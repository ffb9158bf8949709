/** The commands of a counterexample in aligned columns, each with what came of it, the breaking one marked. */
import type { Command } from "../../models/index.ts";
import { printable } from "../formats/parsed.ts";
import { commandWords } from "./command-words.ts";
import { grouped, wrap } from "./lines.ts";
import type { Theme } from "./theme.ts";

export interface CommandTableOptions {
  readonly width: number;
  readonly theme: Theme;
  /** Index of the breaking command; -1: none. */
  readonly breaking: number;
}

/** Longer lists leave out what stands between their first and their last commands. */
const mostCommands = 60;
const firstCommands = 10;

/** The widest column of arguments; longer ones push the outcome to a line of its own. */
const widestArguments = 40;

/** The narrowest column that an outcome is wrapped in beside its command. */
const narrowestOutcome = 24;

interface Entry {
  readonly number: string;
  readonly op: string;
  readonly words: string;
  readonly outcome: string;
  readonly breaks: boolean;
}

/** `outcomes`: the words for each; commands behind the breaking one were not run. */
export function commandTable(commands: readonly Command[], outcomes: readonly string[], { width, theme, breaking }: CommandTableOptions): readonly string[] {
  const entries = commands.map((command, index) => ({ number: String(index + 1), op: command.op, words: printable(commandWords(command)), outcome: outcomes[index] ?? (index === breaking ? "no answer" : "not run"), breaks: index === breaking }));
  const left = entries.length > mostCommands ? { from: firstCommands, to: entries.length - (mostCommands - firstCommands) } : { from: 0, to: 0 };
  const shown = entries.filter((_, index) => index < left.from || index >= left.to);
  const widths = {
    number: Math.max(...shown.map(({ number }) => number.length)),
    op: Math.max(...shown.map(({ op }) => op.length)),
    words: Math.min(widestArguments, Math.max(...shown.map(({ words }) => words.length))),
  };
  return entries.flatMap((entry, index) => {
    if (index === left.from && left.to > left.from) return [theme.paint("faint", `  ${theme.glyphs.ellipsis} ${grouped(left.to - left.from)} commands`)];
    return index >= left.from && index < left.to ? [] : entryLines(entry, widths, width, theme);
  });
}

function entryLines(entry: Entry, widths: { readonly number: number; readonly op: number; readonly words: number }, width: number, theme: Theme): readonly string[] {
  const mark = entry.breaks ? theme.glyphs.breaking : " ";
  const head = `${mark} ${entry.number.padStart(widths.number)}  ${entry.op.padEnd(widths.op)}  `;
  const column = head.length + widths.words + 2;
  const room = width - column;
  const beside = entry.words.length <= widths.words && (room >= narrowestOutcome || entry.outcome.length <= room);
  const paint = (line: string): string => (entry.breaks ? theme.paint("broken", line) : line);
  if (beside) return besideLines(head, entry, widths.words, column, room).map(paint);
  const below = wrap(entry.outcome, width - head.length - 2).map((line) => " ".repeat(head.length + 2) + line);
  return [...wrap(entry.words, width - head.length).map((line, index) => (index === 0 ? head : " ".repeat(head.length)) + line), ...below].map(paint);
}

function besideLines(head: string, { words, outcome }: Entry, wordsWidth: number, column: number, room: number): readonly string[] {
  const [first = "", ...rest] = wrap(outcome, room);
  return [`${head}${words.padEnd(wordsWidth)}  ${first}`, ...rest.map((line) => " ".repeat(column) + line)];
}
