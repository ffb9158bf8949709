/**
 * Who has which frames, as far as commands and outcomes tell: enough to say whose page was in the way. Only for words in
 * reports; where it knows nothing, nothing is said.
 */
import { alignDown, alignUp, hex, pageKindTraits, pageblockPages, rangesOverlap, toPfn } from "../../models/index.ts";
import type { Command, Geometry, Grant, Outcome, PageKind, PfnRange } from "../../models/index.ts";
import { allocName, coalesce, tokenName } from "./names.ts";

interface Owner {
  readonly kind: PageKind | "contig" | "cma";
  readonly ranges: readonly PfnRange[];
  readonly holds: number;
  readonly pins: number;
  readonly freed: boolean;
  /** Of a pool of huge pages: free in it when freed. */
  readonly pool: boolean;
}

/** The owners before one command of a list. */
export interface Owners {
  /** The command itself; of a step or signal, the command that its task runs. */
  readonly resolved: (command: Command) => Command;
  /** Who has the frame: `a3 (slab)`. */
  readonly ofFrame: (pfn: number) => string | undefined;
  /** Whose pages in the pageblock can not be moved: `a3 (slab) at 0x35`. */
  readonly unmovableIn: (pageblock: number) => string | undefined;
  /** Which token isolates the pageblock. */
  readonly isolating: (pageblock: number) => string | undefined;
  /** Takes in what the command did. */
  readonly follow: (command: Command, outcome: Outcome) => void;
}

export function createOwners(geometry: Geometry): Owners {
  const size = pageblockPages(geometry);
  const owners = new Map<number, Owner>();
  const tokens = new Map<number, readonly PfnRange[]>();
  const tasks = new Map<number, Command>();
  const find = (range: PfnRange, accept: (owner: Owner) => boolean): readonly [number, Owner] | undefined =>
    [...owners].toSorted(([a], [b]) => a - b).find(([, owner]) => accept(owner) && owner.ranges.some((own) => rangesOverlap(own, range)));

  const resolved = (command: Command): Command => {
    if (command.op === "start") return command.command;
    return command.op === "step" || command.op === "signal" ? (tasks.get(command.task) ?? command) : command;
  };

  return {
    resolved,
    ofFrame: (pfn) => {
      const found = find(oneFrame(pfn), () => true);
      return found === undefined ? undefined : ownerWords(...found);
    },
    unmovableIn: (pageblock) => {
      const range = { ...oneFrame(pageblock), nrPages: size };
      const found = find(range, ({ kind }) => kind === "contig" || kind === "cma" || !pageKindTraits[kind].movable);
      if (found === undefined) return undefined;
      const at = found[1].ranges.find((own) => rangesOverlap(own, range));
      return `${ownerWords(...found)} at ${hex(Math.max(pageblock, at?.start ?? pageblock))}`;
    },
    isolating: (pageblock) => {
      const found = [...tokens].toSorted(([a], [b]) => a - b).find(([, ranges]) => ranges.some((own) => rangesOverlap(own, oneFrame(pageblock))));
      return found === undefined ? undefined : tokenName(found[0]);
    },
    follow: (command, outcome) => {
      if (command.op === "start" && outcome.result === "running") tasks.set(command.task, command.command);
      const done = resolved(command);
      if ((command.op === "step" || command.op === "signal") && outcome.result !== "running") tasks.delete(command.task);
      for (const { id, to } of [...(outcome.moved ?? []), ...(outcome.attempts ?? []).flatMap(({ moved = [] }) => moved)]) {
        const owner = owners.get(id);
        if (owner !== undefined) owners.set(id, { ...owner, ranges: [grantRange(to)] });
      }
      for (const id of [...(outcome.dropped ?? []), ...(outcome.attempts ?? []).flatMap(({ dropped = [] }) => dropped)]) owners.delete(id);
      if (outcome.result === "ok") followDone(done, outcome);
    },
  };

  function followDone(command: Command, outcome: Outcome): void {
    switch (command.op) {
      case "alloc":
        if (outcome.grant !== undefined) owners.set(command.id, taken(command.kind, [grantRange(outcome.grant)]));
        return;
      case "alloc-atomic":
        if (outcome.grant !== undefined) owners.set(command.id, taken("kernel", [grantRange(outcome.grant)]));
        return;
      case "huge-grow":
        // Whether the size can be migrated is not told: as most can.
        if (outcome.grant !== undefined) owners.set(command.id, { ...taken("hugetlb", [grantRange(outcome.grant)]), pool: true, freed: true });
        return;
      case "huge-shrink":
        owners.delete(command.id);
        return;
      case "huge-use":
        change(command.id, (owner) => ({ ...owner, freed: false }));
        return;
      case "alloc-contig":
        owners.set(command.id, taken("contig", [command]));
        return;
      case "alloc-contig-pages":
      case "cma-alloc":
        if (outcome.start !== undefined) owners.set(command.id, taken(command.op === "cma-alloc" ? "cma" : "contig", [{ start: outcome.start, nrPages: command.nrPages }]));
        return;
      case "free":
        change(command.id, (owner) => ({ ...owner, freed: true }));
        return;
      case "hold":
        change(command.id, (owner) => ({ ...owner, holds: owner.holds + 1 }));
        return;
      case "release":
        change(command.id, (owner) => ({ ...owner, holds: owner.holds - 1 }));
        return;
      case "pin":
        change(command.id, (owner) => ({ ...owner, pins: owner.pins + 1 }));
        return;
      case "pin-range": {
        const { first, skip, last } = command;
        if (first !== null) change(first, (owner) => ({ ...owner, pins: owner.pins + nrFramesOf(owner) - skip }));
        if (last !== null) change(last, (owner) => ({ ...owner, pins: owner.pins + nrFramesOf(owner) }));
        return;
      }
      case "unpin":
        change(command.id, (owner) => ({ ...owner, pins: owner.pins - 1 }));
        return;
      case "cma-release":
        owners.delete(command.id);
        return;
      case "free-contig":
        for (const [id, owner] of owners) if (owner.kind === "contig") change(id, () => ({ ...owner, ranges: without(owner.ranges, command) }));
        return;
      case "isolate": {
        const start = alignDown(command.start, size);
        tokens.set(command.id, [{ start, nrPages: alignUp(command.start + command.nrPages, size) - start }]);
        return;
      }
      case "unisolate": {
        const start = alignDown(command.start, size);
        tokens.set(command.id, without(tokens.get(command.id) ?? [], { start, nrPages: alignUp(command.start + command.nrPages, size) - start }));
        return;
      }
      default:
    }
  }

  function change(id: number, next: (owner: Owner) => Owner): void {
    const owner = owners.get(id);
    if (owner === undefined) return;
    const changed = next(owner);
    if (changed.ranges.length === 0 || (changed.freed && !changed.pool && changed.holds <= 0 && changed.pins <= 0)) owners.delete(id);
    else owners.set(id, changed);
  }
}

