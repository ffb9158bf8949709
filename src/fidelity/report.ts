/** What became of the records, as text and as JSON. */
import { styleText } from "node:util";
import { printable } from "../formats/parsed.ts";
import { counted, wrap } from "../report/lines.ts";
import type { FidelitySubject, RecordResult } from "./play.ts";
import type { FidelityRecord } from "./record.ts";
import { relations } from "./verdict.ts";

export interface FidelityRun {
  readonly subject: FidelitySubject;
  readonly profile: string;
  readonly results: readonly RecordResult[];
}

function tally(results: readonly RecordResult[]): { readonly agree: number; readonly differ: number; readonly notExpressible: number } {
  const count = (verdict: RecordResult["verdict"]): number => results.filter((result) => result.verdict === verdict).length;
  return { agree: count("agrees"), differ: count("differs"), notExpressible: count("not expressible") };
}

/** `predicted` and `observed` of a difference; `missing` of what can not be expressed, also of single steps of a record that agrees. */
export function fidelityJson({ subject, profile, results }: FidelityRun): string {
  const records = results.map(({ id, verdict, step, predicted, observed, missing, compared, notCompared }) => {
    const left = notCompared.map((one) => `step ${one.step}: ${one.what}`).join("; ");
    const lacking = missing ?? (left === "" ? undefined : left);
    return {
      id,
      verdict,
      ...(step === undefined ? {} : { step }),
      ...(predicted === undefined ? {} : { predicted }),
      ...(observed === undefined ? {} : { observed }),
      ...(lacking === undefined ? {} : { missing: lacking }),
      compared,
    };
  });
  return `${JSON.stringify({ framecheck: "fidelity", version: 1, subject, profile, records, ...tally(results) }, null, 2)}\n`;
}

export interface TextOptions {
  readonly width: number;
  readonly colour: boolean;
}

/** A line a record, the whole of each difference, and the total. */
export function fidelityText(run: FidelityRun, records: readonly FidelityRecord[], options: TextOptions): string {
  const { results } = run;
  const titles = new Map(records.map(({ id, title }) => [id, title]));
  const idWidth = Math.min(36, Math.max(...results.map(({ id }) => printable(id).length)));
  const lines = results.flatMap((result) => recordLines(result, titles.get(result.id) ?? "", idWidth, options));
  return `${[...lines, "", ...totals(run, options)].join("\n")}\n`;
}

const marks = { agrees: "green", differs: "red", "not expressible": "yellow" } as const;

/** The text behind a label that takes `indent` columns, wrapped there. */
function beside(label: string, indent: number, text: string, width: number): readonly string[] {
  return wrap(text, width - indent).map((line, index) => (index === 0 ? label : " ".repeat(indent)) + line);
}

function recordLines(result: RecordResult, title: string, idWidth: number, { width, colour }: TextOptions): readonly string[] {
  const mark = colour ? styleText(marks[result.verdict], result.verdict, { validateStream: false }) : result.verdict;
  const left = result.notCompared.length === 0 ? "" : `, ${result.notCompared.length} not compared`;
  const behind = result.verdict === "agrees" ? `  ${counted(result.compared, "step")}${left}` : "";
  const id = printable(result.id).padEnd(idWidth);
  const fits = id.length + 2 + result.verdict.length + behind.length <= width;
  const head = fits ? [`${id}  ${mark}${behind}`] : [...wrap(result.id, width), `    ${mark}${behind}`];
  if (result.verdict === "agrees") return head;
  const indent = 15;
  if (result.verdict === "not expressible") return [...head, ...beside("    needs      ", indent, `${result.missing ?? ""}${result.step === undefined ? "" : ` (step ${result.step})`}`, width)];
  return [
    ...head,
    ...beside("    record     ", indent, title, width),
    ...beside(`    step ${String(result.step).padEnd(6)}`, indent, result.do ?? "", width),
    ...beside("    predicted  ", indent, result.predicted ?? "", width),
    ...beside("    observed   ", indent, result.observed ?? "", width),
  ];
}

function totals({ subject, profile, results }: FidelityRun, { width }: TextOptions): readonly string[] {
  const { agree, differ, notExpressible } = tally(results);
  const compared = results.reduce((sum, result) => sum + (result.verdict === "agrees" ? result.compared : 0), 0);
  const left = results.reduce((sum, result) => sum + (result.verdict === "agrees" ? result.notCompared.length : 0), 0);
  const used = relations.filter(({ id }) => results.some((result) => result.relations.includes(id)));
  return [
    ...wrap(`${counted(results.length, "record")} against the ${subject} under profile ${profile}: ${agree} agree, ${differ} differ, ${notExpressible} not expressible. In records that agree ${counted(compared, "step")} ${compared === 1 ? "was" : "were"} compared, ${left} not.`, width),
    ...(used.length === 0 ? [] : ["", ...wrap("Values that move with what the kernel does for itself were compared by relation:", width), ...used.flatMap(({ id, rule }) => beside(`  ${id.padEnd(16)}`, 18, rule, width))]),
  ];
}
