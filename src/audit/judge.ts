/**
 * Judges what was read: every cross-check, and every invariant that a partial view is good enough for.
 *
 * A running machine is read up to three times. A rule whose two sides move is a breach only if all readings give exactly the
 * same difference; it holds if it held once. An exact rule is a breach only if it broke every time, so that hotplug in the
 * middle of a reading is none. A saved tree can not be read again: there a difference of a moving counter is not judged,
 * because a moved counter and a wrong one look the same, unless no activity explains it.
 */
import { invariants, missingNeeds } from "../../properties/index.ts";
import type { Evidence, Invariant } from "../../properties/index.ts";
import { found } from "./cross-check.ts";
import type { CrossCheck, FactFile, Found } from "./cross-check.ts";
import { crossChecks } from "./cross-checks.ts";
import { whyNotJudged } from "./judgeable.ts";
import { systemPaths } from "./read-system.ts";
import { kpagecountPath, kpageflagsPath } from "./frames.ts";
import type { Snapshot } from "./snapshot.ts";

export interface BrokenRule {
  readonly rule: string;
  readonly title: string;
  readonly source: string;
  readonly evidence: readonly Evidence[];
}

export interface NotJudged {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  /** The files or facts that are not there, where that is why. */
  readonly needs: readonly string[];
  /** The rule applies, and broke in some readings only: the system changed while it was read. */
  readonly unsteady: boolean;
}

export interface Judgement {
  /** inconclusive: nothing could be judged, or the system changed under the reader. Never counts as passed. */
  readonly verdict: "holds" | "breach" | "inconclusive";
  readonly broken: readonly BrokenRule[];
  /** Ids of the rules that held. */
  readonly judged: readonly string[];
  readonly notJudged: readonly NotJudged[];
  readonly assumptions: readonly string[];
  /** How often the system was read. */
  readonly readings: number;
}

/** How many times a running machine is read at most. */
export const mostReadings = 3;

/** What one rule says of one reading. */
export type RuleResult =
  | { readonly status: "holds" }
  | { readonly status: "broken"; readonly evidence: readonly Evidence[] }
  | { readonly status: "moved"; readonly evidence: readonly Evidence[]; readonly frames: number }
  | { readonly status: "not-judged"; readonly why: string; readonly needs: readonly string[] };

interface Rule {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly judge: (snapshot: Snapshot) => RuleResult;
}

/** One reading of a system: what each rule says of it, in the order of the rules. */
export interface Reading {
  readonly live: boolean;
  readonly assumptions: readonly string[];
  readonly results: readonly RuleResult[];
}

/** Judges one snapshot. For a running machine this is one reading of several: see judgeReadings(). */
export function judge(snapshot: Snapshot, rules: readonly Invariant[] = invariants): Judgement {
  return judgeReadings([readingOf(snapshot, rules)], rules);
}

export function readingOf(snapshot: Snapshot, rules: readonly Invariant[] = invariants): Reading {
  return { live: snapshot.live, assumptions: snapshot.assumptions, results: allRules(rules).map((rule) => rule.judge(snapshot)) };
}

/** Whether another reading could change the verdict: something broke, or moved and has not held yet. */
export function isOpen(readings: readonly Reading[]): boolean {
  const last = readings.at(-1);
  if (last === undefined || !last.live || readings.length >= mostReadings) return false;
  return last.results.some((_, rule) => {
    const results = new Set(readings.map((reading) => reading.results[rule]?.status));
    return results.has("broken") || (results.has("moved") && !results.has("holds"));
  });
}

/** What several readings of the same system say together, in the order in which they were made. */
export function judgeReadings(readings: readonly Reading[], rules: readonly Invariant[] = invariants): Judgement {
  const live = readings.every((reading) => reading.live);
  const broken: BrokenRule[] = [];
  const judged: string[] = [];
  const notJudged: NotJudged[] = [];
  for (const [index, { id, title, source }] of allRules(rules).entries()) {
    const result = combine(readings.flatMap(({ results }) => results[index] ?? []), live);
    if (result.status === "holds") judged.push(id);
    else if (result.status === "broken") broken.push({ rule: id, title, source, evidence: result.evidence });
    else notJudged.push({ id, title, why: result.why, needs: result.needs, unsteady: result.unsteady });
  }
  const verdict = broken.length > 0 ? "breach" : judged.length === 0 || notJudged.some(({ unsteady }) => unsteady) ? "inconclusive" : "holds";
  return { verdict, broken, judged, notJudged, assumptions: readings.at(-1)?.assumptions ?? [], readings: readings.length };
}

