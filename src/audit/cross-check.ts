/**
 * A rule over several files of one system. Like an invariant it gives evidence; unlike one it says how its two sides move.
 *
 * The files of a snapshot were read one after the other, while the machine worked.
 *
 * - `exact`: both sides change only with hotplug, ballooning or poison, or the relation holds whatever is allocated meanwhile.
 *   A difference is a breach. `drift` names the bound, where there is one.
 * - `drifting`: one side counts free memory, which moves all the time. A difference alone proves nothing; it is handed back
 *   as *moved*. Only what no activity explains (more free frames than a zone has, a zone that is not listed) is evidence.
 */
import { quote } from "../formats/shape.ts";
import type { Evidence } from "../../properties/index.ts";
import type { SystemFiles } from "./read-system.ts";
import type { Snapshot } from "./snapshot.ts";

export type FactFile = Exclude<keyof SystemFiles, "settings"> | "layout" | "kpageflags" | "kpagecount";

export interface CrossCheck {
  /** AU-nn. */
  readonly id: string;
  /** A sentence that is true. */
  readonly title: string;
  readonly source: string;
  readonly strength: "exact" | "drifting";
  /** What may differ at any time, and by how much. */
  readonly drift: string;
  readonly needs: readonly FactFile[];
  readonly find: (snapshot: Snapshot) => Found;
}

/** A difference that allocations between two reads can explain. */
export interface Moved {
  readonly evidence: Evidence;
  /** By how many frames the sides differ. */
  readonly frames: number;
}

export interface Found {
  /** Breaches. */
  readonly evidence: readonly Evidence[];
  readonly moved: readonly Moved[];
  /** Set where the rule does not apply to this system: why. */
  readonly notJudged: string | null;
}

export function found(evidence: readonly Evidence[], moved: readonly Moved[] = []): Found {
  return { evidence, moved, notJudged: null };
}

export function doesNotApply(why: string): Found {
  return { evidence: [], moved: [], notJudged: why };
}

/** A fact that the rule's needs promise. */
export function given<T>(fact: T | null | undefined): T {
  if (fact === null || fact === undefined) throw new TypeError(`a check reads a fact that its needs do not name: ${quote(String(fact))}`);
  return fact;
}

/** The value of a reading that the rule's needs promise. */
export function read<T>(reading: { readonly available: true; readonly value: T } | { readonly available: false; readonly why: string }): T {
  if (!reading.available) throw new TypeError(`a check reads a file that its needs do not name: ${reading.why}`);
  return reading.value;
}

/** A rule lists at most this many things; more would not help anybody. */
export const mostEvidence = 16;

/** Why a rule that takes iomem for the memory of the kernel does not apply elsewhere. */
export const iomemIsMemblock = "only on x86-64 iomem shows all that the kernel takes for memory";
