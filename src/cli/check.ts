/** `framecheck check`: searches for a scenario in which the engine breaks a rule. */
import { goals } from "../../properties/index.ts";
import type { MachineDescription, Profile } from "../../models/index.ts";
import { aroundOf } from "../check/around.ts";
import type { Counterexample, SubjectName } from "../check/counterexample.ts";
import { search, usualAudits } from "../check/search.ts";
import type { Progress, SearchResult } from "../check/search.ts";
import type { ScenarioSource } from "../check/sources.ts";
import { createSubject, findMutant } from "../check/subjects.ts";
import { counterexampleText } from "../formats/counterexample.ts";
import { writeFileAtomically } from "../formats/write-file.ts";
import { jsonReport } from "../report/json.ts";
import { counted, grouped, hanging } from "../report/lines.ts";
import { oneLine } from "../report/one-line.ts";
import type { RunReport } from "../report/run-report.ts";
import { defaultRuns } from "../report/finding-words.ts";
import { summaryReport } from "../report/summary.ts";
import { textReport } from "../report/text.ts";
import { vitestExport } from "../report/vitest-export.ts";
import { BadInput, commonOptions, noPositionals, parseOptions, seconds, wholeNumber } from "./arguments.ts";
import { campaignOf, everyShortScenario, fromTape } from "./check-sources.ts";
import { makeFolder } from "./folder.ts";
import { engineNamed, machineNamed, profileNamed } from "./subject-options.ts";
import { startProgress } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

export const checkHelp = `framecheck check [options]

Searches for a scenario in which the engine breaks a rule of memory hotplug,
shrinks it, and prints it.
Exit code 0: every rule held. 1: a rule was broken. 2: bad input, or nothing
could be said.

  --machine NAME|FILE    the machine to search on (tiny; the one a mutant shows
                         on); drawn: a new one each run
  --profile P            what judges: strict, linux-6.12, or one of them with
                         +SWITCH or -SWITCH (strict)
  --subject-profile P    what the engine runs as (the same as --profile)
  --runs N               scenarios to walk, of about 90 commands each (200, or
                         no limit with --seconds)
  --seconds S            stop after this time
  --seed N               0 to 4294967295; the same seed, the same search (1)
  --mutant ID            plant a historic kernel bug in the engine; framecheck
                         mutants lists them
  --exhaustive N         instead of walks: every scenario of up to N commands
                         over a small alphabet of the machine, each once
  --tape FILE            instead of walks: the one walk whose choices are these
                         bytes, whatever they are; - is standard input. So a
                         fuzzer of bytes can drive the search
  --campaign             keep each scenario that reaches something new; where
                         walks reach nothing new, change one of those a little
                         and walk on from its end
  --corpus DIR           with --campaign: run the scenarios kept there first,
                         besides those of --runs, and keep new ones there
  --audit-every N        audit the state whole after every so many commands (4;
                         1 with --exhaustive). Each single command is judged
                         in any case, and a scenario that breaks a rule is run
                         again with every state audited
  --max-reductions N     scenarios to run at most to shrink one finding (20000)
  --reduce-seconds S     stop shrinking one finding after this time (no limit)
  --out DIR              write each finding there, to be replayed and as a test
                         file
  --json                 print one JSON object instead of text

  framecheck check
  framecheck check --machine tiny-34 --profile linux-6.12 --seconds 30
  framecheck check --mutant b46
  framecheck check --subject-profile strict+KD-2
  framecheck check --exhaustive 1 --machine tiny-34
  framecheck check --campaign --corpus kept --seconds 600
  head -c 4000 /dev/urandom | framecheck check --tape -`;

const options = {
  ...commonOptions,
  machine: { type: "string" },
  profile: { type: "string" },
  "subject-profile": { type: "string" },
  runs: { type: "string" },
  seconds: { type: "string" },
  seed: { type: "string" },
  mutant: { type: "string" },
  exhaustive: { type: "string" },
  tape: { type: "string" },
  campaign: { type: "boolean" },
  corpus: { type: "string" },
  "audit-every": { type: "string" },
  "max-reductions": { type: "string" },
  "reduce-seconds": { type: "string" },
  out: { type: "string" },
  json: { type: "boolean" },
} as const;

const maxRuns = 1_000_000_000;

/** What a check is to do, with every default filled in. */
export interface CheckRequest {
  readonly machine: MachineDescription | "drawn";
  readonly profile: Profile;
  readonly subjectProfile: Profile;
  readonly subject: SubjectName;
  readonly runs: number;
  readonly seconds: number | null;
  readonly seed: number;
  /** Commands from one audit to the next. */
  readonly auditEvery: number;
  readonly maxReductions: number;
  /** Where scenarios come from; left out: walks. */
  readonly source?: ScenarioSource;
  /** The source makes its scenarios from the seed. */
  readonly seeded?: boolean;
  /** The source is all scenarios of a sort. */
  readonly exhaustive?: boolean;
  /** Seconds to reduce one finding at most, or null. */
  readonly reduceSeconds: number | null;
}

