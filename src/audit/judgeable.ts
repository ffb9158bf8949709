/**
 * Which invariants can be judged on what files show of a running kernel.
 *
 * An invariant is judged here only if all it needs is shown, nothing that it compares was derived from the other side, and
 * Linux is not known to break it. Everything else is told to the reader as not judged, with the reason.
 */
import type { Invariant } from "../../properties/index.ts";

/** The invariants for which the partial view is good enough. All of them change with hotplug only. */
export const judgeable: readonly string[] = ["FC-05", "HP-22", "HP-30", "HP-32", "HP-44", "HP-45", "HP-52"];

/** Invariants that read only shown facts, and would still say nothing about the system. */
const empty: ReadonlyMap<string, string> = new Map([
  ["FC-14", "files with other numbers are refused"],
  ["FC-17", "the list of zones is made by this program"],
  ["FC-18", "span and present pages of a node are taken from its zones"],
  ["FC-19", "the list of nodes is made by this program"],
  ["FC-31", "an iomem file in which entries overlap is refused"],
  ["HP-14", "folders have different names"],
  ["HP-20", "whether a block has a zone is taken from its state; HP-22 judges the rest"],
  ["HP-33", "HP-30 and HP-32 say it of the counts; the start of such a zone is not shown"],
  ["HP-37", "HP-32 says it; present pages of zone Device are refused"],
  ["HP-38", "the span of a node is taken from its zones"],
  ["HP-39", "present pages of a node are taken from its zones"],
  ["HP-48", "which zone a frame is in is not shown of every frame"],
]);

/** Why an invariant is not judged although the view has what it needs, or undefined where it is. */
export function whyNotJudged(invariant: Invariant): string | undefined {
  if (judgeable.includes(invariant.id)) return undefined;
  if (invariant.unless.length > 0) return `Linux is known to break it (${invariant.unless.join(", ")})`;
  return empty.get(invariant.id) ?? "the files show not enough of what it compares";
}
