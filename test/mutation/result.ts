/** What came of the mutants, by file; and the table of it. */
import { equivalentOf } from "../../src/power/code-mutants.ts";
import type { EquivalenceClass } from "../../src/power/code-mutants.ts";
import type { PlantedMutant } from "./plant.ts";
import type { Target } from "./targets.ts";

export interface Verdict {
  readonly id: number;
  readonly verdict: "found" | "survived" | "not reached";
  readonly by: string | null;
  readonly lockstep: number;
}

export interface Survivor extends Pick<PlantedMutant, "file" | "line" | "mutator" | "was" | "becomes"> {
  readonly reached: boolean;
  /** Differs from the original in recorded runs, in a way that is permitted. */
  readonly differs: boolean;
  /** Why nothing can tell it from the original, where that has been seen; null: it is open. */
  readonly equivalent: EquivalenceClass | null;
}

export interface FileResult {
  readonly file: string;
  readonly mutants: number;
  readonly found: number;
}

export interface MutationResult {
  readonly target: string;
  /** Mutants that there are; `mutants` were asked. */
  readonly planted: number;
  readonly mutants: number;
  readonly found: number;
  /** Of those that were not found. */
  readonly equivalent: number;
  readonly files: readonly FileResult[];
  readonly survivors: readonly Survivor[];
}

export function resultOf(target: Target, asked: readonly PlantedMutant[], planted: number, verdicts: ReadonlyMap<number, Verdict>): MutationResult {
  const isFound = ({ id }: PlantedMutant): boolean => verdicts.get(id)?.verdict === "found";
  const files = [...new Set(asked.map(({ file }) => file))].map((file) => {
    const own = asked.filter((mutant) => mutant.file === file);
    return { file, mutants: own.length, found: own.filter(isFound).length };
  });
  const survivors = asked.filter((mutant) => !isFound(mutant)).map(({ id, file, line, mutator, was, becomes }) => ({ file, line, mutator, was, becomes, reached: verdicts.get(id)?.verdict === "survived", differs: (verdicts.get(id)?.lockstep ?? 0) > 0, equivalent: equivalentOf({ file, was, becomes })?.why ?? null }));
  return { target: target.name, planted, mutants: asked.length, found: asked.filter(isFound).length, equivalent: survivors.filter(({ equivalent }) => equivalent !== null).length, files, survivors };
}

function share(found: number, of: number): string {
  return of === 0 ? "-" : `${((100 * found) / of).toFixed(1)} %`;
}

export function mutationTable({ target, planted, mutants, found, equivalent, files, survivors }: MutationResult): string {
  const lines = files.map(({ file, mutants: of, found: own }) => `${file.padEnd(40)} ${String(own).padStart(5)} of ${String(of).padStart(5)}  ${share(own, of).padStart(7)}`);
  const open = survivors.filter((survivor) => survivor.equivalent === null);
  const left = open.map(({ file, line, was, becomes, reached, differs }) => `${file}:${line}: ${short(was)} -> ${short(becomes)}${reached ? (differs ? " (differs, as permitted)" : "") : " (not reached)"}`);
  const last = `${target}: ${found} of ${mutants} mutants found${mutants < planted ? `, a sample of ${planted}` : ""}; ${equivalent} more are equivalent, ${open.length} open; ${share(found, mutants - equivalent)} of those that are not equivalent`;
  return `${[...lines, "", ...left, "", last].join("\n")}\n`;
}

/** Characters of source that are shown. */
const widest = 90;

function short(text: string): string {
  return text.length <= widest ? text : `${text.slice(0, widest - 3)}...`;
}
