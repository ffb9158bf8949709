/** Text into lines of a width. Widths count characters; texts from outside are made printable before they are counted. */
import { printable } from "../formats/parsed.ts";

/** The narrowest column that text is wrapped in; below it lines are longer than asked for. */
const narrowest = 16;

/** The text, to be kept on one line. */
export function kept(text: string): string {
  return text.replaceAll(" ", unbreakable);
}

const unbreakable = "\u{a0}";

/**
 * The text in lines of at most `width` characters, from the second on of at most `later`: broken at spaces, and inside a
 * word only where it alone is too long.
 */
export function wrap(text: string, width: number, later: number = width): readonly string[] {
  const room = (line: number): number => Math.max(narrowest, line === 0 ? width : later);
  const lines = [""];
  for (const word of wordsOf(text, Math.min(room(0), room(1)))) {
    const line = lines.length - 1;
    const joined = lines[line] === "" ? word : `${lines[line] ?? ""} ${word}`;
    if (joined.length <= room(line)) lines[line] = joined;
    else lines.push(word);
  }
  return lines.map((line) => line.replaceAll(unbreakable, " "));
}

/** The words, none longer than `room`: what was to be kept together is not if it is longer, and long words are cut. */
function wordsOf(text: string, room: number): readonly string[] {
  const words = printable(text.replaceAll(/[ \t\r\n]+/g, " ").trim()).split(" ");
  return words
    .flatMap((word) => (word.length > room ? word.split(unbreakable) : [word]))
    .flatMap((word) => (word.length > room ? Array.from({ length: Math.ceil(word.length / room) }, (_, index) => word.slice(index * room, (index + 1) * room)) : [word]));
}

/** A label in its own column, and the text beside it: `because    ...`. */
export function labelled(label: string, text: string, width: number, paintLabel: (label: string) => string = (same) => same): readonly string[] {
  return wrap(text, width - labelWidth).map((line, index) => (index === 0 ? paintLabel(label) + " ".repeat(Math.max(1, labelWidth - label.length)) + line : " ".repeat(labelWidth) + line));
}

/** Columns of the labels at the left edge. */
export const labelWidth = 11;

/** The text behind an indent, wrapped, with further lines indented two more. */
export function hanging(text: string, indent: number, width: number): readonly string[] {
  return wrap(text, width - indent, width - indent - 2).map((line, index) => " ".repeat(index === 0 ? indent : indent + 2) + line);
}

/** Words on the left and on the right of one line, or below one another where they do not fit. */
export function leftAndRight(left: string, right: string, width: number, paintLeft: (left: string) => string): readonly string[] {
  const [first, last] = [wrap(left, width), wrap(right, width)];
  // As they are printed: what a terminal would act on takes more columns than it has characters.
  const gap = width - first.join("").length - last.join("").length;
  if (first.length === 1 && last.length === 1 && gap >= 2) return [paintLeft(first.join("")) + " ".repeat(gap) + last.join("")];
  return [...first.map(paintLeft), ...last.map((line) => line.padStart(width))];
}

/** The text of a report: its parts with empty lines between them, without those that have nothing to say, and a line end at its end. */
export function joinParts(parts: readonly (readonly string[])[]): string {
  const texts = parts.filter((lines) => lines.length > 0).map((lines) => lines.map((line) => line.trimEnd()).join("\n"));
  return `${texts.join("\n\n")}\n`;
}

/** `a, b and c`. */
export function listed(items: readonly string[], joint = "and"): string {
  const last = items.at(-1);
  if (last === undefined) return "none";
  return items.length === 1 ? last : `${items.slice(0, -1).join(", ")} ${joint} ${last}`;
}

/** The first few of many, and how many more there are; one more is not worth leaving out. */
export function few<T>(items: readonly T[], most: number, show: (item: T) => string): readonly string[] {
  const rest = items.length - most;
  return rest <= 1 ? items.map(show) : [...items.slice(0, most).map(show), `${rest} more`];
}

/** `1 frame`, `2 frames`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}

/** A count with thin groups of three from five digits on: `1204`, `1 204 000`. */
export function grouped(n: number): string {
  const digits = String(n);
  return Math.abs(n) < 10_000 || !Number.isInteger(n) ? digits : digits.replaceAll(/\B(?=(?:\d{3})+$)/gu, " ");
}

/** A size in the largest unit that gives at most one decimal without loss, else rounded to one. */
export function showBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : Number(size.toFixed(1))} ${units[unit] ?? ""}`;
}
