/** What a run covered, for people: the verdict, how much was tried, what was reached and what was not. */
import { switches } from "../../models/index.ts";
import { counted, few, grouped, hanging, joinParts, kept, labelled, leftAndRight, listed, wrap } from "./lines.ts";
import { oneLine } from "./one-line.ts";
import { totals } from "./run-report.ts";
import type { MachineReport, RunReport, RunVerdict } from "./run-report.ts";
import { createTheme } from "./theme.ts";
import type { Role, Theme, ThemeOptions } from "./theme.ts";

export interface SummaryOptions extends ThemeOptions {
  /** Columns; 80 where nothing is said. */
  readonly width?: number;
}

const verdictRoles: Readonly<Record<RunVerdict, Role>> = { holds: "holds", breach: "broken", inconclusive: "doubt" };

/** The summary, with a line end at its end. */
export function summaryReport(report: RunReport, options: SummaryOptions = {}): string {
  const theme = createTheme(options);
  const width = options.width ?? 80;
  const parts = [headPart(report, width, theme), machinesPart(report.machines), goalsPart(report, width, theme), askedPart(report, width, theme), permissionsPart(report, width, theme), findingsPart(report, width, theme)];
  return joinParts(parts);
}

function headPart(report: RunReport, width: number, theme: Theme): readonly string[] {
  const { runs, commands } = totals(report);
  const verdict = report.verdict === "breach" ? `breach: ${counted(report.counterexamples.length, "rule")} broken` : report.verdict;
  const whole = report.exhausted === undefined ? "" : report.exhausted ? "; every one there is" : "; not every one there is";
  const seed = report.seed === null ? "" : `seed ${report.seed}, `;
  const rate = report.rate === undefined ? "" : `, ${grouped(Math.round(report.rate))} a second`;
  return [
    ...leftAndRight(verdict, `(${seed}profile ${report.profile})`, width, (text) => theme.paint(verdictRoles[report.verdict], text)),
    `${counted(commands, "command")} in ${counted(runs, "run")} on ${counted(report.machines.length, "machine")}${rate}${whole}${report.interrupted === true ? "; stopped early" : ""}`,
    ...(report.because === undefined ? [] : wrap(`because ${report.because}`, width)),
  ];
}

/** Numbers aligned on the right under their heads. */
function machinesPart(machines: readonly MachineReport[]): readonly string[] {
  if (machines.length === 0) return [];
  const rows = [["machine", "runs", "commands"] as const, ...machines.map(({ machine, runs, commands }) => [machine, grouped(runs), grouped(commands)] as const)];
  const [names, runs, commands] = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map(([name, run, command]) => `  ${name.padEnd(names ?? 0)}  ${run.padStart(runs ?? 0)}  ${command.padStart(commands ?? 0)}`);
}

/** Goals that were missed and are named. */
const mostGoals = 5;

// After a breach the search has not gone its way to the end: what it did not reach says little.
function goalsPart({ goals, notCheckable = [], verdict }: RunReport, width: number, theme: Theme): readonly string[] {
  const label = (text: string): string => theme.paint("label", text);
  const missed = goals.filter(({ reached }) => !reached);
  const all = `${goals.length - missed.length} of ${goals.length} reached${missed.length === 0 || verdict === "breach" ? "" : "; not reached:"}`;
  const shown = verdict === "breach" ? [] : few(missed, mostGoals, goalWords);
  return [
    ...(goals.length === 0 ? [] : labelled("goals", all, width, label)),
    ...shown.flatMap((line) => hanging(line, 2, width)),
    ...(notCheckable.length === 0 ? [] : labelled("unchecked", `${listed(notCheckable.map(kept))}: the subject does not show what ${notCheckable.length === 1 ? "it reads" : "they read"}`, width, label)),
  ];
}

function goalWords({ id, title, rules }: RunReport["goals"][number]): string {
  const vacuous = rules.length === 0 ? "" : `; without it ${listed(rules.map(kept))} ${rules.length === 1 ? "says" : "say"} nothing`;
  return `${kept(id)}: ${title}${vacuous}`;
}

/** Names of rules that are listed. */
const mostNames = 12;

// A rule that was never broken because there was nothing of its sort is told, as a goal is that was missed.
function askedPart({ rules = [], clauses = [], verdict }: RunReport, width: number, theme: Theme): readonly string[] {
  const label = (text: string): string => theme.paint("label", text);
  return [
    ["rules", rules, "had something to judge"] as const,
    ["clauses", clauses, "had an outcome to judge"] as const,
  ].flatMap(([name, all, what]) => {
    const silent = all.filter(({ reached }) => !reached).map(({ id }) => kept(id));
    const not = silent.length === 0 || verdict === "breach" ? "" : `; not ${few(silent, mostNames, (id) => id).join(", ")}`;
    return all.length === 0 ? [] : labelled(name, `${all.length - silent.length} of ${all.length} ${what}${not}`, width, label);
  });
}

function permissionsPart({ permissions }: RunReport, width: number, theme: Theme): readonly string[] {
  const label = (text: string): string => theme.paint("label", text);
  const used = permissions.filter((permission) => permission.used > 0);
  if (used.length === 0) return labelled("permitted", "no known difference of Linux was needed", width, label);
  const lines = used.map(({ id, used: times }) => `${kept(`${id}, ${counted(times, "time")}`)}: ${switches.find((known) => known.id === id)?.linux ?? "unknown"}`);
  return [...labelled("permitted", "known differences of Linux that were needed:", width, label), ...lines.flatMap((line) => hanging(line, 2, width))];
}

function findingsPart({ counterexamples }: RunReport, width: number, theme: Theme): readonly string[] {
  if (counterexamples.length === 0) return [];
  return [theme.paint("label", "broken"), ...counterexamples.flatMap((counterexample) => hanging(oneLine(counterexample), 2, width))];
}
