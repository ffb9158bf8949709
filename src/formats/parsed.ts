/** What reading something from outside gives: the value, or one line that says what is wrong and where. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/** A file that was read, or bytes that came over a pipe under some name. */
export interface InputFile {
  /** As the user gave it; the error line begins with it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** `where` is a place inside the file: a line and column, or a JSON path; empty: the file as a whole. */
export function faulty(file: string, where: string, what: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error: where === "" ? `${printable(file)}: ${what}` : `${printable(file)}: ${where}: ${what}` };
}

// Control and format characters, line and paragraph separators, lone surrogates: what would move a terminal's cursor,
// end a line, or show as something else than it is.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text on one line, with everything that a terminal would act on written as an escape. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A text from a file as error lines quote it, cut where it is long. */
export function quoted(text: string): string {
  const limit = 60;
  return text.length <= limit ? `"${printable(text)}"` : `"${printable(text.slice(0, limit))}..." (${text.length} characters)`;
}
