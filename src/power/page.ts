/** A measurement as a page. Same options, same bytes, but for the times. */
import { bullets, heading, joined, paragraph, table } from "../docs/markdown.ts";
import { mutants } from "../mutants/index.ts";
import { commandLine } from "../report/command-words.ts";
import { counted } from "../report/lines.ts";
import { codeMutantsPart } from "./code-mutants-page.ts";
import { defaultLimits } from "./measure.ts";
import type { Limits, Measurement } from "./measure.ts";
import { catalogueSize, leftOut } from "./not-modelled.ts";
import type { LeftOut, NotModelled } from "./not-modelled.ts";
import { baselineRows, rowsOf } from "./rows.ts";
import type { BaselineRow, Row } from "./rows.ts";
import { limitWords, number, secondsWords, shortestWords, sizeWords } from "./words.ts";

/** The file of the drawing, beside the page. */
export const chartFile = "power.svg";

/** The page, with a line end at its end. `left`: what has no mutant; left out, the list of the catalogue. */
export function powerPage(measurement: Measurement, left: LeftOut = leftOut): string {
  const rows = rowsOf(measurement);
  const baselines = baselineRows(measurement);
  const parts = [
    "# Power",
    paragraph("How well the search finds what it is for: bugs that Linux once had, planted in the engine one at a time. This page is printed by `framecheck power`."),
    ...(measurement.interrupted ? [paragraph("**The measurement was stopped early: what is missing here was not measured.**")] : []),
    summaryPart(measurement, rows, baselines),
    `<img src="${chartFile}" width="760" alt="Mutants found by commands walked: the search of framecheck, and fc.commands at two sizes">`,
    paragraph("A curve ends where the first of its searches was given up."),
    heading(2, "What was measured"),
    bullets(methodPart(measurement)),
    paragraph(limitWords(measurement)),
    heading(2, "Found"),
    table(["mutant", "upstream change", "machine", "found", "runs", "commands", "reduction", "seconds", "size", "forms", "shortest"], rows.map(foundRow)),
    paragraph("Medians are over the seeds that found it. `seconds` is the median and, in brackets, the longest time of a search with its reduction, where that was measured (`--times`); nothing else here depends on a clock. What was tried from one seed is remembered and not run again for the next, so the longest is mostly that of the first seed, which has nothing to remember, and the median is less than a search alone takes. `size` is the commands of the minimal form: one number where all seeds agree, else the smallest, the median and the largest. `proved`: the enumeration tried everything shorter over its alphabet; for a size of 3 that rests on pairs of the narrow one. `not 0 to N`: it tried everything of up to N commands, which is not all that is shorter."),
    heading(2, "Minimal forms"),
    bullets(rows.flatMap(formLines)),
    heading(2, "Against drawing without looking"),
    paragraph("The same mutants under `fc.commands` of fast-check: every command drawn on its own from the alphabet of the enumeration, without a look at the state, and run in lockstep under the same rules. What can not be issued is skipped, and counts as walked."),
    table(["mutant", "framecheck", "commands", ...baselines.flatMap(({ id }) => [id, "commands"])], rows.map((row) => [row.id, `${row.found}/${row.of}`, number(row.medianCommands), ...baselines.flatMap((baseline) => baselineCells(baseline, row.id))])),
    bullets(baselines.map(({ id, title, found, of, executions, commands }) => `\`${id}\`: ${title}: ${found} of ${counted(of, "search", "searches")}, in ${counted(executions, "scenario")} and ${counted(commands, "command")}`)),
    heading(2, "Not modelled"),
    paragraph(`Of the ${catalogueSize} entries in the catalogue of historic bugs these have no mutant, because the model lacks what they are about.`),
    bullets(left.notModelled.map(entry)),
    paragraph("And these are interleavings of two processors inside one operation. They are out of scope: commands run one after the other, and steps are taken only where Linux waits."),
    bullets(left.interleavings.map(entry)),
    ...codeMutantsPart(),
    heading(2, "Run it again"),
    `\`\`\`\n${again(measurement)}\n\`\`\``,
    paragraph(`The same seeds give the same bytes but for the times${measurement.seconds === null ? "" : ", unless a limit of time ends a search"}.`),
  ];
  return `${joined(parts)}\n`;
}

