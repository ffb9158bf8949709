/**
 * Counterexamples to print. The specification runs the commands; what the subject did wrong is then written over its
 * answer or its last view, so that each shows one defect and nothing else.
 */
import { FrameFlag, FrameUse, NONE, createReference, namedMachines, parseProfile, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, FrameTable, MachineDescription, Outcome, Profile, View } from "../../models/index.ts";
import type { Counterexample, Finding } from "../../src/check/counterexample.ts";

interface Defect {
  readonly machine?: string;
  readonly profile?: string;
  /** The profile that the subject follows. */
  readonly subject?: string;
  readonly mutant?: string | null;
  readonly commands: readonly Command[];
  /** Written over the subject's last answer. */
  readonly outcome?: Outcome;
  /** Written over the subject's last view. */
  readonly after?: (view: View, before: View) => View;
  readonly finding: Omit<Finding, "source" | "permitted"> & Partial<Pick<Finding, "source" | "permitted">>;
  readonly rest?: Partial<Counterexample>;
}

export interface Made {
  readonly counterexample: Counterexample;
  /** At boot, then after each command. */
  readonly views: readonly View[];
}

export function machineNamed(name: string): MachineDescription {
  const found = namedMachines.find((machine) => machine.name === name);
  if (found === undefined) throw new Error(`there is no machine ${name}`);
  return found;
}

function make({ machine: name = "tiny", profile = "strict", subject = profile, mutant = null, commands, outcome, after, finding, rest = {} }: Defect): Made {
  const machine = machineNamed(name);
  const judged = createReference(machine, profileNamed(subject));
  const judging = createReference(machine, profileNamed(profile));
  const views = [judged.view()];
  const outcomes: Outcome[] = [];
  let expected: Outcome = { result: "ok" };
  for (const command of commands) {
    outcomes.push(judged.apply(command));
    expected = judging.apply(command);
    views.push(judged.view());
  }
  const last = views.at(-1);
  const before = views.at(-2) ?? last;
  if (last === undefined || before === undefined) throw new Error("no views");
  const broken = after === undefined ? last : after(last, before);
  const breaking = commands.length - 1;
  return {
    views: [...views.slice(0, -1), broken],
    counterexample: {
      machine,
      profile,
      subject: { subject: "engine", profile: subject, mutant },
      seed: 41,
      run: 17,
      commands,
      outcomes: outcome === undefined ? outcomes : [...outcomes.slice(0, -1), outcome],
      breaking,
      finding: { source: "", permitted: [], ...finding },
      expected,
      signature: `${finding.rule} ${commands.at(-1)?.op ?? "boot"}`,
      explainedBy: [],
      reduction: { fromCommands: 37, executions: 212, complete: true },
      before,
      after: broken,
      ...rest,
    },
  };
}

function profileNamed(name: string): Profile {
  const profile = parseProfile(name);
  if ("error" in profile) throw new Error(profile.error);
  return profile;
}

interface FramePatch {
  readonly from: number;
  readonly to: number;
  readonly use?: number;
  readonly flags?: number;
  readonly zone?: number;
}

/** The view with some frames otherwise than they are. */
function withFrames(view: View, ...patches: readonly FramePatch[]): View {
  const { frames } = view;
  if (frames === undefined) throw new Error("a view without frames");
  const table: FrameTable = { ...frames, use: frames.use.slice(), flags: frames.flags.slice(), zone: frames.zone.slice(), order: frames.order.slice() };
  let offset = 0;
  for (const { start, nrPages } of frames.ranges) {
    for (const { from, to, use, flags, zone } of patches) {
      for (let pfn = Math.max(from, start); pfn < Math.min(to, start + nrPages); pfn++) {
        const index = offset + pfn - start;
        if (use !== undefined) table.use[index] = use;
        if (flags !== undefined) table.flags[index] = flags;
        if (zone !== undefined) table.zone[index] = zone;
        table.order[index] = NONE;
      }
    }
    offset += nrPages;
  }
  return { ...view, frames: table };
}

const valid = FrameFlag.Valid + FrameFlag.Online;
const alloc = (id: number, kind: "user" | "kernel" | "slab" | "folio", order = 0): Command => ({ op: "alloc", id, kind, order, node: 0, thisNode: false, zone: "normal" });

