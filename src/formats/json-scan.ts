/**
 * One pass over a JSON text before `JSON.parse` sees it: where it is not JSON, and where it is more than any file of
 * ours is. `JSON.parse` words its errors differently in every engine and gives no position for some, keeps the last of
 * two equal fields without a word, and takes nesting until the memory is gone.
 */
import { quoted } from "./parsed.ts";

/** Levels of nesting; our deepest file has 11. */
export const maxDepth = 32;

/** Fields of one object; our largest has 20. */
export const maxFields = 64;

/** Objects and lists in one text. */
export const maxContainers = 8_000_000;

export interface JsonFault {
  /** Index into the text; its length where something is missing at the end. */
  readonly offset: number;
  /** In words, without the place. */
  readonly what: string;
}

type Expected = "value" | "value or ]" | "field" | "field or }" | ", or ]" | ", or }" | ":" | "end";

const expectedWords: Readonly<Record<Expected, string>> = {
  value: "a value",
  "value or ]": "a value or \"]\"",
  field: "a field name in double quotes",
  "field or }": "a field name in double quotes or \"}\"",
  ", or ]": "\",\" or \"]\"",
  ", or }": "\",\" or \"}\"",
  ":": "\":\"",
  end: "nothing more",
};

/** The first fault of the text, or undefined: then `JSON.parse` takes it. */
export function scanJson(text: string, most: number = maxContainers): JsonFault | undefined {
  // The fields seen in each open object; null for a list.
  const open: (string[] | null)[] = [];
  let containers = 0;
  let expected: Expected = "value";
  let at = skipSpace(text, 0);

  while (at < text.length) {
    const character = text[at];
    if (expected === "field" || (expected === "field or }" && character !== "}")) {
      if (character !== '"') return unexpected(text, at, expected);
      const end = endOfString(text, at);
      if (typeof end !== "number") return end;
      const fault = addField(open.at(-1), text.slice(at + 1, end - 1), at);
      if (fault !== undefined) return fault;
      expected = ":";
      at = end;
    } else if (expected === ":") {
      if (character !== ":") return unexpected(text, at, expected);
      expected = "value";
      at++;
    } else if ((character === "]" && (expected === ", or ]" || expected === "value or ]")) || (character === "}" && (expected === ", or }" || expected === "field or }"))) {
      open.pop();
      expected = afterValue(open);
      at++;
    } else if (character === "," && (expected === ", or ]" || expected === ", or }")) {
      expected = expected === ", or ]" ? "value" : "field";
      at++;
    } else if (expected !== "value" && expected !== "value or ]") {
      return unexpected(text, at, expected);
    } else if (character === "{" || character === "[") {
      if (open.length === maxDepth) return { offset: at, what: `nested deeper than ${maxDepth} levels` };
      if (++containers > most) return { offset: at, what: `more than ${most} objects and lists` };
      open.push(character === "{" ? [] : null);
      expected = character === "{" ? "field or }" : "value or ]";
      at++;
    } else {
      const end = endOfScalar(text, at, expected);
      if (typeof end !== "number") return end;
      expected = afterValue(open);
      at = end;
    }
    at = skipSpace(text, at);
  }
  return expected === "end" ? undefined : { offset: text.length, what: `the text ends here, expected ${expectedWords[expected]}` };
}

/** The place as people count: lines and columns from 1, columns in UTF-16 units. */
export function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `line ${before.split("\n").length} column ${offset - before.lastIndexOf("\n")}`;
}

function afterValue(open: readonly (readonly string[] | null)[]): Expected {
  const innermost = open.at(-1);
  if (innermost === undefined) return "end";
  return innermost === null ? ", or ]" : ", or }";
}

function addField(fields: string[] | null | undefined, raw: string, offset: number): JsonFault | undefined {
  const field: unknown = raw.includes("\\") ? JSON.parse(`"${raw}"`) : raw;
  if (!Array.isArray(fields) || typeof field !== "string") throw new Error("a field outside an object");
  if (fields.includes(field)) return { offset, what: `the field ${quoted(field)} stands here a second time` };
  if (fields.length === maxFields) return { offset, what: `an object of more than ${maxFields} fields` };
  fields.push(field);
  return undefined;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
    at++;
  }
  return at;
}

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

function endOfScalar(text: string, at: number, expected: Expected): number | JsonFault {
  if (text[at] === '"') return endOfString(text, at);
  for (const word of ["true", "false", "null"]) if (text.startsWith(word, at)) return at + word.length;
  number.lastIndex = at;
  return number.test(text) ? number.lastIndex : unexpected(text, at, expected);
}

const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

function endOfString(text: string, start: number): number | JsonFault {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return { offset: at, what: "a control character inside a string, expected it escaped" };
    if (code === 0x5c) {
      escape.lastIndex = at;
      if (!escape.test(text)) return at + 1 >= text.length ? { offset: text.length, what: "the text ends inside a string" } : { offset: at, what: `${quoted(text.slice(at, at + 2))} is not an escape of JSON` };
      at = escape.lastIndex;
    } else at++;
  }
  return { offset: text.length, what: "the text ends inside a string" };
}

function unexpected(text: string, offset: number, expected: Expected): JsonFault {
  return { offset, what: `expected ${expectedWords[expected]}, got ${quoted(String.fromCodePoint(text.codePointAt(offset) ?? 0))}` };
}
