/**
 * What stands on the command line, as values. Anything that is not understood is one line and exit code 2.
 */
import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";

/** Something that the user gave can not be used. The message is one line: what, where, what was expected. */
export class BadInput extends Error {}

export type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options that every verb has. */
export const commonOptions: { readonly help: { readonly type: "boolean"; readonly short: "h" } } = { help: { type: "boolean", short: "h" } };

type Values<O extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>>["values"];

/** Parses the words after the verb. */
export function parseOptions<O extends Options>(verb: string, words: readonly string[], options: O): { readonly values: Values<O>; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new BadInput(`${verb}: ${(text.split("\n")[0] ?? text).replace(/\.?(?: To specify a positional.*)?$/u, "")}; see framecheck ${verb} --help`);
  }
}

/** A whole number within limits. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^\d{1,16}$/u.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
  throw new BadInput(`${option}: expected a whole number from ${min} to ${max}, got "${text}"`);
}

/** Seconds, possibly with a fraction. */
export function seconds(option: string, text: string): number {
  const number = /^\d{1,7}(\.\d{1,3})?$/u.test(text) ? Number(text) : Number.NaN;
  if (number > 0) return number;
  throw new BadInput(`${option}: expected seconds above 0, got "${text}"`);
}

/** The only positional argument of a verb. */
export function onePositional(verb: string, what: string, positionals: readonly string[]): string {
  const [first, ...rest] = positionals;
  if (first === undefined) throw new BadInput(`${verb}: expected ${what}; see framecheck ${verb} --help`);
  if (rest.length > 0) throw new BadInput(`${verb}: expected ${what} and nothing else, got "${rest.join(" ")}" too`);
  return first;
}

export function noPositionals(verb: string, positionals: readonly string[]): void {
  if (positionals.length > 0) throw new BadInput(`${verb}: unexpected "${positionals.join(" ")}"; see framecheck ${verb} --help`);
}