/** A page is handed out of a pageblock that somebody isolates. */
export const isolatedAlloc: Made = make({
  mutant: "b46",
  commands: [{ op: "isolate", id: 1, start: toPfn(0x60), nrPages: 8, mode: "offline" }, alloc(1, "user")],
  outcome: { result: "ok", grant: { pfn: toPfn(0x64), order: 0 } },
  after: (_, before) => withFrames(before, { from: 0x64, to: 0x65, use: FrameUse.Allocated, flags: valid + FrameFlag.Movable }),
  finding: {
    kind: "clause",
    rule: "grant-not-isolated",
    title: "frames of an isolated pageblock are not given",
    source: "mm/page_alloc.c: rmqueue(), v6.12; whoever isolates counts on nothing leaving the range",
    evidence: [{ pfn: toPfn(0x64), was: "in a pageblock that nobody isolates", is: "in pageblock 0x64, isolated by t1" }],
    because: "frame 0x64 was given to a1 although its pageblock is isolated, because the subject looked for free frames on the Isolate list",
    permitted: ["a free frame of zone Normal or DMA outside the pageblocks 0x60 and 0x64"],
  },
});

/** A free forgets to count. */
export const counterOff: Made = make({
  mutant: "b31",
  commands: [alloc(1, "kernel", 1), { op: "free", id: 1, pcp: false }],
  after: (view) => ({ ...view, zones: (view.zones ?? []).map((zone) => (zone.type === "Normal" && zone.node === 0 ? { ...zone, nrFree: (zone.nrFree ?? 0) - 2 } : zone)) }),
  finding: {
    kind: "invariant",
    rule: "PG-10",
    title: "NR_FREE_PAGES is the number of frames on free lists other than Isolate",
    source: "mm/page_alloc.c: account_freepages(), v6.12",
    evidence: [{ where: "zone Normal of node 0", was: "40 frames on free lists", is: "38" }],
    because: "the free lists of zone Normal of node 0 hold 40 frames and the counter says 38, because the two frames of a1 came back without being counted",
  },
});

/** A free of four frames loses the last one. */
export const lostFrame: Made = make({
  mutant: "lose-last",
  commands: [alloc(3, "folio", 2), { op: "hold", id: 3 }, { op: "free", id: 3, pcp: false }, { op: "release", id: 3 }],
  after: (view) => withFrames(view, { from: 0x63, to: 0x64, use: FrameUse.Limbo }),
  finding: {
    kind: "invariant",
    rule: "PG-01",
    title: "no frame is in use by nobody and free to nobody",
    source: "mm/page_alloc.c: free_pages_prepare(), v6.12",
    evidence: [{ pfn: toPfn(0x63), was: "free, or owned by somebody", is: "limbo", owner: "allocation 3 (folio, order 2) until this command" }],
    because: "frame 0x63 was of allocation 3 before and is on no list now, because the last reference freed 3 of its 4 frames",
  },
});

/** A failed contiguous allocation undoes the isolation of somebody else: the KD-2 of Linux, truly run. */
export const foreignIsolation: Made = make({
  subject: "strict+KD-2",
  commands: [
    { op: "isolate", id: 1, start: toPfn(0x60), nrPages: 8, mode: "offline" },
    { op: "alloc-contig", id: 1, start: toPfn(0x66), nrPages: 4, compound: false, gfp: "kernel" },
  ],
  finding: {
    kind: "law",
    rule: "PG-41",
    title: "a contiguous allocation over a pageblock that somebody isolates fails and leaves that isolation alone",
    source: "mm/page_alloc.c: alloc_contig_range_noprof(), v6.12",
    evidence: [{ pfn: toPfn(0x64), nrPages: 4, was: "isolated by t1", is: "a Movable pageblock" }],
    because: "pageblock 0x64 is not isolated any more although t1 has not undone it, because the failed allocation undid the whole range, no matter who had isolated it",
    permitted: ["EBUSY, with pageblocks 0x60 and 0x64 still isolated by t1"],
  },
  rest: { explainedBy: ["KD-2"], run: null },
});

/** A kernel page in a CMA area, which is then in the way of the area's owner. */
export const cmaFallback: Made = make({
  mutant: "cma-for-all",
  commands: [
    { op: "drain", node: 0, zone: "Normal" },
    alloc(1, "slab", 0),
  ],
  outcome: { result: "ok", grant: { pfn: toPfn(0x58), order: 0 } },
  after: (_, before) => withFrames(before, { from: 0x58, to: 0x59, use: FrameUse.Allocated, flags: valid + FrameFlag.Unmovable }),
  finding: {
    kind: "clause",
    rule: "grant-type",
    title: "frames given come from a list that the request may use: CMA only for Movable requests",
    source: "mm/page_alloc.c: __rmqueue(), v6.12",
    evidence: [{ pfn: toPfn(0x58), was: "from a list of type Unmovable, Movable or Reclaimable", is: "from list CMA of order 3" }],
    because: "0x58 is on a CMA list, and the request is Unmovable",
    permitted: ["Unmovable, Reclaimable, Movable"],
  },
});

