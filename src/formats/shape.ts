/**
 * What every reader of a kernel file shares: a value of a known shape, or one line that says where it is not.
 *
 * Readers are strict. A file that is cut off, edited badly or comes from something else must not turn into numbers that
 * look like facts.
 */

/** Where a file is not as a reader expects. */
export interface ShapeError {
  /** Relative to the root that was read, as `proc/zoneinfo`. */
  readonly file: string;
  /** From 1; null where the file as a whole is wrong. */
  readonly line: number | null;
  readonly found: string;
  readonly expected: string;
}

export type Shaped<T> = { readonly ok: true; readonly value: T } | Misshapen;
export interface Misshapen {
  readonly ok: false;
  readonly error: ShapeError;
}

export function shaped<T>(value: T): Shaped<T> {
  return { ok: true, value };
}

export function misshapen(file: string, line: number | null, found: string, expected: string): Misshapen {
  return { ok: false, error: { file, line, found, expected } };
}

/** One line for people: `proc/zoneinfo line 57: found "spanned -3", expected a count of pages`. */
export function showShapeError(error: ShapeError): string {
  const where = error.line === null ? error.file : `${error.file} line ${error.line}`;
  return `${where}: found ${error.found}, expected ${error.expected}`;
}

const longestQuote = 48;

/** Text from a file as a message may carry it: printable ASCII, not long. */
export function quote(text: string): string {
  const printable = text.slice(0, longestQuote).replaceAll(/[^ -~]/gu, (char) => `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`);
  return `"${printable}${text.length > longestQuote ? "..." : ""}"`;
}

/** A decimal number that a JavaScript number holds exactly, or undefined. */
export function decimal(text: string): number | undefined {
  if (!/^\d{1,16}$/u.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A hexadecimal number without prefix that a JavaScript number holds exactly, or undefined. */
export function hexadecimal(text: string): number | undefined {
  if (!/^[0-9a-f]{1,16}$/u.test(text)) return undefined;
  const value = Number.parseInt(text, 16);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** What a number in a file has to be, for messages. */
export const wholeNumber = "a whole number from 0 to 2^53 - 1";

// Tab and newline are the only control characters that the kernel prints into these files.
// oxlint-disable-next-line no-control-regex
const strange = /[\u0000-\u0008\u000b-\u001f\u007f]/u;

/** The lines of a text file. The kernel ends every line with a newline and nothing else. */
export function textLines(file: string, text: string): Shaped<readonly string[]> {
  if (text.length === 0) return misshapen(file, null, "an empty file", "text");
  const lines = text.split("\n");
  const bad = lines.findIndex((line) => strange.test(line));
  if (bad !== -1) {
    const line = lines[bad] ?? "";
    if (line.endsWith("\r")) return misshapen(file, bad + 1, "a carriage return", "a line that ends in a newline alone");
    return misshapen(file, bad + 1, quote(line), "printable text");
  }
  const last = lines.pop() ?? "";
  if (last !== "") return misshapen(file, lines.length + 1, `${quote(last)} and the end of the file`, "a newline at the end: the file is cut off");
  return shaped(lines);
}

/** The text of a file of one line. */
export function oneLine(file: string, text: string): Shaped<string> {
  const lines = textLines(file, text);
  if (!lines.ok) return lines;
  const [line = "", ...rest] = lines.value;
  return rest.length === 0 ? shaped(line) : misshapen(file, 2, quote(rest[0] ?? ""), "one line");
}

/** One of a list of words, or undefined. */
export function oneOf<T extends string>(words: readonly T[], text: string): T | undefined {
  return words.find((word) => word === text);
}

/** A list of words as messages name them: `a, b or c`. */
export function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}
