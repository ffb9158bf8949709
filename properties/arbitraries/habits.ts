/**
 * What one run does much of, and what it leaves alone.
 *
 * A generator that gives every command its share in every run makes runs that all look the same: no run ever has forty
 * isolations, or a full memory, or no free at all. So each run draws its own habits (swarm testing: Groce, Zhang, Eide,
 * Chen, Regehr, "Swarm Testing", ISSTA 2012): features are left out, normal or heavy, and the numbers of the run lean to one side.
 */
import { pageKinds } from "../../models/index.ts";
import type { MachineDescription, NodeId, Op, OnlineWord, PageKind, ZoneModifier } from "../../models/index.ts";
import type { Draw } from "./draw.ts";

/** What a run is to be about. `mixed` favours nothing. */
export const behaviours = ["mixed", "churn", "fragment", "boundary", "isolate", "refuse", "hotplug", "poison", "cma", "device", "tasks"] as const;
export type Behaviour = (typeof behaviours)[number];

export type Feature = "pages" | "pcp" | "references" | "poison" | "reserved" | "isolation" | "contig" | "cma" | "ranges" | "fake" | "balloon" | "stats" | "batches" | "atomic" | "blocks" | "groups" | "devices" | "settings" | "faults" | "tasks" | "huge" | "kmem" | "vmem";

/** Commands that make little sense without each other, and how often each is made where its feature is normal. */
const features: Readonly<Record<Feature, readonly (readonly [op: Op, weight: number])[]>> = {
  pages: [["alloc", 20], ["free", 14]],
  pcp: [["drain", 3], ["pcp-disable", 1], ["pcp-enable", 2]],
  references: [["hold", 2], ["release", 2], ["lru-isolate", 1], ["lru-putback", 1], ["pin", 3], ["unpin", 2]],
  poison: [["poison", 2], ["soft-offline", 2], ["unpoison", 2]],
  reserved: [["free-reserved", 1]],
  isolation: [["isolate", 6], ["unisolate", 6], ["test-isolated", 2]],
  contig: [["alloc-contig", 5], ["free-contig", 4], ["alloc-contig-pages", 2]],
  cma: [["cma-alloc", 4], ["cma-release", 3]],
  ranges: [["pin-range", 3]],
  fake: [["fake-offline", 2], ["fake-online", 2]],
  balloon: [["inflate", 4], ["deflate", 2]],
  stats: [["vmstat-refresh", 3]],
  atomic: [["alloc-atomic", 8], ["unreserve", 2]],
  batches: [["lru-batch", 12], ["lru-drain", 3]],
  blocks: [["add", 4], ["remove", 3], ["offline-and-remove", 2], ["write-state", 9], ["write-online", 4]],
  groups: [["group-static", 1], ["group-dynamic", 1], ["group-unregister", 1]],
  devices: [["device-map", 3], ["device-unmap", 2]],
  settings: [["set", 2]],
  faults: [["veto", 1], ["fail-next", 1]],
  tasks: [["start", 4], ["step", 9], ["signal", 1]],
  vmem: [["vmem-request", 6]],
  kmem: [["kmem-probe", 4], ["kmem-remove", 4]],
  huge: [["huge-grow", 5], ["huge-shrink", 2], ["huge-reserve", 3], ["huge-use", 3]],
};

/** Where compaction is possible it is made in every run. */
const compactions: readonly Op[] = Array.from({ length: 8 }, () => "compact" as const);

interface Leaning {
  /** Features that are always heavy. */
  readonly heavy: readonly Feature[];
  /** Percent of commands made to be refused or skipped. */
  readonly refused: number;
  /** Percent of commands that a recipe proposes. */
  readonly recipes: number;
}

const leanings: Readonly<Record<Behaviour, Leaning>> = {
  mixed: { heavy: [], refused: 15, recipes: 55 },
  churn: { heavy: ["pages", "pcp"], refused: 8, recipes: 15 },
  fragment: { heavy: ["pages", "contig"], refused: 8, recipes: 25 },
  boundary: { heavy: ["isolation", "contig", "fake", "poison"], refused: 20, recipes: 15 },
  isolate: { heavy: ["isolation", "pages"], refused: 10, recipes: 45 },
  refuse: { heavy: [], refused: 45, recipes: 30 },
  hotplug: { heavy: ["blocks", "groups", "faults"], refused: 12, recipes: 60 },
  poison: { heavy: ["poison", "blocks"], refused: 12, recipes: 40 },
  cma: { heavy: ["cma", "contig"], refused: 12, recipes: 40 },
  device: { heavy: ["devices", "blocks"], refused: 15, recipes: 50 },
  tasks: { heavy: ["tasks", "pages"], refused: 10, recipes: 50 },
};

