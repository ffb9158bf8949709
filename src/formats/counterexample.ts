/**
 * Counterexample files: a scenario, what the subject answered, and what was found. The two views and the outcome that the
 * specification expected are not saved; a replay makes them again.
 */
import * as v from "valibot";
import { notifierEvents, outcomeErrnos, results, switchIds } from "../../models/index.ts";
import type { Attempt, Because, Grant, Move, NotifierCall, Outcome } from "../../models/index.ts";
import type { Evidence } from "../../properties/index.ts";
import type { Counterexample, Finding, SubjectName } from "../check/counterexample.ts";
import { commandSchema } from "./command.ts";
import { block, check, closed, frame, label, listOf, nrPages, nrPagesOrNone, oneOf, order, whole, words, wordsOrNull } from "./fields.ts";
import type { Schema } from "./fields.ts";
import { fileHeader, headerFields } from "./header.ts";
import { parseJson, readableText } from "./json-text.ts";
import { machineField, machineFrom, machineInput } from "./machine.ts";
import { faulty, parsed } from "./parsed.ts";
import type { InputFile, Parsed } from "./parsed.ts";
import { printJson } from "./print-json.ts";
import { maxCommands, profileFault } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";

/** What a file keeps of a counterexample. */
export type SavedCounterexample = Omit<Counterexample, "expected" | "before" | "after">;

/** Entries of one list inside an outcome or a finding. */
const maxEntries = 1_000_000;

const text = words(100_000);
const shortText = words(1000);
const count = whole(0, Number.MAX_SAFE_INTEGER);
const countOrNull: Schema<number | null> = v.custom<number | null>((input) => input === null || v.is(count, input), `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, or null`);

const grant: Schema<Grant> = closed({ pfn: frame, order, retyped: v.exactOptional(listOf(frame, maxEntries)) });
const move: Schema<Move> = closed({ id: label, from: frame, to: grant });
const moved = v.exactOptional(listOf(move, maxEntries));
const dropped = v.exactOptional(listOf(label, maxEntries));
const attempt: Schema<Attempt> = closed({ start: frame, errno: v.exactOptional(oneOf(outcomeErrnos)), dropped, moved });
const notifierCall: Schema<NotifierCall> = closed({ event: oneOf(notifierEvents), start: frame, nrPages: nrPagesOrNone });
const because: Schema<Because> = closed({
  kind: shortText,
  pfn: v.exactOptional(frame),
  block: v.exactOptional(block),
  id: v.exactOptional(label),
  task: v.exactOptional(label),
  detail: v.exactOptional(text),
});

/** What a subject answered. */
export const outcomeSchema: Schema<Outcome> = closed({
  result: oneOf(results),
  errno: v.exactOptional(oneOf(outcomeErrnos)),
  because: v.exactOptional(because),
  grant: v.exactOptional(grant),
  memmap: v.exactOptional(listOf(grant, maxEntries)),
  dropped,
  moved,
  attempts: v.exactOptional(listOf(attempt, maxEntries)),
  start: v.exactOptional(frame),
  events: v.exactOptional(listOf(notifierCall, maxEntries)),
});

const evidence: Schema<Evidence> = closed({
  pfn: v.exactOptional(frame),
  nrPages: v.exactOptional(nrPages),
  where: v.exactOptional(text),
  was: text,
  is: text,
  owner: v.exactOptional(text),
});

const finding: Schema<Finding> = closed({
  kind: oneOf(["invariant", "law", "clause", "agreement", "self-check", "crash"]),
  rule: shortText,
  title: text,
  source: text,
  evidence: listOf(evidence, maxEntries),
  because: text,
  permitted: listOf(text, maxEntries),
});

const subject: Schema<SubjectName> = closed({ subject: oneOf(["engine", "reference"]), profile: words(200), mutant: wordsOrNull(200) });

const counterexampleFile = closed({
  ...headerFields("counterexample"),
  signature: text,
  finding,
  machine: machineInput,
  profile: words(200),
  subject,
  seed: v.custom<number | null>((input) => input === null || Number.isSafeInteger(input), "a whole number, or null"),
  run: countOrNull,
  reduction: v.nullable(closed({ fromCommands: count, executions: count, complete: v.boolean("true or false") })),
  explainedBy: listOf(oneOf(switchIds), switchIds.length),
  breaking: whole(-1, maxCommands - 1),
  commands: listOf(commandSchema, maxCommands),
  outcomes: listOf(outcomeSchema, maxCommands),
});

/** A counterexample file. */
export function parseCounterexample(file: InputFile): Parsed<SavedCounterexample> {
  const json = parseJson(file);
  return json.ok ? counterexampleFrom(file.name, json.value) : json;
}

/** The counterexample of a JSON value that was read from the file. */
export function counterexampleFrom(file: string, input: unknown): Parsed<SavedCounterexample> {
  const header = fileHeader(file, input, ["counterexample"]);
  if (!header.ok) return header;
  const read = check(counterexampleFile, file, input);
  if (!read.ok) return read;
  const { framecheck: _kind, version: _version, machine: field, ...rest } = read.value;
  const machine = machineFrom(file, field);
  if (!machine.ok) return machine;
  const profile = profileFault(file, "profile", rest.profile) ?? profileFault(file, "subject.profile", rest.subject.profile);
  if (profile !== undefined) return profile;
  const last = rest.commands.length - 1;
  if (rest.breaking > last) return faulty(file, "breaking", `expected a whole number from -1 to ${last}, the last command, got ${rest.breaking}`);
  const answered = rest.outcomes.length;
  // A subject that crashed in the breaking command gave no outcome for it.
  const least = Math.max(0, rest.finding.kind === "crash" ? rest.breaking : rest.breaking + 1);
  if (answered < least || answered > rest.breaking + 1) return faulty(file, "outcomes", `expected one for each command up to the breaking one, ${rest.breaking + 1}, got ${answered}`);
  return parsed({ ...rest, machine: machine.value });
}

/** The text of a counterexample file; of a whole `Counterexample` the views are left out. Throws for a value that could not be read back. */
export function counterexampleText(counterexample: SavedCounterexample): string {
  const { signature, finding: what, machine, profile, subject: who, seed, run, reduction, explainedBy, breaking, commands, outcomes } = counterexample;
  const fields = { signature, finding: what, machine: machineField(machine), profile, subject: who, seed, run, reduction, explainedBy, breaking, commands, outcomes };
  return readableText(printJson(v.parse(counterexampleFile, { framecheck: "counterexample", version: 1, ...fields })));
}

/** What is replayed to see a counterexample again. */
export function scenarioOf({ finding: { title }, machine, profile, subject: who, commands }: SavedCounterexample): Scenario {
  return { title: title.slice(0, 1000), machine, profile, subject: who, commands };
}
