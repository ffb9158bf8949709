/** Walks over the engine, counted: what the commands were, how they ended, and where they reached. */
import { FrameFlag, FrameUse, parseProfile, rangeEnd } from "../../models/index.ts";
import type { Command, MachineDescription, Outcome, Profile, View } from "../../models/index.ts";
import { createWalker, drawLength, isCommand, labelsOf, numbersOf, pseudoRandom } from "../../properties/arbitraries/index.ts";
import type { LabelUse, ScenarioOptions } from "../../properties/arbitraries/index.ts";
import { createEngine } from "../../src/engine/engine.ts";

export interface Tally {
  readonly commands: number;
  readonly lengths: readonly number[];
  /** By op: accepted (ok, running), refused (with an errno, livelock), skipped (bug included). */
  readonly ops: ReadonlyMap<string, { accepted: number; refused: number; skipped: number }>;
  /** Errnos and reasons, as `write-state EBUSY isolation`. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly recipes: ReadonlyMap<string, { begun: number; completed: number }>;
  /** References to labels that exist, and to labels that do not. */
  readonly references: { valid: number; dangling: number };
  /** Of all frames that commands named: how many lay at such a place. */
  readonly places: ReadonlyMap<string, number>;
  readonly frames: number;
  /** Views with at most 3 percent of the memory in use, and views with at least 97. */
  readonly nearlyEmpty: number;
  readonly nearlyFull: number;
  /** Commands that are not valid data. */
  readonly invalid: readonly Command[];
}

export function profileOf(name: string): Profile {
  const profile = parseProfile(name);
  if ("error" in profile) throw new Error(profile.error);
  return profile;
}

export function tallyRuns(machine: MachineDescription, profile: string, runs: number, options: ScenarioOptions = {}): Tally {
  const ops = new Map<string, { accepted: number; refused: number; skipped: number }>();
  const reasons = new Map<string, number>();
  const recipes = new Map<string, { begun: number; completed: number }>();
  const places = new Map<string, number>();
  const references = { valid: 0, dangling: 0 };
  const lengths: number[] = [];
  const invalid: Command[] = [];
  let [commands, frames, nearlyEmpty, nearlyFull] = [0, 0, 0, 0];
  for (let seed = 1; seed <= runs; seed++) {
    const draw = pseudoRandom(seed);
    const length = drawLength(draw, options);
    const walker = createWalker(draw, machine, options);
    const subject = createEngine(machine, profileOf(profile));
    lengths.push(length);
    for (let nr = 0; nr < length; nr++) {
      const view = subject.view();
      const command = walker.next(view);
      commands++;
      if (!isCommand(command)) invalid.push(command);
      const used = percentUsed(view);
      if (used <= 3) nearlyEmpty++;
      if (used >= 97) nearlyFull++;
      for (const use of labelsOf(command)) if (!use.makes) references[exists(view, use) ? "valid" : "dangling"]++;
      for (const pfn of numbersOf(command, "pfn")) {
        frames++;
        for (const place of placesOf(machine, view, pfn)) places.set(place, (places.get(place) ?? 0) + 1);
      }
      count(ops, reasons, command, subject.apply(command));
    }
    for (const [id, { begun, completed }] of Object.entries(walker.recipeCounts())) {
      const sum = recipes.get(id) ?? { begun: 0, completed: 0 };
      recipes.set(id, { begun: sum.begun + begun, completed: sum.completed + completed });
    }
  }
  return { commands, lengths, ops, reasons, recipes, references, places, frames, nearlyEmpty, nearlyFull, invalid };
}

function count(ops: Map<string, { accepted: number; refused: number; skipped: number }>, reasons: Map<string, number>, command: Command, outcome: Outcome): void {
  const sum = ops.get(command.op) ?? { accepted: 0, refused: 0, skipped: 0 };
  ops.set(command.op, sum);
  const { result } = outcome;
  if (result === "ok" || result === "running") sum.accepted++;
  else if (result === "refused" || result === "livelock") sum.refused++;
  else sum.skipped++;
  const reason = `${command.op} ${outcome.errno ?? result} ${outcome.because?.kind ?? ""}`;
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}

function exists(view: View, { label, id }: LabelUse): boolean {
  switch (label) {
    case "alloc":
      return view.allocations?.some((allocation) => allocation.id === id) ?? false;
    case "token":
      return view.isolations?.some(({ owner }) => "token" in owner && owner.token === id) ?? false;
    case "task":
      return view.tasks?.some(({ task }) => task === id) ?? false;
    case "group":
      return view.groups?.some(({ group }) => group === id) ?? false;
    case "device":
      return view.devices?.some(({ device }) => device === id) ?? false;
  }
}

