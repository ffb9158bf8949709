/** Parts of a finding in words that several formats share. */
import { hex, namedMachines, switches } from "../../models/index.ts";
import type { Outcome, PfnRange, SwitchId } from "../../models/index.ts";
import type { Counterexample, Finding } from "../check/counterexample.ts";
import type { Evidence } from "../../properties/index.ts";
import { counted, few, kept, listed } from "./lines.ts";
import { coalesce, evidencePlace } from "./names.ts";

/** `PG-21 broken after command 2 of 2`. */
export function verdictWords({ finding, breaking, commands }: Pick<Counterexample, "finding" | "breaking" | "commands">): string {
  const when = breaking < 0 ? "before any command" : `after command ${breaking + 1} of ${commands.length}`;
  return finding.kind === "crash" ? `crash ${when.replace("after", "in")}` : `${finding.rule} broken ${when}`;
}

/** `(tiny, seed 41, shrunk from 37)`. */
export function originWords({ machine, seed, reduction }: Pick<Counterexample, "machine" | "seed" | "reduction">): string {
  return `(${[machine.name, ...(seed === null ? [] : [`seed ${seed}`]), ...(reduction === null ? [] : [`shrunk from ${reduction.fromCommands}`])].join(", ")})`;
}

/** The finding in one sentence: its first evidence, and where else; undefined where there is no evidence. */
export function essenceWords({ evidence }: Finding): string | undefined {
  const [first, ...rest] = evidence;
  if (first === undefined) return undefined;
  const places = [...new Set(rest.map(evidencePlace))];
  return places.length === 0 ? evidenceWords(first) : `${evidenceWords(first)}; also ${listed(few(places, 3, kept))}`;
}

/** The frames that the evidence names, ascending, neighbours made one. */
export function namedFrames(evidence: readonly Evidence[]): readonly PfnRange[] {
  return coalesce(evidence.flatMap(({ pfn, nrPages }) => (pfn === undefined ? [] : [{ start: pfn, nrPages: nrPages ?? 1 }])));
}

/** `frame 0x34: allocated (a3); should be free`. */
export function evidenceWords(evidence: Evidence): string {
  const owner = evidence.owner === undefined ? "" : ` (${evidence.owner})`;
  return shortLabels(`${kept(evidencePlace(evidence))}: ${evidence.is}${owner}; should be ${evidence.was}`);
}

/** Rules say "allocation 3"; in reports it is the a3 of the list of commands. */
export function shortLabels(text: string): string {
  return text.replaceAll(/\ballocation (\d+)\b/gu, "a$1");
}

/** Which known differences of Linux make the scenario pass; undefined where none does. */
export function explainedWords(explainedBy: readonly SwitchId[]): string | undefined {
  if (explainedBy.length === 0) return undefined;
  const known = switches.filter(({ id }) => explainedBy.includes(id)).map(({ id, linux, strict, source }) => `${id}: ${linux}. The contract: ${strict}. See ${source}.`);
  return `a known difference: with ${listed(explainedBy)} permitted this scenario passes. ${known.join(" ")}`;
}

/** `37 commands to 2 in 212 executions; leaving out any one more makes it pass`. */
export function reductionWords({ reduction, commands }: Pick<Counterexample, "reduction" | "commands">): string | undefined {
  if (reduction === null) return undefined;
  const end = reduction.complete ? "no smaller one was found" : "stopped at its limit, a smaller one may exist";
  return `from ${kept(counted(reduction.fromCommands, "command"))} to ${commands.length} in ${kept(counted(reduction.executions, "execution"))}; ${end}`;
}

/** Runs of a search where nothing is said. */
export const defaultRuns = 200;

/** The line that shows the finding again: from its file, else from the seed of the search. undefined: a machine of a file, which only that file knows. */
export function replayWords(counterexample: Pick<Counterexample, "machine" | "profile" | "seed" | "run" | "subject">, file: string | undefined): string | undefined {
  // A leading dash would be taken for an option, quoted or not.
  if (file !== undefined) return `npx framecheck replay ${shellWord(file.startsWith("-") ? `./${file}` : file)}`;
  const { machine, profile, seed, run, subject } = counterexample;
  if (seed === null || ![...namedMachines.map(({ name }) => name), "drawn"].includes(machine.name)) return undefined;
  const as = subject.profile === profile ? "" : ` --subject-profile ${shellWord(subject.profile)}`;
  const mutant = subject.mutant === null ? "" : ` --mutant ${shellWord(subject.mutant)}`;
  // Under another profile the search goes on behind the finding: it is told to end there.
  const runs = run === null || (run < defaultRuns && as === "") ? "" : ` --runs ${run + 1}`;
  return `npx framecheck check --machine ${shellWord(machine.name)} --profile ${shellWord(profile)}${as}${mutant} --seed ${seed}${runs}`;
}

/** A word as a POSIX shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Notifier calls of an outcome: `GOING_OFFLINE 0x60, CANCEL_OFFLINE 0x60`. */
export function eventWords({ events = [] }: Outcome): string | undefined {
  return events.length === 0 ? undefined : few(events, 8, ({ event, start }) => `${event} ${hex(start)}`).join(", ");
}
