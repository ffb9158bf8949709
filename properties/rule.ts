/**
 * What a rule is: an invariant over one view, a law over one step, a goal that a run has to reach.
 *
 * A rule gives evidence, not a boolean. It names the facts it reads; where one is missing it is not checkable, which is
 * reported and never counts as passed.
 */
import { FrameUse, NONE } from "../models/index.ts";
import type { Command, Fact, Op, Outcome, Pfn, SwitchId, View } from "../models/index.ts";
import { perView } from "./per-view.ts";

/** A fact that a rule reads: a list of the view, or one field of its entries, as `zones` or `zones.nrFree`. */
export type Need = Fact | `${Fact}.${string}`;

/** One thing that is not as the rule says. Reports print it as one line. */
export interface Evidence {
  /** The frame concerned, or the first one. */
  readonly pfn?: Pfn;
  /** Frames concerned, where there are several in a row. */
  readonly nrPages?: number;
  /** What it is about where that is not a frame: `zone Normal of node 0`, `block 3`, `section 7`. */
  readonly where?: string;
  /** What should be. */
  readonly was: string;
  /** What is. */
  readonly is: string;
  /** Who owns the frame or holds the thing, where that helps. */
  readonly owner?: string;
}

/** Holds of every view of a correct implementation. What a half-done task suspends, the rule knows. */
export interface Invariant {
  /** HP-nn, PG-nn, HT-nn (pools of huge pages) KM-nn (memory of dax devices) or VM-nn (virtio-mem) as docs/spec.md lists them, FC-nn for rules that only this project states. */
  readonly id: string;
  /** A sentence that is true. */
  readonly title: string;
  /** Why it matters, and the kernel function or document it comes from. */
  readonly source: string;
  readonly needs: readonly Need[];
  /** Switches that break it where Linux has been seen to use them: after that it says nothing. */
  readonly unless: readonly SwitchId[];
  readonly find: (view: View) => readonly Evidence[];
}

/** What one command did, seen from outside. */
export interface StepRecord {
  readonly before: View;
  readonly command: Command;
  readonly outcome: Outcome;
  readonly after: View;
}

/** Holds of every step of a correct implementation. */
export interface Law {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly needs: readonly Need[];
  /** The commands it speaks of; empty: all. For a step of a task the op of the task's command counts, and its `start`, `step` and `signal` too. */
  readonly ops: readonly Op[];
  readonly unless: readonly SwitchId[];
  readonly find: (step: StepRecord) => readonly Evidence[];
}

/** A situation that a search must reach, or it proved nothing. Stands beside the rules whose antecedent it is. */
export interface Goal {
  readonly id: string;
  readonly title: string;
  /** Rules that would be vacuous without it. */
  readonly rules: readonly string[];
  /** Only a profile with this switch can reach it. */
  readonly onlyWith?: SwitchId;
  /** Only a profile without this switch can reach it. */
  readonly onlyWithout?: SwitchId;
  readonly reached: (step: StepRecord) => boolean;
}

/**
 * The facts that a rule needs and the view does not have, in order.
 *
 * A field is there if every entry of its list has it; `pageblocks.savedType` only isolated pageblocks can have. The
 * columns of the frame table count as fields: `frames.use` is there if the use of every frame is known, another column if
 * it says something of any frame, or has nothing to say. A column that says nothing of a live kernel is unknown, not broken.
 */
export function missingNeeds(view: View, needs: readonly Need[]): readonly Need[] {
  return needs.filter((need) => !hasNeed(view, need));
}

/** Whether the view has this one fact. */
export function hasNeed(view: View, need: Need): boolean {
  const { fact, field } = partsOf(need);
  const value: unknown = (view as unknown as Readonly<Record<string, unknown>>)[fact];
  if (value === undefined) return false;
  if (field === undefined) return true;
  if (fact === "frames") return hasColumn(view, field);
  if (!Array.isArray(value)) return (value as Readonly<Record<string, unknown>>)[field] !== undefined;
  if (need === "pageblocks.savedType") return view.pageblocks?.every(({ type, savedType }) => type !== "Isolate" || savedType !== undefined) === true;
  for (let index = 0; index < value.length; index++) if ((value as readonly Readonly<Record<string, unknown>>[])[index]?.[field] === undefined) return false;
  return true;
}

interface NeedParts {
  readonly fact: string;
  readonly field: string | undefined;
}

const knownParts = new Map<Need, NeedParts>();

function partsOf(need: Need): NeedParts {
  const known = knownParts.get(need);
  if (known !== undefined) return known;
  const dot = need.indexOf(".");
  const parts = dot < 0 ? { fact: need, field: undefined } : { fact: need.slice(0, dot), field: need.slice(dot + 1) };
  knownParts.set(need, parts);
  return parts;
}

// A table of a large machine has millions of rows, and many rules ask for the same column.
const knownColumns = perView(() => new Map<string, boolean>());

function hasColumn(view: View, column: string): boolean {
  const columns = knownColumns(view);
  const known = columns.get(column);
  if (known !== undefined) return known;
  const found = columnSpeaks(view, column);
  columns.set(column, found);
  return found;
}

/** Whether a column of the frame table is known. */
function columnSpeaks({ frames }: View, column: string): boolean {
  if (frames === undefined) return false;
  const { use, flags, zone, order } = frames;
  const none: number = NONE;
  const { Unknown, Absent, Reserved, Free } = FrameUse;
  switch (column) {
    case "use":
      return !use.includes(Unknown);
    case "flags":
      return flags.some((bits) => bits !== 0) || use.every((code) => code === Absent);
    case "zone":
      return zone.some((link) => link !== none) || use.every((code) => code !== Unknown && code < Reserved);
    case "order":
      return order.some((head) => head !== none) || use.every((code) => code !== Unknown && code !== Free);
    default:
      return false;
  }
}