/** A block goes offline and its zone still spans it. */
export const offlineSpan: Made = make({
  mutant: "b02",
  commands: [
    { op: "add", start: toPfn(0x80), nrPages: 32, node: 1, memmapOnMemory: false, group: null },
    { op: "write-state", block: toBlockId(4), value: "online_movable" },
    alloc(1, "user"),
    { op: "write-state", block: toBlockId(4), value: "offline" },
  ],
  after: (view, before) => ({ ...view, zones: (view.zones ?? []).map((zone, index) => (zone.type === "Movable" && zone.node === 1 ? { ...zone, start: before.zones?.[index]?.start ?? zone.start, spanned: before.zones?.[index]?.spanned ?? 0 } : zone)) }),
  finding: {
    kind: "invariant",
    rule: "HP-25",
    title: "a zone spans nothing, or begins and ends with online memory of its own",
    source: "mm/memory_hotplug.c: shrink_zone_span(), v6.12",
    evidence: [
      { where: "zone Movable of node 1", was: "an empty span", is: "[0x80, 0xa0)" },
      { pfn: toPfn(0x80), nrPages: 32, where: "block 4", was: "in no zone's span", is: "spanned by zone Movable of node 1" },
    ],
    because: "zone Movable of node 1 spans [0x80, 0xa0) although block 4 is offline and nothing else is in the zone, because the span was not shrunk when the last block left",
  },
});

/** Real sizes: a frame of a pageblock goes to the buddy and stays allocated. Takes a second to boot, so only where it is asked for. */
export const makeRealSize = (): Made =>
  make({
    machine: "x86-64",
    profile: "linux-6.12",
    mutant: "free-keeps-owner",
    commands: [alloc(1, "kernel", 3), { op: "free", id: 1, pcp: false }],
    after: (view) => withFrames(view, { from: 0x3802, to: 0x3804, use: FrameUse.Allocated, flags: valid + FrameFlag.Unmovable }),
    finding: {
      kind: "invariant",
      rule: "PG-02",
      title: "no frame is in a free block, on a per-CPU list or of an allocation twice",
      source: "mm/page_alloc.c: __free_one_page(), v6.12",
      evidence: [{ pfn: toPfn(0x3802), nrPages: 2, was: "in one place", is: "in a free block of order 10 and of an allocation" }],
      because: "frames [0x3802, 0x3804) are in two places, because the owner was cleared for every fourth frame only",
    },
    rest: { reduction: { fromCommands: 1204, executions: 25_310, complete: false } },
  });

/** A subject that threw in its second command. */
export const crash: Made = (() => {
  const made = make({
    commands: [alloc(1, "user"), { op: "write-state", block: toBlockId(3), value: "offline" }],
    after: (_, before) => before,
    finding: {
      kind: "crash",
      rule: "crash",
      title: "an implementation answers every command",
      source: "models/subject.ts: apply() never throws",
      evidence: [],
      because: "RangeError: offset is out of bounds\n    at moveToFreeList (free-lists.js:12:3)",
    },
    rest: { reduction: null, seed: null, run: null },
  });
  return { ...made, counterexample: { ...made.counterexample, outcomes: made.counterexample.outcomes.slice(0, -1) } };
})();

/** A rule that is broken before the first command, by a subject that shows no frames. */
export const atBoot: Made = (() => {
  const made = make({
    machine: "tiny-34",
    commands: [],
    finding: {
      kind: "self-check",
      rule: "bitmap-agrees",
      title: "the free bitmap and the free lists name the same blocks",
      source: "src/engine/self-check.ts",
      evidence: [{ where: "order 4", was: "5 blocks", is: "4 blocks" }],
      because: "the bitmap of order 4 has one block less, because boot frees the last block before the bitmap is there",
    },
    rest: { seed: null, run: null, reduction: null },
  });
  const { frames: _hidden, ...bare } = made.counterexample.after;
  return { views: [bare], counterexample: { ...made.counterexample, before: bare, after: bare } };
})();

/** The small ones, by the names of their golden texts. */
export const made: Readonly<Record<string, Made>> = {
  "isolated-alloc": isolatedAlloc,
  "counter-off": counterOff,
  "lost-frame": lostFrame,
  "foreign-isolation": foreignIsolation,
  "cma-fallback": cmaFallback,
  "offline-span": offlineSpan,
  crash,
  "at-boot": atBoot,
};
