/** A measurement for people, on a terminal. */
import { commandLine } from "../report/command-words.ts";
import { counted, grouped, hanging, joinParts, wrap } from "../report/lines.ts";
import { leftOut } from "./not-modelled.ts";
import type { LeftOut } from "./not-modelled.ts";
import type { Measurement } from "./measure.ts";
import { baselineRows, rowsOf } from "./rows.ts";
import type { Row } from "./rows.ts";
import { limitWords, number, secondsWords, shortestWords, sizeWords } from "./words.ts";

export interface PowerTextOptions {
  /** What has no mutant; left out, the list of the catalogue. */
  readonly left?: LeftOut;
  readonly width: number;
  /** Seconds it took, or null. */
  readonly took: number | null;
}

/** The report, with a line end at its end. */
export function powerText(measurement: Measurement, { width, took, left = leftOut }: PowerTextOptions): string {
  const rows = rowsOf(measurement);
  const whole = rows.filter(({ found, of }) => found === of && of === measurement.seeds).length;
  const time = took === null ? "" : `, in ${grouped(Math.round(took))} s`;
  const head = `${whole} of ${counted(rows.length, "mutant")} found from every seed (${measurement.seeds === 1 ? "seed 1" : `seeds 1 to ${measurement.seeds}`})${time}${measurement.interrupted ? "; stopped early" : ""}`;
  return joinParts([
    wrap(head, width),
    tableLines(rows),
    oddLines(rows, width),
    baselineLines(measurement, width),
    wrap(`${counted(left.notModelled.length, "entry", "entries")} of the catalogue have no mutant because the model lacks what they need, and ${left.interleavings.length} are interleavings; --json and --out say which and why.`, width),
    wrap(limitWords(measurement), width),
  ]);
}

const heads = ["mutant", "found", "runs", "commands", "tries", "seconds", "sizes", "forms", "shortest"] as const;

function tableLines(rows: readonly Row[]): readonly string[] {
  const cells = [heads, ...rows.map((row) => [row.id, `${row.found}/${row.of}`, number(row.medianRuns), number(row.medianCommands), number(row.medianExecutions), secondsWords(row), sizeWords(row), String(row.forms), shortestWords(row)])];
  const widths = heads.map((_, column) => Math.max(...cells.map((line) => (line[column] ?? "").length)));
  return cells.map((line) => `  ${line.map((cell, column) => (column === 0 || column === heads.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`.trimEnd());
}

/** What was not found, and where the enumeration found something shorter. */
function oddLines(rows: readonly Row[], width: number): readonly string[] {
  return rows.flatMap((row) => {
    const missed = row.found < row.of ? hanging(`${row.id}: not found from ${counted(row.of - row.found, "seed")} of ${row.of}: ${row.title}`, 0, width) : [];
    const { exhaustive } = row;
    const shorter = exhaustive?.says === "shorter" && exhaustive.commands !== null ? hanging(`${row.id}: a shorter one breaks ${exhaustive.rule ?? ""}: ${exhaustive.commands.map(commandLine).join("; ") || "after boot"}`, 0, width) : [];
    return [...missed, ...shorter];
  });
}

function baselineLines(measurement: Measurement, width: number): readonly string[] {
  return baselineRows(measurement).flatMap(({ id, title, found, of, commands }) => hanging(`baseline ${id}: found by ${found} of ${counted(of, "search", "searches")}, in ${counted(commands, "command")}: ${title}`, 0, width));
}
