/** What comes of a step: as predicted, or not, or nothing that can be predicted. */
import type { Outcome } from "../../models/index.ts";

export interface Differs {
  readonly verdict: "differs";
  /** In the kernel's words. */
  readonly predicted: string;
  readonly observed: string;
}

/** `stops`: what comes after could not be predicted either. */
export interface Missing {
  readonly verdict: "missing";
  readonly what: string;
  readonly stops: boolean;
}

export interface Agrees {
  readonly verdict: "agrees";
  /** By which relation, where it was not plain equality. */
  readonly relations: readonly RelationId[];
}

/** Something was done, and nothing came back that could be compared. */
export interface Done {
  readonly verdict: "done";
}

export type StepVerdict = Agrees | Differs | Missing | Done;

export const done: Done = { verdict: "done" };

export const agrees: Agrees = { verdict: "agrees", relations: [] };

export function agreesBy(...relations: readonly RelationId[]): Agrees {
  return { verdict: "agrees", relations: [...new Set(relations)] };
}

export function differs(predicted: string, observed: string): Differs {
  return { verdict: "differs", predicted, observed };
}

export function missing(what: string, stops: boolean): Missing {
  return { verdict: "missing", what, stops };
}

/** One verdict of several: the first difference, then the first that is missing, else agreement. */
export function all(verdicts: readonly StepVerdict[]): StepVerdict {
  const found = verdicts.find(({ verdict }) => verdict === "differs") ?? verdicts.find(({ verdict }) => verdict === "missing");
  if (found === undefined && verdicts.every(({ verdict }) => verdict === "done")) return done;
  return found ?? agreesBy(...verdicts.flatMap((one) => (one.verdict === "agrees" ? one.relations : [])));
}

/** What a value that is as predicted, or is not, comes to. */
export function compare(what: string, predicted: string | number, observed: string | number): StepVerdict {
  return predicted === observed ? agrees : differs(`${what} ${predicted}`, `${what} ${observed}`);
}

/** The errno that came back, as records have it: 0 or a name. */
export function errnoOf({ result, errno }: Outcome): string {
  return result === "ok" || result === "running" ? "0" : (errno ?? result);
}

/**
 * Values that move with what the kernel does for itself, and what must hold of them all the same.
 */
export const relations = [
  { id: "free-busy", title: "free pages where the kernel allocates for itself", rule: "never more than the prediction, in which only the test holds frames, and what is missing of it within 4096 pages of what was missing at the first look" },
  { id: "free-per-cpu", title: "free pages of a quiet zone that was not drained since the test allocated or freed there", rule: "never more than the prediction; what is missing stands on per-CPU lists, 4096 pages at most" },
  { id: "lists-busy", title: "free blocks where the kernel allocates for itself, or where a quiet zone was not drained", rule: "their frames add up to the zone's own count of free pages where that was seen with them, but for what is counted per processor, else to no more than the prediction" },
  { id: "types-busy", title: "types of pageblocks of kernel zones where the kernel allocates for itself", rule: "Unmovable, Movable and Reclaimable may stand for one another, because allocations claim pageblocks; Isolate, CMA and pageblocks of zone Movable are exact" },
  { id: "frames-busy", title: "single pages where the kernel allocates for itself, or where a quiet zone was not drained", rule: "a free page of the kernel is free in the prediction; a frame that the test holds is not free; poison, zone and whether it is online are exact" },
  { id: "sums", title: "sums of page flags over a range", rule: "number of frames, pages without struct page, poisoned, hugetlb and offline pages are exact; free pages are no more than predicted, compound and transparent huge pages no less than the test has" },
  { id: "places", title: "the frames of a process", rule: "as many as predicted, each in a zone in which the prediction has pages of that mapping" },
  { id: "moved", title: "pages that were migrated, in /proc/vmstat", rule: "no fewer than were predicted: others move too" },
  { id: "mem-free", title: "MemFree", rule: "never more than predicted" },
  { id: "unmovable-page", title: "a refusal for an unmovable page that only the kernel's log shows", rule: "with a kernel page at that frame, which must be free and open to such pages, the prediction is the same refusal" },
  { id: "refill", title: "pageblocks that change type in a quiet zone besides the one a page was given from", rule: "a second allocation of the same kind, given back at once, may claim exactly these (a refill of the per-CPU list that was drained later)" },
  { id: "placed", title: "which free frame an allocation gets", rule: "the one that the kernel gave is permitted" },
  { id: "windows", title: "1 GiB pages from a kernel zone where the kernel allocates for itself", rule: "no more than the prediction, in the windows that page flags show; pages of the kernel's own can stand in any other" },
  { id: "warned", title: "calls that no caller may make", rule: "the specification does not take them, or refuses; the kernel warned and changed nothing" },
] as const;

export type RelationId = (typeof relations)[number]["id"];
