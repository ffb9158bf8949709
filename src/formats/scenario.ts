/**
 * Scenario files: a machine and a list of commands, to be replayed, handed on, or kept as a test.
 *
 * ```json
 * {
 *   "framecheck": "scenario",
 *   "version": 1,
 *   "title": "an isolated pageblock hands out a page",
 *   "machine": "tiny",
 *   "profile": "strict",
 *   "subject": { "subject": "engine", "profile": "strict", "mutant": null },
 *   "commands": [
 *     { "op": "isolate", "id": 1, "start": "0x60", "nrPages": 4, "mode": "offline" }
 *   ]
 * }
 * ```
 *
 * `title` and `subject` may be left out, `profile` is then "strict"; in `subject` each field may be left out: the engine,
 * the profile of the scenario, no planted fault.
 */
import * as v from "valibot";
import type { Command, MachineDescription } from "../../models/index.ts";
import { parseProfile } from "../../models/index.ts";
import type { SubjectName } from "../check/counterexample.ts";
import { commandSchema } from "./command.ts";
import { check, closed, listOf, oneOf, words, wordsOrNull } from "./fields.ts";
import { fileHeader, headerFields } from "./header.ts";
import { parseJson, readableText } from "./json-text.ts";
import { machineField, machineFields, machineFrom, machineInput } from "./machine.ts";
import { faulty, parsed, printable } from "./parsed.ts";
import type { InputFile, Parsed } from "./parsed.ts";
import { printJson } from "./print-json.ts";

export const maxCommands = 1_000_000;

export interface Scenario {
  readonly title?: string;
  readonly machine: MachineDescription;
  /** The profile that judges, as `parseProfile` takes it. */
  readonly profile: string;
  /** Who is to be judged; left out: the engine under the judging profile. */
  readonly subject?: SubjectName;
  readonly commands: readonly Command[];
}

const scenarioFile = closed({
  ...headerFields("scenario"),
  title: v.exactOptional(words(1000)),
  machine: machineInput,
  profile: v.optional(words(200), "strict"),
  subject: v.exactOptional(closed({ subject: v.optional(oneOf(["engine", "reference"]), "engine"), profile: v.exactOptional(words(200)), mutant: v.optional(wordsOrNull(200), null) })),
  commands: listOf(commandSchema, maxCommands),
});

/** A scenario file. */
export function parseScenario(file: InputFile): Parsed<Scenario> {
  const json = parseJson(file);
  return json.ok ? scenarioFrom(file.name, json.value) : json;
}

/** The scenario of a JSON value that was read from the file. */
export function scenarioFrom(file: string, input: unknown): Parsed<Scenario> {
  const header = fileHeader(file, input, ["scenario"]);
  if (!header.ok) return header;
  const read = check(scenarioFile, file, input);
  if (!read.ok) return read;
  const { title, profile, subject, commands } = read.value;
  const machine = machineFrom(file, read.value.machine);
  if (!machine.ok) return machine;
  const judged = subject === undefined ? undefined : { ...subject, profile: subject.profile ?? profile };
  const fault = profileFault(file, "profile", profile) ?? (judged === undefined ? undefined : profileFault(file, "subject.profile", judged.profile));
  if (fault !== undefined) return fault;
  return parsed({ ...(title === undefined ? {} : { title }), machine: machine.value, profile, ...(judged === undefined ? {} : { subject: judged }), commands });
}

/** The text of a scenario file. Throws for a value that could not be read back. */
export function scenarioText(scenario: Scenario): string {
  return readableText(printJson(v.parse(scenarioFile, { framecheck: "scenario", version: 1, ...scenario, machine: machineField(scenario.machine) })));
}

/** The fields of a scenario in the order of files, with the whole machine. */
export function scenarioFields(scenario: Scenario): Readonly<Record<string, unknown>> {
  const { framecheck: _kind, version: _version, ...fields } = v.parse(scenarioFile, { framecheck: "scenario", version: 1, ...scenario, machine: machineFields(scenario.machine) });
  return fields;
}

/** What is wrong with the name of a profile, or undefined. */
export function profileFault(file: string, where: string, profile: string): { readonly ok: false; readonly error: string } | undefined {
  const found = parseProfile(profile);
  return "error" in found ? faulty(file, where, printable(found.error)) : undefined;
}
