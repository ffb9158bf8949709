/**
 * JSON as a person would write it: two spaces a level, short objects on one line, so that a command is a line; frame
 * numbers in hex, as kernel messages have them.
 *
 * The fields are printed in the order that the value has them. Writers take theirs from a schema, so that the order of
 * a file never depends on who made the value.
 */
import { hex } from "../../models/index.ts";

/** Longest line that is put together from several values. */
const lineLength = 120;

// The fields of our files that hold a frame number, or a list of them.
const frameFields: ReadonlySet<string> = new Set(["pfn", "start", "base", "from", "retyped", "movableStart", "dmaEnd", "dma32End", "bootMemmap", "hotplugEnd"]);

/** How a language writes what JSON writes, where they differ. */
export interface Notation {
  readonly frame: (pfn: number) => string;
  readonly field: (name: string) => string;
}

const json: Notation = { frame: (pfn) => `"${hex(pfn)}"`, field: (name) => JSON.stringify(name) };

/** The text of a JSON file, with a line end at its end. */
export function printJson(value: unknown, notation: Notation = json): string {
  return `${broken(value, "", 0, false, notation)}\n`;
}

/** One line, or several where it does not fit. `frames`: numbers in it are frame numbers. */
function print(value: unknown, indent: string, depth: number, frames: boolean, notation: Notation): string {
  const listOfObjects = Array.isArray(value) && value.length > 0 && typeof value[0] === "object";
  if (depth === 1 && listOfObjects) return broken(value, indent, depth, frames, notation);
  const line = oneLine(value, frames, notation);
  return typeof value !== "object" || indent.length + line.length <= lineLength ? line : broken(value, indent, depth, frames, notation);
}

function oneLine(value: unknown, frames: boolean, notation: Notation): string {
  if (typeof value === "number" && frames) return notation.frame(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((entry) => oneLine(entry, frames, notation)).join(", ")}]`;
  const fields = Object.entries(value).map(([name, entry]) => `${notation.field(name)}: ${oneLine(entry, frameFields.has(name), notation)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

function broken(value: unknown, indent: string, depth: number, frames: boolean, notation: Notation): string {
  const inner = `${indent}  `;
  if (typeof value !== "object" || value === null) return oneLine(value, frames, notation);
  if (Array.isArray(value)) return `[\n${value.map((entry) => inner + print(entry, inner, depth + 1, frames, notation)).join(",\n")}\n${indent}]`;
  const fields = Object.entries(value).map(([name, entry]) => `${inner}${notation.field(name)}: ${print(entry, inner, depth + 1, frameFields.has(name), notation)}`);
  return `{\n${fields.join(",\n")}\n${indent}}`;
}
