/** The first two fields of every file of ours: what it is, and by which version of the format it was written. */
import * as v from "valibot";
import { found } from "./fields.ts";
import { faulty, parsed } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";

export const fileKinds = ["machine", "scenario", "counterexample"] as const;
export type FileKind = (typeof fileKinds)[number];

/** The version that is written, and the one that is read. */
export const formatVersion = 1;

/** Schemas of the two fields, for the schema of the whole file. */
export function headerFields<const K extends FileKind>(kind: K): { readonly framecheck: v.LiteralSchema<K, undefined>; readonly version: v.LiteralSchema<1, undefined> } {
  return { framecheck: v.literal(kind), version: v.literal(formatVersion) };
}

/** The kind of a file, looked at before its other fields: a file of another kind or version is told as such. */
export function fileHeader<const K extends FileKind>(file: string, input: unknown, accepted: readonly K[]): Parsed<K> {
  const expected = accepted.map((kind) => `a ${kind}`).join(" or ");
  if (typeof input !== "object" || input === null || Array.isArray(input)) return faulty(file, "", `expected ${expected}, got ${found(input)}`);
  const kind: unknown = Object.hasOwn(input, "framecheck") ? Reflect.get(input, "framecheck") : undefined;
  const known = fileKinds.find((name) => name === kind);
  if (known === undefined) return faulty(file, "framecheck", `expected ${accepted.map((name) => `"${name}"`).join(" or ")}, got ${found(kind)}`);
  const match = accepted.find((name) => name === known);
  if (match === undefined) return faulty(file, "framecheck", `expected ${expected}, got a ${known}`);
  const version: unknown = Object.hasOwn(input, "version") ? Reflect.get(input, "version") : undefined;
  if (version === undefined) return faulty(file, "version", `expected ${formatVersion}, got nothing`);
  if (version !== formatVersion) return faulty(file, "version", `written by another version: expected ${formatVersion}, got ${found(version)}`);
  return parsed(match);
}
