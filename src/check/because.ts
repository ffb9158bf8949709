/**
 * Why a rule is broken, in words: what the last command did to the frames, and what the specification would have done.
 */
import { frameUseNames, FrameUse, hex } from "../../models/index.ts";
import type { Outcome, Pfn, View } from "../../models/index.ts";
import { disagreements } from "../../properties/index.ts";
import type { Evidence, StepRecord } from "../../properties/index.ts";
import type { Finding } from "./counterexample.ts";

/** The last command, its number counted from 1, and what the specification does with it. */
export interface LastStep {
  readonly record: StepRecord;
  readonly number: number;
  readonly expected: Outcome;
  /** The specification after its own answer. */
  readonly specification: View;
}

/** The reason of a finding. A clause of the specification and a crash bring their own. */
export function becauseOf(finding: Finding, step: LastStep): string {
  if (finding.kind === "clause" || finding.kind === "crash" || finding.kind === "self-check") return finding.because;
  const { record, number, expected, specification } = step;
  const named = finding.evidence.find(({ pfn }) => pfn !== undefined && useOf(record.after, pfn) !== useOf(specification, pfn));
  if (named?.pfn !== undefined) return frameReason(named.pfn, step);
  if (answer(record.outcome) !== answer(expected)) return `command ${number} was answered ${answer(record.outcome)}, where the specification answers ${answer(expected)}`;
  const [difference] = disagreements(specification, record.after).toSorted((a, b) => rank(a.fact) - rank(b.fact)).flatMap(({ evidence }) => evidence);
  if (difference === undefined) return `command ${number} brought it about; the specification leaves the memory the same way, so the rule or the specification is wrong`;
  return `command ${number} left ${place(difference)} ${difference.is}, where the specification leaves ${difference.was}`;
}

function frameReason(pfn: Pfn, { record, number, specification }: LastStep): string {
  const [was, is, meant] = [record.before, record.after, specification].map((view) => useOf(view, pfn));
  const change = was === is ? `stays ${is}` : `was ${was} before command ${number} and is ${is} after it`;
  return `frame ${hex(pfn)} ${change}, where the specification leaves it ${meant}`;
}

/** What tells most stands first: frames and pageblocks before the counters that follow from them, and how free frames are joined after all that. */
const telling: readonly string[] = ["frames.use", "frames.zone", "frames.flags", "pageblocks", "blocks", "sections", "isolations", "allocations", "frames"];

function rank(fact: string): number {
  const at = telling.findIndex((known) => known === fact || known === fact.split(".")[0]);
  return at < 0 ? telling.length : at;
}

/** What the frame is used for, in a word or two. */
function useOf(view: View, pfn: Pfn): string {
  let row = 0;
  for (const { start, nrPages } of view.frames?.ranges ?? []) {
    if (pfn >= start && pfn < start + nrPages) {
      const use = view.frames?.use[row + pfn - start] ?? FrameUse.Unknown;
      const id = use === FrameUse.Allocated ? view.allocations?.find(({ ranges }) => ranges.some((range) => pfn >= range.start && pfn < range.start + range.nrPages))?.id : undefined;
      return id === undefined ? (frameUseNames[use] ?? "unknown") : `in use by allocation ${id}`;
    }
    row += nrPages;
  }
  return "absent";
}

function answer({ result, errno }: Outcome): string {
  return errno ?? result;
}

function place({ pfn, where }: Evidence): string {
  return [...(pfn === undefined ? [] : [`frame ${hex(pfn)}`]), ...(where === undefined ? [] : [where])].join(" in ") || "the machine";
}