export interface Habits {
  readonly behaviour: Behaviour;
  /** Commands made outside recipes; one that is made often is in the list often. */
  readonly ops: readonly Op[];
  readonly refusedPercent: number;
  readonly recipePercent: number;
  /** How many recipes may be half done at a time. */
  readonly recipesAtOnce: number;
  /** Page kinds, preferred ones several times. */
  readonly kinds: readonly PageKind[];
  /** Orders: as they come, mostly the smallest, or mostly the largest. */
  readonly orders: "any" | "small" | "large";
  readonly zones: readonly ZoneModifier[];
  /** Nodes that allocations ask for and memory is added to. */
  readonly nodes: readonly NodeId[];
  readonly onlineWords: readonly OnlineWord[];
  readonly thisNodePercent: number;
  /** Of frees: to the per-CPU lists. */
  readonly pcpPercent: number;
  /** Of adds: with memmapOnMemory. */
  readonly hostedPercent: number;
  /** Of the places: on the borders that the machine's description draws. */
  readonly edgePercent: number;
  /** Frames that a run poisons at most at a time. */
  readonly maxPoisoned: number;
  /** Percent of memory in use that the run walks towards, one after the other. */
  readonly fills: readonly number[];
  /** Commands for which one of them holds. */
  readonly fillLength: number;
}

export function drawHabits(draw: Draw, description: MachineDescription, behaviour: Behaviour, refused: number | null): Habits {
  const leaning = leanings[behaviour];
  const nodes = description.nodes.map((_, node) => node);
  return {
    behaviour,
    ops: [...drawOps(draw, description, leaning), ...(description.compaction === true ? compactions : [])],
    refusedPercent: refused ?? leaning.refused,
    recipePercent: draw.pick([leaning.recipes, leaning.recipes, 90]),
    recipesAtOnce: draw.weighted([[3, 1], [3, 2], [1, 3]]),
    kinds: drawKinds(draw),
    orders: behaviour === "fragment" ? "small" : draw.pick(["any", "small", "large"]),
    zones: draw.weighted([[3, ["normal"]], [1, ["normal", "DMA32", "DMA"]], [1, ["normal", "normal", "normal", "DMA"]]]),
    nodes: draw.chance(1, 2) ? nodes : [draw.pick(nodes), ...nodes, draw.pick(nodes)],
    onlineWords: draw.pick([["online"], ["online_kernel"], ["online_movable"], ["online", "online_kernel", "online_movable"]]),
    thisNodePercent: draw.pick([0, 10, 60]),
    pcpPercent: behaviour === "churn" ? 60 : draw.pick([0, 40, 90]),
    hostedPercent: draw.pick([0, 30, 90]),
    edgePercent: behaviour === "boundary" ? 60 : draw.pick([10, 30]),
    maxPoisoned: behaviour === "poison" ? 12 : 3,
    fills: [draw.pick([20, 60, 97, 100]), draw.pick([2, 40, 80]), draw.pick([50, 100])],
    fillLength: 15 + draw.below(30),
  };
}

/** Each feature is left out (one in four), normal or heavy (one in four), unless the behaviour asks for it. */
function drawOps(draw: Draw, description: MachineDescription, leaning: Leaning): readonly Op[] {
  const made: Op[] = [];
  for (const [feature, ops] of Object.entries(features)) {
    // No draw for what the machine does not have: its runs stay as they were before there was such a thing.
    if ((feature === "balloon" && description.balloon !== true) || (feature === "stats" && description.nodeStats !== true)) continue;
    if (feature === "batches" && description.lruBatches !== true) continue;
    if (feature === "atomic" && description.highAtomic !== true) continue;
    // Not even drawn: ranges of pages are pinned where there is a zero page to be among them.
    if (feature === "ranges" && description.zeroPage === undefined) continue;
    // Nor pools of huge pages where there are none.
    if (feature === "huge" && description.hugePages === undefined) continue;
    if (feature === "vmem" && description.virtioMem === undefined) continue;
    if (feature === "kmem" && description.daxDevices === undefined) continue;
    const level = draw.weighted([[1, 0], [2, 1], [1, 3]]);
    const wanted = leaning.heavy.some((heavy) => heavy === feature);
    const possible = feature !== "cma" || description.cma.length > 0;
    const times = wanted ? 4 : feature === "pages" || leaning.refused > 40 ? Math.max(1, level) : level;
    for (const [op, weight] of ops) {
      if (possible) repeat<Op>(made, op, weight * times);
    }
  }
  return made;
}

/** Movable kinds stand first in the list of kinds and may stay in most places; each run likes a few kinds. */
function drawKinds(draw: Draw): readonly PageKind[] {
  const made: PageKind[] = [];
  for (const kind of pageKinds) {
    const common = kind === "user" || kind === "kernel" ? 3 : 1;
    repeat(made, kind, common * draw.weighted([[2, 0], [3, 1], [1, 4]]));
  }
  return made.length === 0 ? ["user", "kernel"] : made;
}

function repeat<T>(list: T[], entry: T, times: number): void {
  for (let n = 0; n < times; n++) list.push(entry);
}
