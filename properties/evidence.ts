/**
 * How rules say what is wrong: words for the things concerned, and neighbouring frames told as one.
 */
import { frameUseNames, hex, showRange } from "../models/index.ts";
import type { AllocationView, Pfn, PfnRange, View, ZoneIndex, ZoneView } from "../models/index.ts";
import type { Evidence } from "./rule.ts";

/** A rule lists at most this many things; more would not help anybody. */
export const maxEvidence = 32;

/** `zone Normal of node 0`. */
export function zoneName(view: View, index: ZoneIndex | null | undefined): string {
  const zone = index === null || index === undefined ? undefined : view.zones?.[index];
  return zone === undefined ? `zone ${index ?? "none"}` : `zone ${zone.type} of node ${zone.node}`;
}

export function useName(use: number | undefined): string {
  return frameUseNames[use ?? 0] ?? `use ${use ?? "unknown"}`;
}

/** `allocation 3 (folio, order 2)`. */
export function allocationName(allocation: AllocationView | undefined): string {
  if (allocation === undefined) return "nobody";
  return `allocation ${allocation.id} (${allocation.kind}${allocation.order === null ? "" : `, order ${allocation.order}`})`;
}

/** The first frames of an allocation, and its name. */
export function allocationPlace(allocation: AllocationView | undefined): Pick<Evidence, "pfn" | "nrPages" | "where"> {
  const [first] = allocation?.ranges ?? [];
  const where = allocationName(allocation);
  return first === undefined ? { where } : { pfn: first.start, nrPages: first.nrPages, where };
}

export function blockName(block: number): string {
  return `block ${block}`;
}

export function sectionName(section: number): string {
  return `section ${section}`;
}

export function nodeName(node: number): string {
  return `node ${node}`;
}

export function rangeName(range: PfnRange): string {
  return showRange(range);
}

export function blockOfFrames(pfn: Pfn, order: number): string {
  return `order ${order} at ${hex(pfn)}`;
}

const nothing: readonly Evidence[] = [];

/** Gathers evidence about frames; frames in a row of which the same is to be said become one entry. */
export class FrameEvidence {
  #found: Evidence[] | undefined;

  add(pfn: Pfn, was: string, is: string, owner?: string): void {
    this.#found ??= [];
    const last = this.#found.at(-1);
    if (last?.pfn !== undefined && last.pfn + (last.nrPages ?? 1) === pfn && last.was === was && last.is === is && last.owner === owner) {
      this.#found[this.#found.length - 1] = { ...last, nrPages: (last.nrPages ?? 1) + 1 };
      return;
    }
    if (this.#found.length < maxEvidence) this.#found.push(owner === undefined ? { pfn, was, is } : { pfn, was, is, owner });
  }

  get found(): readonly Evidence[] {
    return this.#found ?? nothing;
  }
}

/** One line of evidence for each zone whose counter is not what was counted. */
export function recount(view: View, counted: (index: ZoneIndex) => number, counter: (zone: ZoneView) => number | undefined, what: string): readonly Evidence[] {
  const found: Evidence[] = [];
  const zones = view.zones ?? [];
  for (let index = 0; index < zones.length; index++) {
    const zone = zones[index];
    const is = zone === undefined ? undefined : counter(zone);
    const was = counted(index);
    if (is !== undefined && was !== is) found.push({ where: zoneName(view, index), was: `${was} ${what}`, is: `${is}` });
  }
  return found;
}