export async function checkVerb(words: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions("check", words, options);
  if (values.help === true) {
    terminal.out(`${checkHelp}\n`);
    return 0;
  }
  noPositionals("check", positionals);
  const profile = profileNamed("--profile", values.profile ?? "strict");
  const subjectProfile = profileNamed("--subject-profile", values["subject-profile"] ?? profile.name);
  const machine = values.machine === "drawn" ? "drawn" : machineNamed(values.machine ?? machineFor(values.mutant));
  const seed = values.seed === undefined ? 1 : wholeNumber("--seed", values.seed, 0, 2 ** 32 - 1);
  const source = await sourceOf(values, machine, terminal);
  const walked: CheckRequest = {
    machine,
    profile,
    subjectProfile,
    subject: engineNamed(subjectProfile, values.mutant),
    runs: values.runs === undefined ? (values.seconds === undefined && source === undefined ? defaultRuns : maxRuns) : wholeNumber("--runs", values.runs, 1, maxRuns),
    seconds: values.seconds === undefined ? null : seconds("--seconds", values.seconds),
    seed,
    auditEvery: values["audit-every"] === undefined ? (values.exhaustive === undefined ? usualAudits : 1) : wholeNumber("--audit-every", values["audit-every"], 1, maxRuns),
    maxReductions: values["max-reductions"] === undefined ? 20_000 : wholeNumber("--max-reductions", values["max-reductions"], 0, maxRuns),
    ...(source === undefined ? {} : { source, exhaustive: values.exhaustive !== undefined }),
    reduceSeconds: values["reduce-seconds"] === undefined ? null : seconds("--reduce-seconds", values["reduce-seconds"]),
  };
  // When all else is understood: what can not be used leaves no folder behind.
  const campaign = values.campaign === true ? campaignOf({ machine, seed, profile: profile.name, corpus: values.corpus }) : undefined;
  const request: CheckRequest = campaign === undefined ? walked : { ...walked, source: campaign.source, seeded: true, runs: Math.min(maxRuns, walked.runs + campaign.nrBefore) };
  if (values.out !== undefined) makeFolder(values.out);
  const began = terminal.now();
  const result = await runCheck(request, terminal);
  const report = reportOf(request, { ...result, interrupted: terminal.interrupted() }, values.json === true ? null : (1000 * result.commands) / Math.max(1, terminal.now() - began));
  const names = values.out === undefined ? [] : result.findings.map((finding) => fileStem(values.out ?? "", finding));
  if (values.json === true) {
    terminal.out(`${jsonReport(report).trimEnd()}\n`);
  } else {
    printFindings(result.findings, names, terminal);
    terminal.out(summaryReport(report, { width: terminal.width, colour: terminal.colour, unicode: terminal.unicode }));
  }
  for (const [index, finding] of result.findings.entries()) saveFinding(names[index], finding, terminal);
  campaign?.tell(terminal);
  return exitCode(result);
}

interface SourceWords {
  readonly exhaustive?: string | undefined;
  readonly tape?: string | undefined;
  readonly seed?: string | undefined;
  readonly campaign?: boolean | undefined;
  readonly corpus?: string | undefined;
}

/** Scenarios that come from no seed, where the command line asks for them. */
async function sourceOf(values: SourceWords, machine: MachineDescription | "drawn", terminal: Terminal): Promise<ScenarioSource | undefined> {
  if (values.corpus !== undefined && values.campaign !== true) throw new BadInput("--corpus: is for --campaign");
  const [first, second] = (["exhaustive", "tape", "campaign", "seed"] as const).filter((name) => values[name] !== undefined);
  if (second !== undefined && first !== "campaign") throw new BadInput(`--${first}: can not be used together with --${second}`);
  if (values.exhaustive !== undefined) return everyShortScenario(values.exhaustive, machine);
  return values.tape === undefined ? undefined : fromTape(values.tape, machine, terminal);
}

/** 0 holds, 1 breach, 2 nothing can be said. */
export function exitCode({ verdict }: Pick<SearchResult, "verdict">): number {
  return verdict === "holds" ? 0 : verdict === "breach" ? 1 : 2;
}

/** Milliseconds between two looks at the clock and at what came in. */
const beat = 20;

