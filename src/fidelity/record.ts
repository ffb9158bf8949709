/**
 * Records of what a real kernel answered: JSON Lines, one scenario a line, each step with what was observed.
 *
 * A record is `{"id","title","machine","steps","notes"?}`; other fields are read over. `machine` says how the virtual machine
 * was made and booted; a step is `{"do","observed"}`, `do` a line of words (steps.ts), `observed` what came back.
 */
import { isUtf8 } from "node:buffer";
import * as v from "valibot";
import { check, listOf, open, whole, words } from "../formats/fields.ts";
import type { Schema } from "../formats/fields.ts";
import { scanJson } from "../formats/json-scan.ts";
import { faulty, parsed, quoted } from "../formats/parsed.ts";
import type { InputFile, Parsed } from "../formats/parsed.ts";

export interface RecordedMachine {
  /** `x86_64` or `arm64`. */
  readonly arch: string;
  readonly kernel: string;
  /** Version and options of the virtual machine: `-M`, `-smp`, `-m`. */
  readonly qemu: string;
  /** The kernel's command line. */
  readonly cmdline: string;
  /** More options of the virtual machine: nodes, devices. */
  readonly devices: string;
  readonly blockBytes: number;
  readonly pageBytes: number;
  readonly pageblockPages: number;
}

export interface RecordedStep {
  readonly do: string;
  readonly observed: unknown;
}

export interface FidelityRecord {
  readonly id: string;
  readonly title: string;
  readonly machine: RecordedMachine;
  readonly steps: readonly RecordedStep[];
}

/** More records, steps or letters than this are not read. */
const limits = { records: 10_000, steps: 10_000, id: 100, words: 4000 } as const;

const anything: Schema<unknown> = v.custom<unknown>((input) => input !== undefined, "what was observed");

const recordSchema: Schema<FidelityRecord> = v.pipe(
  open({
    id: words(limits.id),
    title: words(limits.words),
    machine: open({
      arch: words(limits.id),
      kernel: words(limits.words),
      qemu: words(limits.words),
      cmdline: words(limits.words),
      devices: words(limits.words),
      block_bytes: whole(1, 2 ** 40),
      page_bytes: whole(1, 2 ** 20),
      pageblock_pages: whole(1, 2 ** 20),
    }),
    steps: listOf(open({ do: words(limits.words), observed: anything }), limits.steps),
  }),
  v.transform(({ id, title, steps, machine: { block_bytes: blockBytes, page_bytes: pageBytes, pageblock_pages: pageblockPages, ...machine } }) => ({ id, title, steps, machine: { ...machine, blockBytes, pageBytes, pageblockPages } })),
);

/** All records of a file. The error line names the line of the file. */
export function parseRecords({ name, bytes }: InputFile): Parsed<readonly FidelityRecord[]> {
  if (!isUtf8(bytes)) return faulty(name, "", "expected JSON Lines in UTF-8");
  const records: FidelityRecord[] = [];
  const places = new Map<string, number>();
  for (const [index, line] of new TextDecoder().decode(bytes).split("\n").entries()) {
    if (line.trim() === "") continue;
    const where = `line ${index + 1}`;
    const fault = scanJson(line);
    if (fault !== undefined) return faulty(name, `${where}, column ${fault.offset + 1}`, fault.what);
    const record = check(recordSchema, `${name}: ${where}`, JSON.parse(line));
    if (!record.ok) return record;
    const { id } = record.value;
    const before = places.get(id);
    if (before !== undefined) return faulty(name, `${where}: id`, `expected another than that of line ${before}, got ${quoted(id)}`);
    if (records.length === limits.records) return faulty(name, where, `expected at most ${limits.records} records`);
    places.set(id, index + 1);
    records.push(record.value);
  }
  return records.length === 0 ? faulty(name, "", "the file is empty, expected one record a line") : parsed(records);
}
