/** The numbers of a measurement: a row a mutant, and a summary a baseline. */
import type { Command } from "../../models/index.ts";
import { withOwnLabels } from "../../properties/index.ts";
import { baselines } from "./baseline.ts";
import type { Exhausted } from "./exhaust.ts";
import { formOf } from "./form.ts";
import type { Measured, Measurement } from "./measure.ts";

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly machine: string;
  /** Seeds from which it was found, of how many. */
  readonly found: number;
  readonly of: number;
  /** Medians over the seeds that found it; null where none did. */
  readonly medianRuns: number | null;
  readonly medianCommands: number | null;
  readonly medianExecutions: number | null;
  /** Seconds of a search, its reduction included: the median and the longest; null where no times were measured. */
  readonly medianSeconds: number | null;
  readonly maxSeconds: number | null;
  /** Commands of the minimal forms. */
  readonly sizes: { readonly min: number | null; readonly median: number | null; readonly max: number | null };
  /** Different minimal forms. */
  readonly forms: number;
  /** Commands of the smallest scenario that anything here came to, or null. */
  readonly shortest: number | null;
  /** `exhaustive`: the enumeration tried everything shorter over its alphabet; `search`: it is only the smallest that was seen. */
  readonly shortestBy: "search" | "exhaustive" | null;
  readonly exhaustive: Pick<Exhausted, "says" | "upTo" | "executions" | "commands" | "rule"> | null;
  readonly minimal: readonly Form[];
}

export interface Form {
  /** With labels in the order of their first use. */
  readonly commands: readonly Command[];
  readonly rules: readonly string[];
  /** The seeds that came to it. */
  readonly seeds: readonly number[];
}

export interface BaselineRow {
  readonly id: string;
  readonly title: string;
  /** Searches: mutants times seeds. */
  readonly of: number;
  readonly found: number;
  /** Scenarios run and commands walked, all together. */
  readonly executions: number;
  readonly commands: number;
  readonly mutants: readonly { readonly id: string; readonly of: number; readonly found: number; readonly medianCommands: number | null }[];
}

/** The middle one, or the mean of the two in the middle. */
export function median(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

export function rowsOf({ mutants }: Pick<Measurement, "mutants">): readonly Row[] {
  return mutants.map(rowOf);
}

function rowOf({ mutant, hunts, exhausted }: Measured): Row {
  const found = hunts.flatMap((each) => (each.found === null ? [] : [{ ...each, found: each.found }]));
  const seconds = found.flatMap((each) => each.seconds ?? []);
  const sizes = found.map((each) => each.found.commands.length);
  const all = exhausted?.commands === null || exhausted === null ? sizes : [...sizes, exhausted.commands.length];
  const shortest = all.length === 0 ? null : Math.min(...all);
  const proven = exhausted !== null && shortest !== null && exhausted.upTo >= shortest - 1;
  const minimal = formsOf(found);
  return {
    ...mutant,
    found: found.length,
    of: hunts.length,
    medianRuns: median(found.map(({ runs }) => runs)),
    medianCommands: median(found.map(({ commands }) => commands)),
    medianExecutions: median(found.map((each) => each.found.executions)),
    medianSeconds: median(seconds),
    maxSeconds: seconds.length === 0 ? null : Math.max(...seconds),
    sizes: { min: sizes.length === 0 ? null : Math.min(...sizes), median: median(sizes), max: sizes.length === 0 ? null : Math.max(...sizes) },
    forms: minimal.length,
    shortest,
    shortestBy: shortest === null ? null : proven ? "exhaustive" : "search",
    exhaustive: exhausted,
    minimal,
  };
}

/** Equal forms once, the shortest first, then the one that was met first. */
function formsOf(found: readonly { readonly seed: number; readonly found: { readonly commands: readonly Command[]; readonly rule: string } }[]): readonly Form[] {
  const forms = new Map<string, { commands: readonly Command[]; rules: string[]; seeds: number[] }>();
  for (const { seed, found: { commands, rule } } of found) {
    const form = formOf(commands);
    const known = forms.get(form) ?? { commands: withOwnLabels(commands), rules: [], seeds: [] };
    forms.set(form, known);
    known.seeds.push(seed);
    if (!known.rules.includes(rule)) known.rules.push(rule);
  }
  return [...forms.values()].toSorted((a, b) => a.commands.length - b.commands.length);
}

export function baselineRows({ mutants }: Pick<Measurement, "mutants">): readonly BaselineRow[] {
  return baselines.map(({ id, title }) => {
    const each = mutants.map(({ mutant, baselines: all }) => ({ id: mutant.id, runs: all.find((baseline) => baseline.id === id)?.runs ?? [] }));
    const runs = each.flatMap((one) => one.runs);
    return {
      id,
      title,
      of: runs.length,
      found: runs.filter(({ found }) => found).length,
      executions: runs.reduce((sum, { executions }) => sum + executions, 0),
      commands: runs.reduce((sum, { commands }) => sum + commands, 0),
      mutants: each.map((one) => {
        const hits = one.runs.filter(({ found }) => found);
        return { id: one.id, of: one.runs.length, found: hits.length, medianCommands: median(hits.map(({ commands }) => commands)) };
      }),
    };
  });
}

/** Every mutant that was asked for was found from every seed. */
export function foundAll({ seeds, mutants, interrupted }: Measurement): boolean {
  return !interrupted && mutants.every(({ hunts }) => hunts.length === seeds && hunts.every(({ found }) => found !== null));
}
