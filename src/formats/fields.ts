/**
 * What fields of our files may hold, each with the words of what is expected, and how an issue becomes one line.
 *
 * Every schema's message is the phrase that follows "expected".
 */
import * as v from "valibot";
import { maxFrames, toBlockId, toPfn } from "../../models/index.ts";
import type { BlockId, Pfn } from "../../models/index.ts";
import { faulty, parsed, quoted } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";

/** A schema that takes anything and gives T. */
export type Schema<T> = v.GenericSchema<unknown, T>;

/** Labels of allocations, tokens, tasks, groups and devices; also node and area numbers, which may point at nothing. */
export const maxLabel: number = 2 ** 31 - 1;

export const maxOrder = 40;

/** A whole number, ends included. -0 is none: it would not come back the same. */
export function whole(from: number, to: number): Schema<number> {
  return v.custom<number>((input) => typeof input === "number" && Number.isInteger(input) && input >= from && input <= to && !Object.is(input, -0), `a whole number from ${from} to ${to}`);
}

export const label: Schema<number> = whole(0, maxLabel);
export const order: Schema<number> = whole(0, maxOrder);
/** A number of frames where none makes no sense: no caller may pass 0. */
export const nrPages: Schema<number> = whole(1, maxFrames);
/** A number of frames where 0 is a request that is refused. */
export const nrPagesOrNone: Schema<number> = whole(0, maxFrames);
export const yesOrNo: Schema<boolean> = v.boolean("true or false");

const hexText = /^0x[0-9a-f]{1,16}$/i;

function isFrame(input: unknown): input is string | number {
  const frame = typeof input === "string" && hexText.test(input) ? Number(input) : input;
  return typeof frame === "number" && Number.isInteger(frame) && frame >= 0 && frame <= maxFrames && !Object.is(frame, -0);
}

const frameWords = `a frame number from 0 to 0x${maxFrames.toString(16)}, as a number or like "0x40"`;

/** A frame number: 64 and "0x40" are the same. */
export const frame: Schema<Pfn> = v.pipe(v.custom<string | number>(isFrame, frameWords), v.transform((input) => toPfn(Number(input))));

export const frameOrNull: Schema<Pfn | null> = v.pipe(
  v.custom<string | number | null>((input) => input === null || isFrame(input), `${frameWords}, or null`),
  v.transform((input) => (input === null ? null : toPfn(Number(input)))),
);

export const block: Schema<BlockId> = v.pipe(whole(0, maxFrames), v.transform(toBlockId));

export const labelOrNull: Schema<number | null> = v.custom<number | null>((input) => input === null || v.is(label, input), `a whole number from 0 to ${maxLabel}, or null`);

export function oneOf<const T extends string>(values: readonly T[]): Schema<T> {
  return v.picklist(values, `one of ${values.join(", ")}`);
}

/** A text of at most this many characters. */
export function words(most: number): Schema<string> {
  return v.custom<string>((input) => typeof input === "string" && input.length <= most, `a text of at most ${most} characters`);
}

export function wordsOrNull(most: number): Schema<string | null> {
  return v.custom<string | null>((input) => input === null || (typeof input === "string" && input.length <= most), `a text of at most ${most} characters, or null`);
}

export function listOf<T>(item: Schema<T>, most: number): Schema<T[]> {
  return v.pipe(
    v.custom<unknown[]>((input) => Array.isArray(input) && input.length <= most, `a list of at most ${most} entries`),
    v.array(item),
  );
}

/** An object with these fields and no others. */
export function closed<const E extends v.ObjectEntries>(entries: E): v.StrictObjectSchema<E, v.ErrorMessage<v.StrictObjectIssue>> {
  return v.strictObject(entries, (issue) => {
    if (issue.expected === "never") return Object.keys(entries).join(", ");
    const key = issue.path?.at(-1)?.key;
    return key === undefined ? "an object" : expectation(entries, String(key));
  });
}

/** An object with these fields; others are read over. */
export function open<const E extends v.ObjectEntries>(entries: E): v.ObjectSchema<E, v.ErrorMessage<v.ObjectIssue>> {
  return v.object(entries, (issue) => {
    const key = issue.path?.at(-1)?.key;
    return key === undefined ? "an object" : expectation(entries, String(key));
  });
}

function expectation(entries: v.ObjectEntries, key: string): string {
  const entry = entries[key];
  return entry !== undefined && "message" in entry && typeof entry.message === "string" ? entry.message : "an object";
}

/** The value that the schema makes of the input, or one line: file, JSON path, what is expected, what was found. */
export function check<T>(schema: Schema<T>, file: string, input: unknown): Parsed<T> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return parsed(result.output);
  const [issue] = result.issues;
  const where = jsonPath(issue.path ?? []);
  if (issue.type === "strict_object" && issue.expected === "never") return faulty(file, where, `unknown field, expected only ${issue.message}`);
  const missing = (issue.type === "strict_object" || issue.type === "object") && issue.path?.at(-1)?.origin === "key";
  return faulty(file, where, `expected ${issue.message}, got ${missing ? "nothing" : found(issue.input)}`);
}

function jsonPath(path: readonly v.IssuePathItem[]): string {
  return path.reduce((text, { type, key }) => {
    if (type === "array") return `${text}[${String(key)}]`;
    const field = String(key);
    if (!/^[A-Za-z_][A-Za-z0-9_-]{0,59}$/.test(field)) return `${text}[${quoted(field)}]`;
    return text === "" ? field : `${text}.${field}`;
  }, "");
}

/** A value from a file as error lines show it. */
export function found(input: unknown): string {
  if (typeof input === "string") return quoted(input);
  if (Array.isArray(input)) return input.length === 1 ? "a list of 1 entry" : `a list of ${input.length} entries`;
  if (input === undefined) return "nothing";
  if (input === null || typeof input !== "object") return Object.is(input, -0) ? "-0" : String(input);
  return "an object";
}
