/** `framecheck replay` and `framecheck explain`: a saved scenario again. */
import { parseProfile } from "../../models/index.ts";
import { aroundOf } from "../check/around.ts";
import type { Counterexample, SubjectName } from "../check/counterexample.ts";
import { tooLarge } from "../check/limits.ts";
import { replayCounterexample, replayScenario, replayViews } from "../check/replay.ts";
import type { ReplayResult } from "../check/replay.ts";
import { subjectFault } from "../check/subjects.ts";
import { parseAny } from "../formats/any-file.ts";
import type { Replayable } from "../formats/any-file.ts";
import { readInputFile } from "../formats/read-file.ts";
import { explainReport } from "../report/explain.ts";
import { jsonCounterexample } from "../report/json.ts";
import { counted, hanging, kept } from "../report/lines.ts";
import { textReport } from "../report/text.ts";
import { BadInput, commonOptions, onePositional, parseOptions } from "./arguments.ts";
import { engineNamed, profileNamed } from "./subject-options.ts";
import type { Terminal } from "./terminal.ts";

export const replayHelp = `framecheck replay FILE [options]

Runs the scenario of a file again, and prints the counterexample if a rule is
still broken. The file is a scenario, or a counterexample that check has saved
with --out.
Exit code 0: every rule held. 1: a rule was broken. 2: bad input, or nothing
could be said.

  --profile P            judge by this profile instead of the file's
  --subject-profile P    run the engine as this profile instead of the file's
  --mutant ID|none       plant this fault instead of the file's, or none
  --json                 print one JSON object

  framecheck replay found/bad_kd_2_tiny.json
  framecheck replay found/bad_kd_2_tiny.json --subject-profile strict`;

export const explainHelp = `framecheck explain FILE [options]

Tells a counterexample step by step, for people who meet the rule for the first
time. The same options as replay, except --json.

  framecheck explain found/bad_kd_2_tiny.json`;

const options = { ...commonOptions, profile: { type: "string" }, "subject-profile": { type: "string" }, mutant: { type: "string" }, json: { type: "boolean" } } as const;

export async function replayVerb(words: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions("replay", words, options);
  if (values.help === true) {
    terminal.out(`${replayHelp}\n`);
    return 0;
  }
  const name = onePositional("replay", "a file", positionals);
  const { scenario, result, counterexample } = replayed(name, values);
  if (counterexample === undefined) return reportPassed(name, scenario, result, values.json === true, terminal);
  if (values.json === true) terminal.out(`${JSON.stringify({ version: 1, verdict: "breach", counterexample: jsonCounterexample(counterexample) }, null, 2)}\n`);
  else {
    const around = aroundOf(counterexample);
    terminal.out(textReport(counterexample, { width: terminal.width, colour: terminal.colour, unicode: terminal.unicode, file: name, ...(around === undefined ? {} : { around }) }));
  }
  return 1;
}

export async function explainVerb(words: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions("explain", words, options);
  if (values.help === true) {
    terminal.out(`${explainHelp}\n`);
    return 0;
  }
  if (values.json === true) throw new BadInput("explain: --json is for replay");
  const name = onePositional("explain", "a file", positionals);
  const { scenario, subject, result, counterexample } = replayed(name, values);
  if (counterexample === undefined) return reportPassed(name, scenario, result, false, terminal);
  const views = replayViews({ ...scenario, commands: counterexample.commands }, subject);
  terminal.out(explainReport(counterexample, { views, width: terminal.width, colour: terminal.colour, unicode: terminal.unicode }));
  return 1;
}

interface Replayed {
  readonly scenario: Replayable["scenario"];
  readonly subject: SubjectName;
  readonly result: ReplayResult;
  readonly counterexample: Counterexample | undefined;
}

function replayed(name: string, values: { readonly profile?: string | undefined; readonly "subject-profile"?: string | undefined; readonly mutant?: string | undefined }): Replayed {
  const file = readInputFile(name);
  const read = file.ok ? parseAny(file.value) : file;
  if (!read.ok) throw new BadInput(read.error);
  const { scenario: saved, counterexample: known } = read.value;
  const large = tooLarge(saved.machine);
  if (large !== undefined) throw new BadInput(`${name}: machine: ${large}`);
  const scenario = { ...saved, profile: values.profile === undefined ? saved.profile : profileNamed("--profile", values.profile).name };
  const subject = subjectOf(name, scenario, saved.subject, values);
  const about = { seed: known?.seed ?? null, run: known?.run ?? null, reduction: known?.reduction ?? null };
  const result = replayScenario(scenario, { subject });
  return { scenario, subject, result, counterexample: result.verdict === "breach" ? replayCounterexample(scenario, subject, about) : undefined };
}

/** Who runs it: as the file says, unless the command line says otherwise. */
function subjectOf(file: string, scenario: Replayable["scenario"], saved: SubjectName | undefined, values: { readonly "subject-profile"?: string | undefined; readonly mutant?: string | undefined }): SubjectName {
  const given = values["subject-profile"] === undefined ? undefined : profileNamed("--subject-profile", values["subject-profile"]);
  const profile = given ?? parseProfile(saved?.profile ?? scenario.profile);
  if ("error" in profile) throw new BadInput(`${file}: ${profile.error}`);
  if (values.mutant === "none") return engineNamed(profile, undefined);
  if (values.mutant !== undefined) return engineNamed(profile, values.mutant);
  if (saved === undefined) return engineNamed(profile, undefined);
  const fault = subjectFault(saved);
  if (fault !== undefined) throw new BadInput(`${file}: subject.mutant: ${fault}`);
  return { ...saved, profile: profile.name };
}

function reportPassed(name: string, scenario: Replayable["scenario"], { verdict, because }: ReplayResult, json: boolean, terminal: Terminal): number {
  if (json) terminal.out(`${JSON.stringify({ version: 1, verdict, ...(because === undefined ? {} : { because }) }, null, 2)}\n`);
  else terminal.out(`${hanging(`${verdict}: ${kept(name)}, ${counted(scenario.commands.length, "command")}, profile ${scenario.profile}${because === undefined ? "" : `, because ${because}`}`, 0, terminal.width).join("\n")}\n`);
  return verdict === "holds" ? 0 : 2;
}
