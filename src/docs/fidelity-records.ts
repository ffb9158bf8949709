/** The sections of docs/fidelity.md about records of a real kernel: printed from playing them. */
import { readFileSync } from "node:fs";
import { linux612, switchIds } from "../../models/index.ts";
import type { SwitchId } from "../../models/index.ts";
import { playRecord, switchesNeeded } from "../fidelity/play.ts";
import type { RecordResult } from "../fidelity/play.ts";
import { parseRecords } from "../fidelity/record.ts";
import type { FidelityRecord } from "../fidelity/record.ts";
import { relations } from "../fidelity/verdict.ts";
import { anchorOf, joined, paragraph, table } from "./markdown.ts";

const file = "test/fixtures/observed/linux-6.12.jsonl";

/** Played by the engine; the reference gives the same verdicts, which the checks before a release show. */
export function recordSections(root: string): Readonly<Record<"records" | "relations" | "needed", string>> {
  const records = parseRecords({ name: file, bytes: readFileSync(`${root}${file}`) });
  if (!records.ok) throw new Error(records.error);
  const results = records.value.map((record) => playRecord(record, "engine", linux612));
  const needed = new Map<SwitchId, string[]>();
  for (const [index, record] of records.value.entries()) {
    const result = results[index];
    if (result?.verdict !== "agrees") continue;
    for (const id of switchesNeeded(record, result, "engine", linux612)) needed.set(id, [...(needed.get(id) ?? []), record.id]);
  }
  return { records: recordTable(records.value, results), relations: relationTable(results), needed: neededTable(needed) };
}

function recordTable(records: readonly FidelityRecord[], results: readonly RecordResult[]): string {
  const count = (verdict: RecordResult["verdict"]): number => results.filter((result) => result.verdict === verdict).length;
  const compared = results.reduce((sum, result) => sum + (result.verdict === "agrees" ? result.compared : 0), 0);
  const left = results.reduce((sum, result) => sum + (result.verdict === "agrees" ? result.notCompared.length : 0), 0);
  const rows = results.map((result, index) => [result.id, records[index]?.title ?? "", result.verdict, stepsOf(result), lacking(result)]);
  return joined([
    paragraph(
      `Of ${results.length} records ${results.length - count("not expressible")} can be expressed (${Math.round((1 - count("not expressible") / results.length) * 100)} %); of these ${count("agrees")} agree and ${count("differs")} differ, for the engine and for the reference. In the records that agree ${compared} steps are compared, ${left} are not.`,
    ),
    table(["record", "what was done", "verdict", "steps", "what is missing"], rows),
  ]);
}

function stepsOf({ verdict, compared }: RecordResult): string {
  return verdict === "agrees" ? String(compared) : "";
}

function lacking({ missing, step, notCompared }: RecordResult): string {
  if (missing !== undefined) return step === undefined ? missing : `step ${step}: ${missing}`;
  const steps = new Map<string, number[]>();
  for (const { step: at, what } of notCompared) steps.set(what, [...(steps.get(what) ?? []), at]);
  return [...steps].map(([what, at]) => `${at.length === 1 ? "step" : "steps"} ${at.join(", ")}: ${what}`).join("; ");
}

function relationTable(results: readonly RecordResult[]): string {
  const rows = relations.map(({ id, title, rule }) => [`<a id="${anchorOf(id)}"></a>\`${id}\``, title, rule, String(results.filter((result) => result.relations.includes(id)).length)]);
  return table(["relation", "what is compared by it", "what has to hold", "records"], rows);
}

function neededTable(needed: ReadonlyMap<SwitchId, readonly string[]>): string {
  const rows = switchIds.map((id) => [`[${id}](#${anchorOf(id)})`, (needed.get(id) ?? []).map((record) => `\`${record}\``).join(", ") || "none: read from the source"]);
  return table(["switch", "records that do not agree without it"], rows);
}