function percentUsed(view: View): number {
  const zones = view.zones ?? [];
  const managed = zones.reduce((sum, zone) => sum + zone.managed, 0);
  const free = zones.reduce((sum, zone) => sum + (zone.nrFree ?? 0), 0);
  return managed === 0 ? 100 : ((managed - free) * 100) / managed;
}

/** The places of interest that a frame is at, in words. */
function placesOf(machine: MachineDescription, view: View, pfn: number): readonly string[] {
  const { geometry } = machine;
  const [pageblock, block] = [2 ** geometry.pageblockOrder, geometry.sectionPages * geometry.blockSections];
  const found: string[] = [];
  const say = (place: string, holds: boolean | undefined): void => {
    if (holds === true) found.push(place);
  };
  const isBorder = (start: number, end: number): boolean => pfn === start || pfn === end || pfn === start - 1 || pfn === end - 1;
  say("first frame of a pageblock", pfn % pageblock === 0);
  say("last frame of a pageblock", pfn % pageblock === pageblock - 1);
  say("inside a pageblock", pfn % pageblock !== 0 && pfn % pageblock !== pageblock - 1);
  say("first frame of a largest block", pfn % 2 ** geometry.maxPageOrder === 0);
  say("first or last frame of a subsection", pfn % geometry.subsectionPages === 0 || (pfn + 1) % geometry.subsectionPages === 0);
  say("last frame of a section", (pfn + 1) % geometry.sectionPages === 0);
  say("last frame of a largest block", (pfn + 1) % 2 ** geometry.maxPageOrder === 0);
  const all = machine.nodes.flatMap((node) => node.memory);
  say("first or last frame of memory", pfn === Math.min(...all.map(({ start }) => start)) || pfn === Math.max(...all.map(rangeEnd)) - 1);
  say("first frame of a section", pfn % geometry.sectionPages === 0);
  say("border of a memory block", pfn % block === 0 || pfn % block === block - 1);
  say("end of boot memory or of a hole", machine.nodes.some(({ memory }) => memory.some((range) => isBorder(range.start, rangeEnd(range)))));
  say("zone border", view.zones?.some((zone) => zone.spanned > 0 && isBorder(zone.start, zone.start + zone.spanned)));
  say("end of a CMA area", machine.cma.some(({ base, nrPages }) => isBorder(base, base + nrPages)));
  say("first frame of an allocation", view.allocations?.some(({ ranges }) => ranges[0]?.start === pfn));
  say("just outside an allocation", view.allocations?.some(({ ranges }) => ranges.some((range) => pfn === range.start - 1 || pfn === rangeEnd(range))));
  const isolated = view.isolations?.flatMap(({ pageblocks }) => pageblocks) ?? [];
  const mine = pfn - (pfn % pageblock);
  say("isolated pageblock", isolated.some((start) => start === mine));
  say("neighbour of an isolated pageblock", !isolated.some((start) => start === mine) && isolated.some((start) => Math.abs(start - mine) === pageblock));
  say("first frame of a free block", view.freeBlocks?.some((free) => free.pfn === pfn));
  say("buddy of a free block", view.freeBlocks?.some((free) => pfn === (free.pfn % 2 ** (free.order + 1) === 0 ? free.pfn + 2 ** free.order : free.pfn - 2 ** free.order)));
  say("on a per-CPU list", view.pcp?.some((entry) => entry.pfn === pfn));
  say("range of a half-done task", view.tasks?.some(({ range }) => pfn >= range.start && pfn < rangeEnd(range)));
  say("device", view.devices?.some(({ range }) => pfn >= range.start && pfn < rangeEnd(range)));
  say("end of a self-hosted memmap", view.blocks?.some(({ block: id, selfHosted }) => selfHosted !== undefined && selfHosted > 0 && isBorder(id * block, id * block + selfHosted)));
  const at = indexOf(view, pfn);
  say("poisoned", at >= 0 && (view.frames?.flags[at] ?? 0) % (2 * FrameFlag.Hwpoison) >= FrameFlag.Hwpoison);
  say("hole", at >= 0 && view.frames?.use[at] === FrameUse.Hole);
  say("offline", at >= 0 && view.frames?.use[at] === FrameUse.Offline);
  say("not present", at < 0);
  return found;
}

function indexOf(view: View, pfn: number): number {
  let base = 0;
  for (const range of view.frames?.ranges ?? []) {
    if (pfn >= range.start && pfn < rangeEnd(range)) return base + pfn - range.start;
    base += range.nrPages;
  }
  return -1;
}
