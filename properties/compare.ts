/**
 * In what two views differ: one walk over all facts, which tells either only the names of what differs or the evidence
 * too. Equal views are passed over quickly.
 *
 * A fact, or an optional field of an entry, that one of the views does not have is not compared; `notCompared` names those.
 */
import { showRange } from "../models/index.ts";
import type { PfnRange, View } from "../models/index.ts";
import { columns, compareFrames } from "./compare-frames.ts";
import { lists } from "./compare-lists.ts";
import type { Entry, ListSpec } from "./compare-lists.ts";
import { hasNeed } from "./rule.ts";
import type { Evidence, Need } from "./rule.ts";

/** Is told of each difference; the evidence is made only if it is asked for. */
export type Differ = (path: Need, evidence: () => readonly Evidence[]) => void;

export const totals = ["totalram", "nrMemmapPages", "nrMemmapBootPages", "numPoisoned", "maxPfn", "highestPresentSection"] as const;

/** Tells `differ` every difference, facts and fields in the order of the vocabulary. */
export function compareViews(a: View, b: View, differ: Differ): void {
  if (a === b) return;
  for (const spec of lists) {
    const listA = a[spec.fact];
    const listB = b[spec.fact];
    if (listA !== undefined && listB !== undefined && listA !== listB) compareList(a, b, spec, listA as unknown as readonly Entry[], listB as unknown as readonly Entry[], differ);
    if (spec.fact === "pageblocks" && a.frames !== undefined && b.frames !== undefined && a.frames !== b.frames) compareFrames(a, b, a.frames, b.frames, differ);
  }
  const [totalsA, totalsB] = [a.totals, b.totals];
  if (totalsA === undefined || totalsB === undefined) return;
  for (const field of totals) if (totalsA[field] !== totalsB[field]) differ(`totals.${field}`, () => [{ where: field, was: `${totalsA[field]}`, is: `${totalsB[field]}` }]);
}

/** Whether the views say exactly the same: what one of them leaves out, the other does too. */
export function sameViews(a: View, b: View): boolean {
  if (a === b) return true;
  if (a.geometry !== b.geometry || !sameTables(a.frames, b.frames) || !same(a.totals, b.totals)) return false;
  return lists.every((spec) => sameLists(spec, a[spec.fact] as unknown as readonly Entry[] | undefined, b[spec.fact] as unknown as readonly Entry[] | undefined));
}

function sameLists(spec: ListSpec, a: readonly Entry[] | undefined, b: readonly Entry[] | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || !sameKeys(spec, a, b)) return false;
  for (let index = 0; index < a.length; index++) {
    const [entryA, entryB] = [a[index], b[index]];
    if (entryA !== entryB && (entryA === undefined || entryB === undefined || (!spec.same(entryA, entryB) && !same(entryA, entryB)))) return false;
  }
  return true;
}

function sameTables(a: View["frames"], b: View["frames"]): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || !same(a.ranges, b.ranges)) return false;
  return columns.every((column) => sameBytes(a[column], b[column]));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let row = 0; row < a.length; row++) if (a[row] !== b[row]) return false;
  return true;
}

function compareList(a: View, b: View, spec: ListSpec, listA: readonly Entry[], listB: readonly Entry[], differ: Differ): void {
  if (!sameKeys(spec, listA, listB)) {
    compareUnaligned(a, b, spec, listA, listB, differ);
    return;
  }
  for (let index = 0; index < listA.length; index++) {
    const [entryA, entryB] = [listA[index], listB[index]];
    if (entryA !== undefined && entryB !== undefined && entryA !== entryB && !spec.same(entryA, entryB)) compareEntry(a, spec, entryA, entryB, index, differ);
  }
}

/** Whether the lists are about the same things in the same order. */
function sameKeys(spec: ListSpec, listA: readonly Entry[], listB: readonly Entry[]): boolean {
  if (listA.length !== listB.length) return false;
  for (let index = 0; index < listA.length; index++) {
    const [entryA, entryB] = [listA[index], listB[index]];
    if (entryA === undefined || entryB === undefined || spec.key(entryA, index) !== spec.key(entryB, index)) return false;
  }
  return true;
}