function summaryPart({ seeds }: Measurement, rows: readonly Row[], baselines: readonly BaselineRow[]): string {
  const whole = rows.filter(({ found }) => found === seeds).length;
  const proved = rows.filter(({ shortestBy }) => shortestBy === "exhaustive").length;
  const reached = rows.filter(({ sizes, shortest }) => sizes.median !== null && sizes.median === shortest).length;
  const others = baselines.map(({ id, found, of }) => `\`${id}\` in ${found} of ${of} searches`).join(", ");
  return paragraph(`${whole} of ${counted(rows.length, "mutant")} were found from every one of ${counted(seeds, "seed")}. Of ${proved} the length of the shortest scenario is known, over an alphabet that is stated below; for ${reached} the median minimal form is as short as the shortest that is known. Drawing commands without looking at the state finds them: ${others}.`);
}

function methodPart({ seeds }: Measurement): readonly string[] {
  return [
    `Each mutant is the engine with one decision changed. It is searched for on the machine that \`framecheck mutants --json\` names, under the profile \`strict\`, from ${seeds === 1 ? "seed 1" : `seeds 1 to ${seeds}`}, as \`framecheck check --mutant ID --seed N\` does, up to the first finding.`,
    "The finding is reduced, and keeps breaking the same rule. Other rules that were seen broken on the way are findings of their own; the simplest of all counts here. `runs` and `commands` are what was walked up to it, `reduction` is the scenarios that were run to reduce them.",
    "Two minimal forms are the same if they are the same commands, labels counted from 1 in the order of their first use.",
    "Shortest: the smallest scenario that anything here came to, under any rule. Scenarios shorter than what the searches found are enumerated: the boot alone; every command of a wide alphabet (each op with both labels, each block, each start of a section, pageblock and subsection, a few sizes, all words and flags); every pair of a narrow one (starts of blocks only, fewer sizes, orders and kinds of pages). Where the engine with the fault answers and looks as the engine without it, no rule can tell them apart; where it does not, the scenario is judged in lockstep.",
    "Left out of the pairs: those that begin with a command that is skipped, or that changes nothing that can be seen, unless it arms a failure, changes a setting or asks a driver for memory.",
  ];
}

function foundRow(row: Row): readonly string[] {
  return [row.id, row.title, row.machine, `${row.found}/${row.of}`, number(row.medianRuns), number(row.medianCommands), number(row.medianExecutions), secondsWords(row), sizeWords(row), String(row.forms), shortestWords(row)];
}

/** Forms of a mutant that are told. */
const mostForms = 3;

function formLines({ id, minimal, exhaustive }: Row): readonly string[] {
  const shown = minimal.slice(0, mostForms).map(({ commands, rules, seeds }) => `${scenario(commands)} (${rules.join(", ")}; ${counted(seeds.length, "seed")})`);
  const more = minimal.length > mostForms ? [`${minimal.length - mostForms} more`] : [];
  const shorter = exhaustive?.says === "shorter" && exhaustive.commands !== null ? [`by enumeration ${scenario(exhaustive.commands)} (${exhaustive.rule ?? ""})`] : [];
  return shown.length + shorter.length === 0 ? [] : [`**${id}**: ${[...shown, ...more, ...shorter].join("; or ")}`];
}

function scenario(commands: Row["minimal"][number]["commands"]): string {
  return commands.length === 0 ? "after boot" : commands.map((command) => `\`${commandLine(command)}\``).join(", ");
}

function baselineCells(baseline: BaselineRow, id: string): readonly string[] {
  const found = baseline.mutants.find((each) => each.id === id);
  return found === undefined || found.of === 0 ? ["-", "-"] : [`${found.found}/${found.of}`, number(found.medianCommands)];
}

/** The command line that prints this page. */
function again({ seeds, seconds, limits, mutants: measured }: Measurement): string {
  const few = measured.length === mutants.length ? "" : measured.map(({ mutant }) => ` --mutant ${mutant.id}`).join("");
  const time = seconds === null ? "" : ` --seconds ${seconds}`;
  const times = measured.some(({ hunts }) => hunts.some(({ seconds: took }) => took !== null)) ? " --times" : "";
  const option = (name: string, limit: keyof Limits): string => (limits[limit] === defaultLimits[limit] ? "" : ` --${name} ${limits[limit]}`);
  return `npx framecheck power${few} --seeds ${seeds}${time}${option("runs", "runs")}${option("executions", "executions")}${option("baseline-commands", "baselineCommands")}${option("baseline-seeds", "baselineSeeds")}${times} --out docs`;
}

function entry({ id, why }: NotModelled): string {
  return `**${id}**: ${why}`;
}