function allRules(rules: readonly Invariant[]): readonly Rule[] {
  return [...crossChecks.map(ofCheck), ...rules.map(ofInvariant)];
}

type Combined = { readonly status: "holds" } | { readonly status: "broken"; readonly evidence: readonly Evidence[] } | ({ readonly status: "not-judged" } & Pick<NotJudged, "why" | "needs" | "unsteady">);

function combine(results: readonly RuleResult[], live: boolean): Combined {
  const last = results.at(-1);
  if (last === undefined) return notJudgedBecause("nothing was read");
  if (last.status === "not-judged") return { ...last, unsteady: false };
  const broke = results.filter(({ status }) => status === "broken").length;
  if (last.status === "broken" && broke === results.length) return { status: "broken", evidence: last.evidence };
  if (results.length > 2 && last.status === "holds" && results.at(-2)?.status === "holds") return { status: "holds" };
  if (broke > 0) return { ...notJudgedBecause(`broke in ${broke} of ${results.length} readings: the system changed while it was read`), unsteady: true };
  if (last.status !== "moved" || results.some(({ status }) => status === "holds")) return { status: "holds" };
  if (live && results.length >= mostReadings && results.every((result) => result.status === "moved" && sameEvidence(result.evidence, last.evidence))) return { status: "broken", evidence: last.evidence };
  const why = live ? `counter moved: ${last.frames} frames apart in the last of ${results.length} readings` : `counter moved: ${last.frames} frames apart, which use of memory between two reads explains`;
  return notJudgedBecause(why);
}

function notJudgedBecause(why: string): { readonly status: "not-judged"; readonly why: string; readonly needs: readonly string[]; readonly unsteady: false } {
  return { status: "not-judged", why, needs: [], unsteady: false };
}

function sameEvidence(a: readonly Evidence[], b: readonly Evidence[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function ofCheck(check: CrossCheck): Rule {
  return {
    id: check.id,
    title: check.title,
    source: check.source,
    judge: (snapshot) => {
      const missing = check.needs.flatMap((need) => (whyMissing(snapshot, need) ?? []));
      if (missing.length > 0) return { status: "not-judged", why: `needs ${missing.join(", ")}`, needs: missing };
      if (snapshot.sizes === null) return notJudgedBecause("the page size is not known");
      return ofFound(check.find(snapshot));
    },
  };
}

function ofFound({ evidence, moved, notJudged }: Found): RuleResult {
  if (notJudged !== null) return notJudgedBecause(notJudged);
  if (evidence.length > 0) return { status: "broken", evidence };
  if (moved.length === 0) return { status: "holds" };
  return { status: "moved", evidence: moved.map((entry) => entry.evidence), frames: Math.max(...moved.map(({ frames }) => frames)) };
}

/** The name of a file that a check needs and that is not there. */
function whyMissing(snapshot: Snapshot, need: FactFile): string | undefined {
  switch (need) {
    case "layout":
      return snapshot.layout === null ? systemPaths.memory : undefined;
    case "kpageflags":
      return snapshot.frames.available ? undefined : kpageflagsPath;
    case "kpagecount":
      return snapshot.mapCounts.available ? undefined : kpagecountPath;
    case "version":
    case "arch":
    case "cmdline":
    case "iomem":
    case "memory":
    case "nodes":
    case "meminfo":
    case "vmstat":
    case "zoneinfo":
    case "buddyinfo":
    case "pagetypeinfo":
      return snapshot.files[need].available ? undefined : systemPaths[need];
  }
}

function ofInvariant(invariant: Invariant): Rule {
  return {
    id: invariant.id,
    title: invariant.title,
    source: invariant.source,
    judge: (snapshot) => {
      const missing = snapshot.view === null ? [] : missingNeeds(snapshot.view, invariant.needs);
      if (missing.length > 0) return { status: "not-judged", why: `needs ${missing.join(", ")}`, needs: missing };
      if (snapshot.view === null) return notJudgedBecause("the page size is not known");
      const why = whyNotJudged(invariant);
      if (why !== undefined) return notJudgedBecause(why);
      return ofFound(found(invariant.find(snapshot.view)));
    },
  };
}
