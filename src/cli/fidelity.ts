/** `framecheck fidelity`: what a real kernel answered, against the specification or the engine. */
import { playRecord } from "../fidelity/play.ts";
import type { FidelitySubject, RecordResult } from "../fidelity/play.ts";
import { parseRecords } from "../fidelity/record.ts";
import type { FidelityRecord } from "../fidelity/record.ts";
import { fidelityJson, fidelityText } from "../fidelity/report.ts";
import { printable } from "../formats/parsed.ts";
import { readInputFile } from "../formats/read-file.ts";
import { BadInput, commonOptions, onePositional, parseOptions } from "./arguments.ts";
import { profileNamed } from "./subject-options.ts";
import { startProgress } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

export const fidelityHelp = `framecheck fidelity FILE [options]

Plays records of what a real kernel answered, step by step, and compares each
errno, state, zone, counter and page that was seen with what is predicted.
FILE has one record a line; docs/fidelity.md says what stands in it, and which
values are compared by a relation.
Exit code 0: nothing differs. 1: something does. 2: bad input, or no record
could be expressed.

  --record ID            only this record; may be given more than once
  --subject NAME         who predicts: engine or reference (engine)
  --profile P            as what it runs (linux-6.12)
  --json                 print one JSON object instead of text

  framecheck fidelity test/fixtures/observed/linux-6.12.jsonl
  framecheck fidelity FILE --record state-writes --subject reference
  framecheck fidelity FILE --profile linux-6.12-KD-2`;

const options = {
  ...commonOptions,
  record: { type: "string", multiple: true },
  subject: { type: "string" },
  profile: { type: "string" },
  json: { type: "boolean" },
} as const;

export async function fidelityVerb(words: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions("fidelity", words, options);
  if (values.help === true) {
    terminal.out(`${fidelityHelp}\n`);
    return 0;
  }
  const file = readInputFile(onePositional("fidelity", "a file of records", positionals));
  const all = file.ok ? parseRecords(file.value) : file;
  if (!all.ok) throw new BadInput(all.error);
  const records = chosen(all.value, values.record ?? []);
  const subject = subjectNamed(values.subject ?? "engine");
  const profile = profileNamed("--profile", values.profile ?? "linux-6.12");
  const results: RecordResult[] = [];
  const progress = startProgress(terminal, "fidelity");
  for (const record of records) {
    progress.update(results.length, records.length, `${results.length} of ${records.length} records, now ${printable(record.id)}`);
    await terminal.breathe();
    results.push(playRecord(record, subject, profile));
  }
  progress.stop();
  const run = { subject, profile: profile.name, results };
  terminal.out(values.json === true ? fidelityJson(run) : fidelityText(run, records, { width: terminal.width, colour: terminal.colour }));
  if (results.some(({ verdict }) => verdict === "differs")) return 1;
  return results.some(({ verdict }) => verdict === "agrees") ? 0 : 2;
}

function chosen(records: readonly FidelityRecord[], ids: readonly string[]): readonly FidelityRecord[] {
  const unknown = ids.find((id) => !records.some((record) => record.id === id));
  if (unknown !== undefined) throw new BadInput(`--record: no record "${unknown}" in the file, expected one of its ${records.length} ids, as "${records[0]?.id ?? ""}"`);
  return ids.length === 0 ? records : records.filter(({ id }) => ids.includes(id));
}

function subjectNamed(word: string): FidelitySubject {
  if (word === "engine" || word === "reference") return word;
  throw new BadInput(`--subject: expected engine or reference, got "${word}"`);
}