function ownerWords(id: number, { kind, holds, pins, freed, pool }: Owner): string {
  const states = [kind, ...(holds > 0 ? ["held"] : []), ...(pins > 0 ? ["pinned"] : []), ...(freed ? [pool && holds + pins <= 0 ? "free in its pool" : "freed by its owner"] : [])];
  return `${allocName(id)} (${states.join(", ")})`;
}

function taken(kind: Owner["kind"], ranges: readonly PfnRange[]): Owner {
  return { kind, ranges: coalesce(ranges.map(({ start, nrPages }) => ({ start, nrPages }))), holds: 0, pins: 0, freed: false, pool: false };
}

function oneFrame(pfn: number): PfnRange {
  return { start: toPfn(pfn), nrPages: 1 };
}

/** The frames of a block that was given. */
export function grantRange({ pfn, order }: Grant): PfnRange {
  return { start: pfn, nrPages: 2 ** order };
}

function without(ranges: readonly PfnRange[], gone: PfnRange): readonly PfnRange[] {
  const end = gone.start + gone.nrPages;
  return ranges.flatMap((range) => {
    const last = range.start + range.nrPages;
    const before = { start: range.start, nrPages: Math.max(0, Math.min(last, gone.start) - range.start) };
    const from = Math.max(range.start, end);
    const behind = { start: toPfn(from), nrPages: Math.max(0, last - from) };
    return [before, behind].filter(({ nrPages }) => nrPages > 0);
  });
}

function nrFramesOf({ ranges }: Owner): number {
  return ranges.reduce((sum, { nrPages }) => sum + nrPages, 0);
}
