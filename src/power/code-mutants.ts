/**
 * Mutants of the code: what `npm run mutation` came to, and the mutants that live on because nothing can tell them from
 * the original. Measured by hand from time to time; the numbers are of the sources as they stood then.
 */

/** A measurement of one part of the sources. */
export interface CodeMeasurement {
  readonly part: string;
  /** The command line behind `npm run mutation --`. */
  readonly arguments: string;
  readonly planted: number;
  /** How many of them were asked: all, or a sample that is the same every time. */
  readonly asked: number;
  readonly found: number;
  /** Of those, found before the ones that lived became tests: what is to be expected of mutants that were not asked. */
  readonly foundAtFirst: number;
  /** Of those that were not found: told apart by nothing, as `equivalents` says why. */
  readonly equivalent: number;
}

/** Mutants that answer and look as the original does, whatever is done. */
export interface Equivalent {
  readonly file: string;
  /** The source that is replaced, white space made single. */
  readonly was: string;
  /** What it becomes; null: whatever. */
  readonly becomes: string | null;
  readonly why: EquivalenceClass;
}

/** Why nothing can tell. */
export const equivalenceClasses = {
  "can-not-happen": "guards what the code around it never does, so that an error there would name the place; no command leads to it",
  "saves-time": "takes a shorter way to the same result",
  "same-value": "comes to the same for every argument that there is",
  "order-only": "changes the order of the keys of an object, which is no promise",
} as const;
export type EquivalenceClass = keyof typeof equivalenceClasses;

export const codeMeasurements: readonly CodeMeasurement[] = [{ part: "src/engine", arguments: "engine --sample 253", planted: 9510, asked: 253, found: 234, foundAtFirst: 214, equivalent: 18 }];

export const equivalents: readonly Equivalent[] = [
  { file: "src/engine/isolation.ts", was: "section === undefined || !section.online", becomes: "false", why: "can-not-happen" },
  { file: "src/engine/sections.ts", was: "section.nrSubsections > 0", becomes: "true", why: "can-not-happen" },
  { file: "src/engine/view.ts", was: "type === undefined", becomes: "false", why: "can-not-happen" },
  { file: "src/engine/frames.ts", was: "section.poisoned?.delete", becomes: "section.poisoned.delete", why: "can-not-happen" },
  { file: "src/engine/pins.ts", was: '"EAGAIN"', becomes: '""', why: "can-not-happen" },
  { file: "src/engine/fallback.ts", was: "current >= this.m.sizes.pageblockOrder", becomes: "current > this.m.sizes.pageblockOrder", why: "saves-time" },
  { file: "src/engine/free-bits.ts", was: "old1 !== 0", becomes: "false", why: "saves-time" },
  { file: "src/engine/number-map.ts", was: "key / 4_294_967_296", becomes: "key * 4_294_967_296", why: "saves-time" },
  { file: "src/engine/section-table.ts", was: "last < nr", becomes: "false", why: "saves-time" },
  { file: "src/engine/memory-blocks.ts", was: "last < block.id", becomes: "false", why: "saves-time" },
  { file: "src/engine/sections.ts", was: "section.subsections === null && section.nrSubsections > 0 && !section.taint", becomes: "false", why: "saves-time" },
  { file: "src/engine/buddy.ts", was: "order < this.#pageblockOrder", becomes: "order >= this.#pageblockOrder", why: "saves-time" },
  { file: "src/engine/told-choices.ts", was: "order >= this.m.sizes.pageblockOrder", becomes: "false", why: "saves-time" },
  { file: "src/engine/boot.ts", was: "from < part.end", becomes: "from <= part.end", why: "same-value" },
  { file: "src/engine/fallback.ts", was: "offset - (offset % this.m.sizes.pageblockPages)", becomes: "offset + offset % this.m.sizes.pageblockPages", why: "same-value" },
  { file: "src/engine/memmap.ts", was: "blockPages > 1", becomes: "blockPages >= 1", why: "same-value" },
  { file: "src/engine/told-choices.ts", was: "first + pageblockPages", becomes: "first - pageblockPages", why: "same-value" },
  { file: "src/engine/self-check.ts", was: "offset < m.sizes.sectionPages", becomes: "offset <= m.sizes.sectionPages", why: "same-value" },
  { file: "src/engine/compaction.ts", was: "target < 0", becomes: "target <= 0", why: "same-value" },
  { file: "src/engine/devices.ts", was: "section.start < start + reserve", becomes: "section.start <= start + reserve", why: "same-value" },
  { file: "src/engine/tasks.ts", was: '"online"', becomes: '""', why: "same-value" },
  { file: "src/engine/contig.ts", was: '"contig"', becomes: '""', why: "same-value" },
  { file: "src/engine/quirks.ts", was: "a < b", becomes: "true", why: "order-only" },
];

/** Mutants of the sample that were neither found nor shown to be equivalent. */
export const openMutants: readonly { readonly file: string; readonly was: string; readonly becomes: string; readonly why: string }[] = [
  { file: "src/engine/devices.ts", was: "start + reserve", becomes: "start - reserve", why: "the first that a device's pages link to its zone: those that the driver keeps are shown without one" },
];

/** The triage of a mutant that was not found, or undefined: it is open. */
export function equivalentOf({ file, was, becomes }: { readonly file: string; readonly was: string; readonly becomes: string }): Equivalent | undefined {
  return equivalents.find((each) => each.file === file && each.was === was && (each.becomes === null || each.becomes === becomes));
}
