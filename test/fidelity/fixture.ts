/** The records of a real kernel, and records made from them by changing what was observed. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseProfile } from "../../models/index.ts";
import type { Profile } from "../../models/index.ts";
import { playRecord } from "../../src/fidelity/play.ts";
import type { FidelitySubject, RecordResult } from "../../src/fidelity/play.ts";
import { parseRecords } from "../../src/fidelity/record.ts";
import type { FidelityRecord } from "../../src/fidelity/record.ts";
import { program, projectRoot } from "../cli/cli.ts";

const file = new URL("../fixtures/observed/linux-6.12.jsonl", import.meta.url);

function readFixture(): readonly FidelityRecord[] {
  const records = parseRecords({ name: "linux-6.12.jsonl", bytes: readFileSync(file) });
  if (!records.ok) throw new Error(records.error);
  return records.value;
}

export const records: readonly FidelityRecord[] = readFixture();

export function recordNamed(id: string): FidelityRecord {
  const found = records.find((record) => record.id === id);
  if (found === undefined) throw new Error(`no record ${id}`);
  return found;
}

export function profileNamed(name: string): Profile {
  const profile = parseProfile(name);
  if ("error" in profile) throw new Error(profile.error);
  return profile;
}

export function play(record: FidelityRecord, { subject = "engine", profile = "linux-6.12" }: { readonly subject?: FidelitySubject; readonly profile?: string } = {}): RecordResult {
  return playRecord(record, subject, profileNamed(profile));
}

/** The record as a line of a file. */
export function lineOf({ id, title, machine, steps }: FidelityRecord): string {
  const { blockBytes, pageBytes, pageblockPages, ...rest } = machine;
  return JSON.stringify({ id, title, machine: { ...rest, block_bytes: blockBytes, page_bytes: pageBytes, pageblock_pages: pageblockPages }, steps });
}

/** What the built program says of a record, in its JSON. */
export interface Told {
  readonly id: string;
  readonly verdict: string;
  readonly step?: number;
  readonly predicted?: string;
  readonly observed?: string;
  readonly missing?: string;
  readonly compared: number;
}

/**
 * Has the built program play a file. What is built runs several times as fast as the same modules do in a test, so many records
 * are played this way.
 */
export async function playFile(path: string, words: readonly string[]): Promise<readonly Told[]> {
  const { out, err } = await program(["dist/src/cli/main.js", "fidelity", path, "--json", ...words], { cwd: projectRoot });
  if (out === "") throw new Error(err);
  const run: { readonly records: readonly Told[] } = JSON.parse(out);
  return run.records;
}

export const fixturePath: string = fileURLToPath(file);

/** What was observed, otherwise. */
export type Edit = (observed: unknown) => unknown;

/** The record with one step observed otherwise. */
export function edited(record: FidelityRecord, step: number, edit: Edit): FidelityRecord {
  return { ...record, steps: record.steps.map((one, index) => (index === step ? { ...one, observed: edit(one.observed) } : one)) };
}

/** Another value of a field. */
export function field(name: string, value: unknown): Edit {
  return (observed) => {
    if (typeof observed !== "object" || observed === null || Array.isArray(observed)) throw new Error("no fields were observed");
    return { ...observed, [name]: value };
  };
}

/** The observation as JSON, with this text in the place of that one, which has to be there once. */
export function text(from: string, to: string): Edit {
  return (observed) => {
    const json = JSON.stringify(observed);
    const parts = json.split(from);
    if (parts.length !== 2) throw new Error(`${from} is there ${parts.length - 1} times in ${json.slice(0, 1500)}`);
    const edit: unknown = JSON.parse(parts.join(to));
    return edit;
  };
}

/** One counter of a zone, as `zones` shows it. */
export function zone(name: string, counter: "start" | "spanned" | "present" | "managed" | "free", value: number): Edit {
  return (observed) => {
    const json: unknown = JSON.parse(JSON.stringify(observed));
    const row: unknown = typeof json === "object" && json !== null ? Reflect.get(json, name) : undefined;
    if (typeof row !== "object" || row === null || !(counter in row)) throw new Error(`no ${counter} of zone ${name}`);
    Reflect.set(row, counter, value);
    return json;
  };
}