/** The search with progress, a time limit, and Ctrl-C. */
export async function runCheck(request: CheckRequest, terminal: Terminal): Promise<SearchResult> {
  const { machine, profile, subjectProfile, subject, runs, seed, auditEvery, maxReductions, source } = request;
  const began = terminal.now();
  terminal.heedInterrupts();
  const bar = startProgress(terminal, `check ${machineName(machine)}`);
  let last = began;
  /** When the reduction under way began. */
  let reducing: number | null = null;
  const pulse = async (progress: Progress): Promise<boolean | "enough"> => {
    if (progress.doing === "searching") reducing = null;
    if (terminal.now() - last < beat) return true;
    await terminal.breathe();
    last = terminal.now();
    if (progress.doing === "reducing") reducing ??= last;
    const elapsed = (last - began) / 1000;
    const found = progress.findings.length === 0 ? "" : `, ${counted(progress.findings.length, "rule")} broken`;
    const rate = `${grouped(progress.commands)} commands, ${grouped(Math.round(progress.commands / Math.max(0.001, elapsed)))} a second${found}`;
    const doing = progress.doing === "searching" ? rate : `broken after ${grouped(progress.commands)} commands, shrinking: ${progress.size ?? 0} commands left`;
    if (request.seconds !== null && progress.doing === "searching") bar.update(Math.min(elapsed, request.seconds), request.seconds, doing);
    else bar.update(progress.runs, runs === maxRuns ? progress.runs + 1 : runs, doing);
    if (terminal.interrupted()) return false;
    if (reducing !== null && request.reduceSeconds !== null && last - reducing >= 1000 * request.reduceSeconds) return "enough";
    return request.seconds === null || progress.doing === "reducing" || elapsed < request.seconds;
  };
  try {
    return await search({ machine, profile, subject, subjectProfile, create: (description, as) => createSubject(subject, description, as), seed, runs, auditEvery, maxReductions, pulse, ...(source === undefined ? {} : { source }) });
  } finally {
    bar.stop();
  }
}

/** The value that reports are printed from. */
export function reportOf({ machine, profile, seed, source, seeded, exhaustive }: CheckRequest, result: SearchResult, rate: number | null): RunReport {
  const reached = new Set(result.goals.filter((goal) => goal.reached).map(({ id }) => id));
  return {
    verdict: result.verdict,
    ...(result.because === null ? {} : { because: result.because }),
    seed: source === undefined || seeded === true ? seed : null,
    profile: profile.name,
    machines: [{ machine: machineName(machine), runs: result.runs, commands: result.commands }],
    goals: goals.map(({ id, title, rules }) => ({ id, title, rules, reached: reached.has(id) })),
    clauses: result.clauses,
    rules: result.rules,
    permissions: result.permissions,
    ...(result.interrupted ? { interrupted: true } : {}),
    ...(exhaustive !== true || result.verdict === "breach" ? {} : { exhausted: result.exhausted }),
    ...(rate === null ? {} : { rate }),
    counterexamples: result.findings,
  };
}

/** The first finding whole, the others in a line each. `names`: the files they go to, without endings. */
export function printFindings(findings: readonly Counterexample[], names: readonly string[], terminal: Terminal): void {
  const [first, ...others] = findings;
  if (first === undefined) return;
  const [name] = names;
  const around = aroundOf(first);
  terminal.out(textReport(first, { width: terminal.width, colour: terminal.colour, unicode: terminal.unicode, ...(name === undefined ? {} : { file: `${name}.json` }), ...(around === undefined ? {} : { around }) }));
  terminal.out("\n");
  for (const other of others) terminal.out(`${hanging(`also: ${oneLine(other)}`, 0, terminal.width).join("\n")}\n`);
  if (others.length > 0) terminal.out("\n");
}

function machineName(machine: CheckRequest["machine"]): string {
  return machine === "drawn" ? machine : machine.name;
}

/** A planted fault is looked for where it shows. */
function machineFor(mutant: string | undefined): string {
  return (mutant === undefined ? undefined : findMutant(mutant)?.machine) ?? "tiny";
}

function fileStem(folder: string, { signature, machine, subject }: Counterexample): string {
  const words = [...(subject.mutant === null ? [] : [subject.mutant]), signature, machine.name].join("_");
  return `${folder.replace(/\/+$/u, "")}/bad_${words.replaceAll(/[^A-Za-z0-9]+/gu, "_").toLowerCase()}`;
}

/** A file for replay, and a test. */
function saveFinding(name: string | undefined, finding: Counterexample, terminal: Terminal): void {
  if (name === undefined) return;
  for (const [file, text] of [[`${name}.json`, counterexampleText(finding)], [`${name}.test.js`, vitestExport(finding)]] as const) {
    const written = writeFileAtomically(file, text);
    if (!written.ok) throw new BadInput(written.error);
    terminal.err(`saved ${file}\n`);
  }
}