function compareUnaligned(a: View, b: View, spec: ListSpec, listA: readonly Entry[], listB: readonly Entry[], differ: Differ): void {
  const left = new Map<number, Entry[]>();
  for (const [index, entry] of listB.entries()) {
    const key = spec.key(entry, index);
    const known = left.get(key);
    if (known === undefined) left.set(key, [entry]);
    else known.push(entry);
  }
  let matched = listA.length === listB.length;
  for (const [index, entryA] of listA.entries()) {
    const entryB = left.get(spec.key(entryA, index))?.shift();
    if (entryB !== undefined) {
      compareEntry(a, spec, entryA, entryB, index, differ);
      continue;
    }
    matched = false;
    differ(spec.fact, () => [{ ...spec.name(a, entryA, index), was: show(pick(entryA, spec.fields)), is: "not there" }]);
  }
  const more = new Set([...left.values()].flat());
  for (const [index, entryB] of listB.entries()) if (more.has(entryB)) differ(spec.fact, () => [{ ...spec.name(b, entryB, index), was: "not there", is: show(pick(entryB, spec.fields)) }]);
  if (matched) differ(spec.fact, () => [{ where: spec.fact, was: "in this order", is: "the same in another order" }]);
}

function compareEntry(a: View, spec: ListSpec, entryA: Entry, entryB: Entry, index: number, differ: Differ): void {
  for (const field of spec.fields) {
    const [valueA, valueB] = [entryA[field], entryB[field]];
    if (valueA === valueB || valueA === undefined || valueB === undefined || same(valueA, valueB)) continue;
    differ(`${spec.fact}.${field}`, () => [{ ...spec.name(a, entryA, index), was: show(valueA), is: `${field} ${show(valueB)}` }]);
  }
}

/** Equal plain data. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((value, index) => same(value, b[index]));
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same((a as Entry)[key], (b as Entry)[key]));
}

function pick(entry: Entry, fields: readonly string[]): Entry {
  return Object.fromEntries(fields.filter((field) => entry[field] !== undefined).map((field) => [field, entry[field]]));
}

/** A value as a report prints it: ranges in hex. */
function show(value: unknown): string {
  if (value === null) return "none";
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  if ("start" in value && "nrPages" in value) return showRange(value as PfnRange);
  return Object.entries(value).map(([key, inner]) => `${key} ${show(inner)}`).join(", ");
}

/**
 * What only one of the views shows, so that it was not compared: facts, fields of entries that both have, columns of the
 * frame table. Never counts as agreement.
 */
export function notCompared(a: View, b: View): readonly Need[] {
  const missing = new Set<Need>();
  for (const spec of lists) {
    const listA = a[spec.fact] as unknown as readonly Entry[] | undefined;
    const listB = b[spec.fact] as unknown as readonly Entry[] | undefined;
    if (listA !== undefined && listB !== undefined) for (const field of fieldsOfOne(spec, listA, listB)) missing.add(`${spec.fact}.${field}`);
    else if (listA !== listB) missing.add(spec.fact);
  }
  if ((a.frames === undefined) !== (b.frames === undefined)) missing.add("frames");
  else for (const column of columns) if (hasNeed(a, `frames.${column}`) !== hasNeed(b, `frames.${column}`)) missing.add(`frames.${column}`);
  if ((a.totals === undefined) !== (b.totals === undefined)) missing.add("totals");
  return [...missing];
}

function fieldsOfOne(spec: ListSpec, listA: readonly Entry[], listB: readonly Entry[]): readonly string[] {
  const known = new Map(listB.map((entry, index) => [spec.key(entry, index), entry]));
  return spec.fields.filter((field) =>
    listA.some((entryA, index) => {
      const entryB = known.get(spec.key(entryA, index));
      // Only an isolated pageblock has a type to get back.
      if (entryB === undefined || (field === "savedType" && entryA["type"] !== entryB["type"])) return false;
      return (entryA[field] === undefined) !== (entryB[field] === undefined);
    }),
  );
}

/** The names of what differs, each once, in order. */
export function changedPaths(a: View, b: View): readonly Need[] {
  const paths = new Set<Need>();
  compareViews(a, b, (path) => paths.add(path));
  return [...paths];
}
