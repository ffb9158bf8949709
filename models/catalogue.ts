/**
 * The catalogue of commands: what each does, when it cannot be issued, which errno comes when, and what is chosen.
 *
 * This is the contract in words. The reference (models) and the engine (src/engine) are two independent readings of it
 * and of the kernel; docs/spec.md prints it. Ids in brackets are switches of models/profile.ts: the sentence holds where
 * the switch is on; without one it holds in every profile.
 */
import type { Op } from "./command.ts";
import type { Errno } from "./outcome.ts";

export interface ErrnoEntry {
  readonly errno: Errno;
  /** `Because.kind` of the reason. Unique within the command. */
  readonly reason: string;
  readonly when: string;
}

export interface CommandEntry {
  readonly title: string;
  /** The kernel function, file and version. */
  readonly source: string;
  /** When the outcome is `skipped`, with the reason kind. Tested before everything else, in this order. */
  readonly skipped: readonly { readonly reason: string; readonly when: string }[];
  /** When an errno comes back, in the order of testing: the first that applies decides. */
  readonly refused: readonly ErrnoEntry[];
  /** Other results: livelock, bug. */
  readonly other?: readonly { readonly result: "livelock" | "bug"; readonly reason: string; readonly when: string }[];
  /** What changes, in order. */
  readonly effects: readonly string[];
  /** What an implementation is free to choose, and what the one running alone chooses. */
  readonly choices?: string;
}

/** Some sentences of the specification that belong together. */
export interface RuleText {
  /** Unique; docs/spec.md has it as a heading. */
  readonly title: string;
  readonly text: readonly string[];
  /** After the text: what is tested one after the other. The first that applies decides. */
  readonly steps?: readonly string[];
}

/** The machine after boot: mm/sparse.c, mm/mm_init.c, drivers/base/memory.c, v6.12. */
export const bootRules: readonly RuleText[] = [
  {
    title: "Sections after boot",
    text: [
      "Every section that holds boot memory is present, has a memmap, is online and early.",
      "It has a boot usage record whose subsection map is set for every subsection that boot memory touches. Its memmap is backed by boot memory in all subsections.",
    ],
  },
  {
    title: "Zones after boot",
    text: [
      "The node's range (first frame of its first memory to the end of its last) is cut by the limits: DMA below dmaEnd, DMA32 from there to dma32End, Normal from there; Movable from movableStart rounded up to the largest order, which ends the zone it starts in and leaves the kernel zones above it empty.",
      "Spans include holes at their ends and memory of other nodes. A zone that spans nothing starts at 0.",
      "present and present_early count the node's own boot memory in the span; managed is present less the reserved frames (bootMemmap included).",
      "nr_zones of the node is 1 + the highest zone that spans anything.",
      "`contiguous` is computed for populated zones, false for others.",
    ],
  },
  {
    title: "Zone links after boot",
    text: [
      "A memory frame links to the zone of its node that its number falls in.",
      "A hole frame (no boot memory, in an early section) links to the zone of the memory that follows it in frame order over all nodes, where that memory's part in one zone begins; hole frames behind the last memory link to the zone of the last memory.",
    ],
  },
  {
    title: "Pageblocks after boot",
    text: [
      "Movable if their first frame is boot memory, else Unmovable; CMA where an active area lies.",
      "An area is active if all its frames link to one zone. Another has no frames from then on (nrPages 0, no bits); its memory is free as if it had not been declared, or stays reserved with `reservePagesOnError`. The other areas are active all the same.",
      "Frames that are not reserved are free, in the largest aligned blocks that merging allows.",
    ],
  },
  {
    title: "Memory blocks after boot",
    text: [
      "Every block that has a present section is ONLINE, `boot`; online_type is offline.",
      "Its node is the last node with memory in it; its zone is the one zone, among the populated zones of that node, whose span intersects the block, and null if there are several or if several nodes have memory in the block.",
      "The resource tree has an entry for each memory range.",
    ],
  },
  {
    title: "Nodes after boot",
    text: [
      "The span is the node's range; a node without memory spans nothing and starts at 0.",
      "A node is online if it has memory or CPUs; in N_MEMORY if it has present frames; in N_NORMAL_MEMORY if a zone up to Normal has.",
    ],
  },
  {
    title: "Totals after boot",
    text: ["totalram is the sum of managed; nr_memmap_boot_pages is the memmap of one section (rounded up) times the early sections; max_pfn is the end of boot memory."],
  },
];

/** zone_for_pfn_range(): mm/memory_hotplug.c: default_kernel_zone_for_pfn(), default_zone_for_pfn(), v6.12. */
export const zoneChoiceRules: readonly RuleText[] = [
  {
    title: "What each word chooses",
    text: [
      "`online_kernel`: the default kernel zone, the lowest of DMA and DMA32 of the node whose span intersects the block, else Normal.",
      "`online_movable`: Movable.",
      "`online`: by the policy, `contig-zones` or `auto-movable`.",
    ],
  },
  {
    title: "Contig-zones",
    text: ["If exactly one of the spans of the default kernel zone and of Movable intersects the block, that one; else Movable if `movable_node`, else the default kernel zone."],
  },
];

/** zone_for_pfn_range() under auto-movable: mm/memory_hotplug.c: auto_movable_zone_for_pfn(), v6.12. */
export const autoMovableRules: readonly RuleText[] = [
  {
    title: "Auto-movable: how much is asked for",
    text: ["max is the frames that the device may have, on those of them that are online in Movable; max - on are left."],
    steps: [
      "Ratio 0: the default kernel zone.",
      "Static group: the kernel zone if the group has kernel pages present; else max = its max_pages, on = its movable pages present.",
      "Dynamic group whose unit is not the block: every section of the unit (the frame rounded down to the unit): offline ones are skipped, an online one that is not Movable decides for the kernel zone, online Movable ones add to on; max = the unit.",
      "Otherwise: max = the block, on = 0.",
    ],
  },
  {
    title: "Auto-movable: the decision",
    text: [
      "Movable if the remaining max - on frames (unsigned, 64 bits) may be movable on all nodes together and, if numa_aware, on this node alone; else the kernel zone.",
      "The kernel zone is the default kernel zone of the frame and length as they stand at that point: within the unit loop the frame is the section found (after the loop the end of the unit), and after max - on was computed the length is that.",
    ],
  },
  {
    title: "Auto-movable: may n frames be movable",
    text: [
      "kernel = sum of present_early of the populated zones other than Movable less their CMA frames; movable = present of Movable plus CMA frames.",
      "For each other dynamic group of the scope: required = max(0, floor(movable present * 100 / ratio) - kernel present), summed; its movable pages are taken from movable.",
      "False if kernel <= required. Else kernel -= required; the own dynamic group's kernel pages are added.",
      "Then: movable + n <= floor(ratio * kernel / 100).",
    ],
  },
];

/** What holds for every command. */
export const generalRules: readonly RuleText[] = [
  { title: "Order of visiting", text: ["Frames, pageblocks and lists are visited in ascending frame order wherever nothing else is said."] },
  {
    title: "Allocation, alone",
    text: [
      "An implementation that runs alone follows the kernel. Zones of the zonelist of the node (all zones of that node from the highest allowed down, then of the other nodes, nearest number first, the lower of two as near), only populated ones; the first that passes the watermark test gives the block, by the first of the steps below that has one.",
      "Where the kernel takes the head of a list, the lowest frame number is taken. The lowest 2^order frames of the block are given and the upper halves go back to the list the block came from (or the claimed type's); on a machine with guard pages those below its least order become guard blocks, on no list and not counted as free.",
      "Claiming and stealing ask no more of a zone than the watermark test; ALLOC_NOFRAGMENT, reclaim, compaction and the OOM killer are left out.",
    ],
    steps: [
      "A per-CPU list entry of exactly its order and migratetype.",
      "For Movable requests, if more than half of the free pages are CMA: CMA lists.",
      "Its own list.",
      "For Movable requests: CMA lists.",
      "Claiming: whole pageblocks of another type become its own.",
      "Stealing: a block of another type, whose pageblock keeps its type.",
    ],
  },
  {
    title: "The watermark test",
    text: [
      "All marks are 0. free = NR_FREE_PAGES - (2^order - 1) - (NR_FREE_CMA_PAGES unless the request is Movable) - (nr_free_highatomic unless it may use the reserve) must be above 0.",
      "For order > 0 a block of at least that order must be on a list of type Unmovable, Movable, Reclaimable (or CMA for a Movable request, HighAtomic for one that may use the reserve).",
      "Per-CPU lists do not count, although they are tried first in a zone that passes.",
    ],
  },
  {
    title: "Allocation, followed",
    text: [
      "Followed, an allocation may take any aligned run of free frames of its order from one block on a list of its own type, of another of Unmovable, Movable, Reclaimable, or CMA for Movable requests, HighAtomic for those that may use the reserve, in any allowed populated zone, or a per-CPU entry of exactly its order and migratetype.",
      "Of two other types the one that Linux falls back to first is taken where it has a block of that order in the zone: Reclaimable before Movable for Unmovable requests, Reclaimable before Unmovable for Movable ones, Unmovable before Movable for Reclaimable ones. The order is that of the block taken, or of any free block in the pageblock that is claimed with it.",
      "Pageblocks may change type to that of the request only as part of it: all pageblocks of the block it was taken from if that block has pageblock order or more, or the one pageblock around it.",
      "A refusal is permitted only if no allowed zone passes the watermark test.",
      "outcome.grant.retyped lists only pageblocks whose type changed.",
    ],
  },
  {
    title: "Freeing and merging",
    text: [
      "Freeing a block of order above pageblock order feeds it to the buddy in pageblock-sized pieces, ascending, each with the type of its own pageblock.",
      "Freed blocks merge upwards while their buddy is a free or guard block of the same order and zone, and a guard block counts as free again then; at pageblock order and above only if the types are equal or both are among Unmovable, Movable, Reclaimable, and then the freed block's type is written to all pageblocks of the absorbed buddy.",
    ],
  },
  {
    title: "Per-CPU lists",
    text: [
      "Frees go to the buddy unless `pcp` is true, the order is at most min(3, pageblock order), the pageblock is not isolated and the zone's per-CPU lists are not disabled; then they go to the per-CPU list of the type of their pageblock at that moment (CMA counts as Movable).",
      "Draining moves entries in ascending order to the buddy, each to the list of the type its pageblock has then.",
    ],
  },
  {
    title: "Locks",
    text: [
      "device_hotplug_lock is held by an online or offline task from start to end: meanwhile `add`, `remove`, `offline-and-remove`, `write-state`, `write-online`, `group-static`, `group-dynamic`, `group-unregister`, `device-map`, `device-unmap`, `kmem-probe`, `kmem-remove`, `vmem-request`, `soft-offline` and starting an online or offline task are skipped (reason `hotplug-lock`).",
      "An offline task holds the per-CPU lists of its zone disabled from its first step to its end; `drain` then finds nothing, `pcp-enable` and `pcp-disable` of that zone are skipped (reason `pcp-lock`).",
      "The id of a half-done alloc-contig counts as in use.",
    ],
  },
  {
    title: "Migration",
    text: [
      "A page can be migrated if its kind is movable, nobody holds or pins it, it is not isolated from the LRU, and none of its frames is poisoned. A folio whose split would be tried by Linux is moved whole or not at all.",
      "It takes a new block for the pages of an allocation: order as the allocation's, migratetype Movable, highest zone Normal for order-0 pages that do not lie in zone Movable, else Movable.",
      "Contiguous allocation, soft offline and long-term pins ask the page's node first and then any; offline asks nodes with memory other than the page's node only, and the page's own node only if there is no other; a long-term pin asks with migratetype Unmovable and highest zone Normal. The watermark test applies.",
      "The old frames are then freed to the buddy (never to per-CPU lists), and the allocation keeps its id, kind and references.",
    ],
  },
  {
    title: "Pools of huge pages",
    text: [
      "A machine that names sizes of huge pages has one pool of each, with a part on each node. A page of a pool is an allocation that is free in it (marked freed, and nobody refers to it) or in use; its node is that of its zone.",
      "A free page can be dissolved unless all free pages of its pool, on all nodes, are promised: it leaves the pool, and its frames are freed as one block of its order.",
      "A free page in the range of a contiguous allocation is moved to a new block of its own node, so that the pool has as many pages as before. An offline never moves a free page, it dissolves it.",
      "A page in use that moves to another node is counted there.",
    ],
  },
  {
    title: "Isolating a pageblock",
    text: ["Its free blocks move to the Isolate lists, a free block that reaches beyond the pageblock being split at its borders, and nr_isolate_pageblock grows by 1. Before that:"],
    steps: ["EBUSY if it is isolated already.", "EBUSY if the unmovable-page check finds a page.", "EBUSY if the pageblock is not wholly in the span of the zone of its first frame."],
  },
  {
    title: "The unmovable-page check",
    text: ["Of a pageblock, in mode cma: passes at once if the pageblock is CMA. In other modes: fails at once if it is CMA. Then frame by frame, the first rule that applies:"],
    steps: [
      "A frame that is reserved, a hole, a memmap taken at boot, absent or a device page fails.",
      "In zone Movable every other frame passes; the zone of the first frame of the pageblock counts for all.",
      "hugetlb passes if its size can be migrated (the rest of the folio is skipped), else fails.",
      "Another compound page passes if it is on the LRU (the rest is skipped), else fails.",
      "A frame with reference count 0 passes: free (its whole block); per-CPU; a guard page; the tails of a high-order block that is not compound; PageOffline whose driver dropped it; a frame freed while poisoned; limbo.",
      "A poisoned frame passes in mode offline.",
      "A referenced PageOffline frame passes in mode offline.",
      "A page on the LRU or with movable ops passes.",
      "Anything else fails.",
    ],
  },
  {
    title: "Isolating a range",
    text: [
      "Takes the pageblocks from the one of the first frame to the one of the last: first pageblock, then last, then the inner ones ascending.",
      "When the first is isolated the frames before the range, and when the last is the frames behind it, are looked at: a compound page that is not hugetlb and reaches across the outer border fails with EBUSY (the look before is at [start of the MAX_PAGE_ORDER chunk, border), only if the frame on the far side of the border is online).",
      "A failure undoes what this call isolated and is EBUSY.",
    ],
  },
  {
    title: "Undoing isolation",
    text: [
      "The blocks of the pageblock go from the Isolate lists to those of the type it gets back, one by one; but if the pageblock starts a free block of at least pageblock order and below the largest order whose buddy is free and not isolated, that block is taken and freed again with that type, so that it merges.",
      "Without [KD-1] this is done only for a block of exactly pageblock order; a larger block is split at the pageblock's borders first, and only this pageblock's part leaves the Isolate list.",
      "The type that comes back is the one the pageblock had; with [KD-4], that of the request (CMA in mode cma, else Movable), also when a range isolation fails half way; with [EX-7] the same for the failures of offline.",
    ],
  },
  {
    title: "A pageblock of a larger free block",
    text: ["To isolate it, or to undo that, the larger block leaves its list, the pageblock changes its type, and the block is freed again in pageblock-sized pieces, ascending, each merging as a freed block does. A block inside the pageblock only changes lists and does not merge."],
  },
  {
    title: "Notifier ranges",
    text: ["Notifier calls name the block without its self-hosted memmap."],
  },
  {
    title: "Frames of offline memory, poisoned frames",
    text: [
      "Frames of a section that is not online are Offline (or Hole, Absent, Device).",
      "Each poisoned frame counts once in num_poisoned_pages and in nr_hwpoison of its block, until unpoisoned or removed.",
    ],
  },
];

const label = (what: string): { reason: string; when: string } => ({ reason: "label-in-use", when: `${what} \`id\` exists already` });
const noLabel = (what: string): { reason: string; when: string } => ({ reason: "no-such-label", when: `there is no ${what} \`id\`` });
const hotplugLock = { reason: "hotplug-lock", when: "an online or offline task is half done" } as const;
const pcpLock = { reason: "pcp-lock", when: "the per-CPU lists of the zone are disabled by a task or by `pcp-disable`" } as const;
const oneZone = { reason: "not-one-zone", when: "the frames of the range are not all online pages of one zone, or one is self-hosted memmap" } as const;
const oneZoneContig = { reason: "not-one-zone", when: "the frames of the range are not all online pages of one zone; begun with `start`, also where one is self-hosted memmap" } as const;
const noNode = { reason: "no-such-node", when: "the node is not in the machine description or not online" } as const;

const noDaxDevice = { reason: "no-such-device", when: "the machine has no dax device of this number" } as const;
const driverMemory = { reason: "driver-memory", when: "memory of the range was added by `kmem-probe` or `vmem-request`, or lies in the region of the virtio-mem device: only its driver adds and removes it" } as const;
const noPool = { reason: "no-such-pool", when: "the machine keeps no huge pages of this order" } as const;
const notFreeInPool = { reason: "not-free-in-pool", when: "it is not a free page of a pool" } as const;

const addFailures: readonly ErrnoEntry[] = [
  { errno: "ENOMEM", reason: "fail-node", when: "the node is not online and its set-up fails (fail-next node)" },
  { errno: "ENOMEM", reason: "fail-usage", when: "a section's usage record can not be allocated (fail-next usage)" },
  { errno: "EEXIST", reason: "section-in-use", when: "a subsection of the range is there already (left behind by a failed add, or a boot section)" },
  { errno: "ENOMEM", reason: "no-memmap", when: "the frames for a section's memmap can not be had (or fail-next memmap)" },
  { errno: "ENOMEM", reason: "fail-memory-block", when: "a memory block can not be registered (fail-next memory-block)" },
];

const contigRefusals: readonly ErrnoEntry[] = [
  { errno: "EINVAL", reason: "gfp", when: "gfp is `nofail`" },
  { errno: "EBUSY", reason: "isolation", when: "the pageblocks of the range could not be isolated (general rules). With [KD-2] every isolation in the pageblocks of the range is undone then, whoever owns it" },
  { errno: "ENOMEM", reason: "no-target", when: "a page had to move and no allowed zone passed the watermark test for it" },
  { errno: "EBUSY", reason: "stuck", when: "after migration a frame of the range is neither free nor can its page be moved: pinned, held, off the LRU, a file page with `nofs`, per-CPU, poisoned, PageOffline, or part of a page whose head lies before the range and that is not hugetlb" },
];

const contigEffects: readonly string[] = [
  "Isolates the pageblocks of the range in mode contig; drains the zone's per-CPU lists.",
  "File pages of the range are dropped, or moved; other movable pages whose first frame lies in the range (hugetlb: any frame) are moved. No page moves into an isolated pageblock.",
  "Takes the free blocks from the one that contains the first frame to the one that contains the last, and frees the frames before and behind the range singly.",
  "Undoes the isolation.",
  "A refusal leaves pages that have moved where they are.",
];

const contigChoices = "The order of moves, their targets, whether a file page is dropped or moved, and, in a refusal, which pages have moved by then. Alone: pages ascending by frame; file pages are dropped; it stops at the first page without a target.";

const onlineRefusals: readonly ErrnoEntry[] = [
  { errno: "EHWPOISON", reason: "block-has-poison", when: "the block holds poisoned frames" },
  { errno: "EPERM", reason: "veto", when: "a PREPARE_ONLINE or GOING_ONLINE notifier refuses (any errno)" },
];

const offlineRefusals: readonly ErrnoEntry[] = [
  { errno: "EINVAL", reason: "no-single-zone", when: "the block is not managed by one zone" },
  { errno: "EINVAL", reason: "memory-hole", when: "System RAM does not cover the block wholly" },
  { errno: "EBUSY", reason: "isolation", when: "the pageblocks could not be isolated in mode offline" },
  { errno: "EPERM", reason: "veto", when: "a GOING_OFFLINE notifier refuses: on arm64 for boot sections, or an armed veto (any errno)" },
  { errno: "EBUSY", reason: "page-offline", when: "a PageOffline frame of the block is still referenced by its driver" },
  { errno: "EBUSY", reason: "huge-page", when: "a page of a pool lies in the block that can not be dissolved: all free pages of its pool are promised, or it is in use and a frame of it is poisoned" },
  { errno: "EBUSY", reason: "stuck", when: "without [S-30]: a page of the block can neither be moved nor is it free" },
];

const offlineLivelock = [{ result: "livelock", reason: "stuck", when: "with [S-30]: a page of the block can neither be moved nor is it free" }] as const;

const offlineEffects: readonly string[] = [
  "Self-hosted memmap frames leave the present counts first (and come back if it fails). The rest of the block is what goes offline.",
  "The zone's per-CPU lists are drained and disabled until the end.",
  "Isolates all pageblocks in mode offline; calls GOING_OFFLINE; drivers drop their references on PageOffline frames of the range taken with `drops`.",
  "Moves movable pages until none is left that can move. Unless one that looks movable is left, the huge pages of pools are dissolved then, ascending, up to the first that can not be. Every frame must then be free, poisoned, or PageOffline and dropped.",
  "An allocation whose frames are all poisoned ends; a poisoned frame of a contiguous or CMA allocation leaves it.",
  "Takes the free blocks off the lists; sections go offline; managed falls by the frames that were not PageOffline, present by all; nr_isolate_pageblock falls; N_MEMORY and N_NORMAL_MEMORY follow; calls OFFLINE.",
  "The zone span shrinks at the end that the range touched, the node span follows; self-hosted frames leave the zone in a second such step.",
  "The block is OFFLINE and has no zone; calls FINISH_OFFLINE. Isolation owned by the operation ends; pageblocks of offline sections have no type.",
  "On failure: isolation is undone; drivers take their dropped references again and CANCEL_OFFLINE is called, if GOING_OFFLINE was.",
];

const onlineEffects: readonly string[] = [
  "Chooses the zone (zone choice) for the whole block; calls PREPARE_ONLINE.",
  "Self-hosted memmap frames join the zone as Unmovable pageblocks. Zone and node spans grow over the rest of the block; calls GOING_ONLINE.",
  "A refusal takes the frames out again, shrinking as offline does, and calls CANCEL_ONLINE and FINISH_OFFLINE; without [EX-6] the spans, contiguous and nr_zones are then as before the attempt. (PREPARE_ONLINE refused: nothing more is called.)",
  "Frames go to the buddy in blocks of min(largest order, alignment of the frame), isolated; managed, then present (present_early for early sections) grow; sections are online; N_MEMORY and, in DMA, DMA32 and Normal, N_NORMAL_MEMORY are set.",
  "Isolation is undone pageblock by pageblock to Movable; calls ONLINE. Self-hosted frames join the present counts. The block is ONLINE in that zone.",
];

/** Fields, errnos and effects of every command, in the order of the union `Command`. */
export const commandCatalogue: Readonly<Record<Op, CommandEntry>> = {
  alloc: {
    title: "allocate one block",
    source: "mm/page_alloc.c: __alloc_pages_noprof(), get_page_from_freelist(), rmqueue(), v6.12",
    skipped: [label("an allocation"), { reason: "order-of-kind", when: "the kind does not come in this order" }, noNode],
    refused: [{ errno: "ENOMEM", reason: "no-free-block", when: "no allowed zone passes the watermark test" }],
    effects: ["The block leaves the free lists or the per-CPU list and belongs to `id`.", "Pageblocks may get the request's type (claiming)."],
    choices: "The block (outcome.grant, with the pageblocks retyped). General rules say what is permitted and what one alone takes.",
  },
  "alloc-atomic": {
    title: "allocate a block for the kernel that can not wait, while memory is short",
    source: "mm/page_alloc.c: gfp_to_alloc_flags(), rmqueue_buddy(), reserve_highatomic_pageblock(), v6.12",
    skipped: [{ reason: "no-high-atomic", when: "the machine has no HighAtomic reserves" }, label("an allocation"), { reason: "order-of-kind", when: "the order is 0, or above the largest" }, noNode],
    refused: [{ errno: "ENOMEM", reason: "no-free-block", when: "no zone passes the watermark test" }],
    effects: [
      "As `alloc` of kind `kernel`, but that free frames of HighAtomic pageblocks count in the watermark test and may be taken. Alone, a per-CPU entry is taken first, then the smallest such block, then as others.",
      "If the buddy allocator gave the block, and its pageblock is Unmovable, Movable or Reclaimable, the pageblock becomes HighAtomic (all pageblocks of the block, if it is larger), and nr_reserved_highatomic of the zone grows by its frames. Not where that count has reached one percent of the managed pages of the zone, rounded down to pages and then up to pageblocks, not where one percent is less than a pageblock, and not where the zone's span cuts the pageblock.",
      "With [KD-12] the pageblock around a per-CPU entry is reserved as well.",
    ],
    choices: "The block (outcome.grant), as for `alloc`.",
  },
  unreserve: {
    title: "give up part of the HighAtomic reserve, for a request that finds no memory",
    source: "mm/page_alloc.c: unreserve_highatomic_pageblock(), v6.12",
    skipped: [{ reason: "no-high-atomic", when: "the machine has no HighAtomic reserves" }, noNode],
    refused: [],
    effects: [
      "Of the zones that a request on the node may use (up to Normal, with `movable` up to Movable), the first that has a free block in HighAtomic pageblocks gives up the pageblocks of one: of the smallest, and of these the lowest. Without `force` a zone that has reserved no more than one pageblock keeps it.",
      "They become Movable with `movable`, else Unmovable, their free blocks change lists, and nr_reserved_highatomic falls by their frames. A block of whole pageblocks then merges; with [KD-6] it does not.",
    ],
  },
  free: {
    title: "the owner drops its reference",
    source: "mm/page_alloc.c: __free_pages(), free_unref_page(), free_pages_prepare(), v6.12",
    skipped: [noLabel("allocation"), { reason: "freed-already", when: "its owner has freed it and others still hold it" }, { reason: "not-from-alloc", when: "it came from a contiguous or CMA allocation" }, { reason: "inflated", when: "it is in a balloon" }],
    refused: [],
    effects: [
      "Without holds and pins: its frames are freed as one block of its order and `id` is gone; a page of a pool is free in its pool instead.",
      "With holds or pins: a block of order > 0 that is not compound frees all but its first frame now, to the buddy, upper halves of decreasing order first (order-1, ..., 0), and becomes an order-0 allocation; anything else keeps its frames; it is marked freed, and the last release or unpin frees it (to the buddy).",
      "A poisoned frame: of order 0 becomes Poisoned without a reference. Of a larger block: with [KD-8] the whole block is freed, poison flag and all; else every other frame is freed singly in ascending order, and the poisoned ones become Poisoned without a reference.",
    ],
  },
  drain: {
    title: "drain the per-CPU lists of a zone",
    source: "mm/page_alloc.c: drain_all_pages(), v6.12",
    skipped: [{ reason: "no-such-zone", when: "the node is not in the machine description" }],
    refused: [],
    effects: ["Every per-CPU entry of the zone goes to the buddy."],
  },
  "pcp-disable": {
    title: "disable the per-CPU lists of a zone",
    source: "mm/page_alloc.c: zone_pcp_disable(), v6.12",
    skipped: [{ reason: "no-such-zone", when: "the node is not in the machine description" }, pcpLock],
    refused: [],
    effects: ["Drains; frees go to the buddy until `pcp-enable`."],
  },
  "pcp-enable": {
    title: "enable the per-CPU lists of a zone",
    source: "mm/page_alloc.c: zone_pcp_enable(), v6.12",
    skipped: [{ reason: "no-such-zone", when: "the node is not in the machine description" }, { reason: "pcp-lock", when: "they are not disabled by `pcp-disable`" }],
    refused: [],
    effects: ["Undoes `pcp-disable`."],
  },
  compact: {
    title: "compact a zone",
    source: "mm/compaction.c: compact_node(), compact_zone(), isolate_migratepages_block(), isolate_freepages(), v6.12",
    skipped: [{ reason: "no-compaction", when: "the machine has no compaction" }, { reason: "no-such-zone", when: "the node is not in the machine description" }],
    refused: [],
    effects: [
      "Movable pages of the zone move, each at most once, as they could migrate: not hugetlb, and none as large as a pageblock. Only frames that link to the zone and lie in its span are left or taken.",
      "Each goes to frames of one free block smaller than a pageblock, in a Movable or CMA pageblock behind its own. What is left of the free block, and the frames that the page leaves, are free again; no pageblock is claimed.",
      "How many move is not prescribed. Alone: ascending, each to the last pageblock that has room, of the pageblocks whose first and last frame are of the zone.",
    ],
    choices: "Which pages move and where to (outcome.moved).",
  },
  hold: {
    title: "someone takes a reference",
    source: "include/linux/mm.h: folio_get(), v6.12",
    skipped: [noLabel("allocation"), { reason: "freed-already", when: "its owner has freed it" }, { reason: "not-from-alloc", when: "it came from a contiguous or CMA allocation" }],
    refused: [],
    effects: ["The pages can not be migrated while held."],
  },
  release: {
    title: "someone drops a reference",
    source: "include/linux/mm.h: folio_put(), v6.12",
    skipped: [noLabel("allocation"), { reason: "not-held", when: "there is no such reference" }],
    refused: [],
    effects: ["If the owner has freed it and no hold or pin is left, it is freed to the buddy, or back to its pool."],
  },
  "lru-isolate": {
    title: "someone takes the page off the LRU",
    source: "mm/vmscan.c: folio_isolate_lru(), v6.12",
    skipped: [noLabel("allocation"), { reason: "freed-already", when: "its owner has freed it" }, { reason: "not-on-lru", when: "its kind is not on the LRU, or someone has isolated it" }],
    refused: [],
    effects: ["The page is not on the LRU: it looks unmovable to a contiguous allocation and can not be migrated.", "Where statistics of nodes are kept, its frames count in NR_ISOLATED_FILE (kind `file`) or NR_ISOLATED_ANON of its node, until it goes back or is gone."],
  },
  "lru-putback": {
    title: "the page goes back to the LRU",
    source: "mm/vmscan.c: folio_putback_lru(), v6.12",
    skipped: [noLabel("allocation"), { reason: "not-isolated", when: "nobody has isolated it" }],
    refused: [],
    effects: ["Undoes `lru-isolate`."],
  },
  "lru-batch": {
    title: "a per-CPU batch of the LRU takes a reference on the page",
    source: "mm/swap.c: __folio_batch_add_and_move(), folio_add_lru(), folio_activate(), v6.12",
    skipped: [{ reason: "no-lru-batches", when: "the machine has no batches of the LRU" }, noLabel("allocation"), { reason: "freed-already", when: "its owner has freed it" }, { reason: "not-single-lru", when: "it is no single page of a kind that is on the LRU" }, { reason: "in-batch", when: "a batch refers to it already" }],
    refused: [],
    effects: [
      "A page that someone has off the LRU is given back, and is in the batch `add`: not on the LRU until that is drained. A page that is on the LRU stays there, and is in the batch `move`.",
      "The batch refers to the page, so that it can not be migrated, and stays when its owner frees it.",
      "While an offline is half done, and while a contiguous allocation moves pages, batches are disabled: the page is on the LRU at once, and in no batch.",
    ],
  },
  "lru-drain": {
    title: "drain the per-CPU batches of the LRU",
    source: "mm/swap.c: lru_add_drain_all(), folio_batch_move_lru(), v6.12",
    skipped: [{ reason: "no-lru-batches", when: "the machine has no batches of the LRU" }],
    refused: [],
    effects: [
      "No page is in a batch any more. Those of the batch `add` are on the LRU, unless they were freed; those that their owners have freed, and that nobody else refers to, are freed to the buddy.",
      "The same is done by `compact`; by an offline before it isolates; by a contiguous allocation after it has drained the per-CPU lists; by a long-term pin that meets a single page that has to move and that somebody else refers to; by `poison`, but for huge pages, free frames, slab pages, and folios on the LRU; by `soft-offline` of a frame that is neither free nor of a slab page, of a huge page, of a page on the LRU or of a driver that can move it.",
    ],
  },
  pin: {
    title: "pin a page, possibly for long",
    source: "mm/gup.c: __gup_longterm_locked(), v6.12",
    skipped: [noLabel("allocation"), { reason: "freed-already", when: "its owner has freed it" }],
    refused: [
      { errno: "EFAULT", reason: "not-mapped", when: "the kind is not mapped into a process" },
      { errno: "ENOMEM", reason: "stuck", when: "long-term, the page must move, and it is held or pinned, or its kind can not be migrated; or, where nobody has it off the LRU, a frame of it is poisoned" },
      { errno: "EAGAIN", reason: "off-lru", when: "without [KD-9]: long-term, the page must move, and someone has it off the LRU" },
      { errno: "ENOMEM", reason: "no-target", when: "long-term, the page must move, and no zone at or below Normal passes the watermark test" },
    ],
    other: [{ result: "livelock", reason: "off-lru", when: "with [KD-9]: long-term, the page must move, and someone has it off the LRU" }],
    effects: [
      "Short-term: one more pin.",
      "Long-term: if a frame of the page is in zone Movable or in a pageblock that is CMA or isolated, the page is moved first (general rules); then one more long-term pin.",
    ],
    choices: "Where it moves to (outcome.moved).",
  },
  "pin-range": {
    title: "pin a range of pages, possibly for long",
    source: "mm/gup.c: pin_user_pages(), collect_longterm_unpinnable_folios(), migrate_longterm_unpinnable_folios(); include/linux/mm.h: folio_is_longterm_pinnable(), v6.12",
    skipped: [
      noLabel("allocation"),
      { reason: "freed-already", when: "the owner of one has freed it" },
      { reason: "no-such-range", when: "`first` is a block that has no page `skip` (0 without `first`), `first` and `last` are the same, `zero` is set on a machine without a zero page, or nothing is named" },
    ],
    refused: [
      { errno: "EFAULT", reason: "not-mapped", when: "a kind is not mapped into a process" },
      { errno: "ENOMEM", reason: "stuck", when: "long-term, one of the pages that must move is held or pinned, or its kind can not be migrated; or, where nobody has it off the LRU, a frame of it is poisoned" },
      { errno: "EAGAIN", reason: "off-lru", when: "without [KD-9]: long-term, someone has one of the pages that must move off the LRU, and the others could move" },
      { errno: "ENOMEM", reason: "no-target", when: "long-term, no zone at or below Normal passes the watermark test for a page that must move" },
    ],
    other: [{ result: "livelock", reason: "off-lru", when: "with [KD-9]: long-term, someone has one of the pages that must move off the LRU, and the others could move" }],
    effects: [
      "The range: the pages of `first` from page `skip` on, the zero page if `zero` is set, all pages of `last`. All of them are pinned, or none.",
      "Long-term: of the allocations with a page in the range, those that lie where a long-term pin may not (see `pin`) are moved first, as wholes, in order. One that can not move does not keep those behind it in place; one without a target does. What has moved stays moved, also where the command fails.",
      "Each allocation gets as many pins, or long-term pins, as it has pages in the range. The zero page is pinned wherever it lies; it never moves, and its pins are not counted.",
    ],
    choices: "Where pages move to (outcome.moved).",
  },
  unpin: {
    title: "drop a pin",
    source: "mm/gup.c: unpin_user_page(), v6.12",
    skipped: [noLabel("allocation"), { reason: "not-pinned", when: "there is no pin of this kind" }],
    refused: [],
    effects: ["One pin less. If the owner has freed it and no hold or pin is left, it is freed to the buddy."],
  },
  poison: {
    title: "a memory error strikes a frame",
    source: "mm/memory-failure.c: memory_failure(), v6.12",
    skipped: [{ reason: "memmap-frame", when: "the frame holds a memmap (boot, kernel zone or self-hosted): the kernel would not survive" }, { reason: "guard-page", when: "the frame is a guard page" }, { reason: "pcp-lock", when: "the frame is online and the per-CPU lists of its zone are disabled" }],
    refused: [
      { errno: "ENXIO", reason: "not-online", when: "pfn_to_online_page() finds no page (device pages included)" },
      { errno: "EHWPOISON", reason: "poisoned-already", when: "the frame is poisoned" },
      { errno: "EBUSY", reason: "held", when: "a hugetlb page is held or pinned: the flag is set and counted" },
      { errno: "EBUSY", reason: "promised", when: "a free page of a pool, all free pages of which are promised: the flag is set and counted" },
      { errno: "EBUSY", reason: "kernel-page", when: "the frame is reserved, a hole, PageOffline, of an unmovable kind other than hugetlb, of a contiguous or CMA allocation, limbo, of a page off the LRU, or of a driver page: the flag is set and counted, nothing else changes" },
      { errno: "EHWPOISON", reason: "folio-not-split", when: "a large folio: the flag is set and counted" },
      { errno: "EBUSY", reason: "stuck", when: "a page on the LRU is held or pinned: the flag is set and counted" },
    ],
    effects: [
      "Drains the per-CPU lists of the frame's zone (in every case but ENXIO, EHWPOISON of a frame poisoned already, and hugetlb).",
      "Free frame: taken off its block, the halves not containing it go back to the same list; Poisoned with a reference; counted.",
      "Hugetlb page, not held or pinned, of either size class: the allocation ends, its other frames are freed singly in ascending order to the buddy, the frame is Poisoned with a reference; counted. Its pool, if it is of one, has a page less.",
      "Order-0 page on the LRU, not held or pinned: the allocation ends; Poisoned with a reference; counted.",
    ],
  },
  "soft-offline": {
    title: "a frame is retired before it fails",
    source: "mm/memory-failure.c: soft_offline_page(), v6.12",
    skipped: [hotplugLock, { reason: "pcp-lock", when: "the frame is online and the per-CPU lists of its zone are disabled" }],
    refused: [
      { errno: "ENXIO", reason: "not-valid", when: "pfn_valid() is false" },
      { errno: "EIO", reason: "not-online", when: "pfn_to_online_page() finds no page" },
      { errno: "EIO", reason: "kernel-page", when: "reserved, a hole, a memmap, PageOffline, of an unmovable kind other than hugetlb, of a contiguous or CMA allocation, limbo, or off the LRU" },
      { errno: "EBUSY", reason: "folio-not-split", when: "a large folio" },
      { errno: "EBUSY", reason: "promised", when: "a free page of a pool, all free pages of which are promised" },
      { errno: "EBUSY", reason: "stuck", when: "the page is held or pinned, or hugetlb of a size that can not be migrated" },
      { errno: "ENOMEM", reason: "no-target", when: "no allowed zone passes the watermark test for the move" },
    ],
    effects: [
      "A frame that is poisoned already: ok, nothing happens.",
      "Drains the per-CPU lists of the frame's zone.",
      "Free frame: taken off its block as by `poison`.",
      "Free page of a pool: gone as by `poison`.",
      "File page: dropped (outcome.dropped) or moved. Other order-0 movable page: moved. Hugetlb: moved, its other old frames freed singly in ascending order to the buddy.",
      "The frame is Poisoned with a reference; counted.",
    ],
    choices: "Where the page moves to, and whether a file page is dropped or moved. Alone it is dropped.",
  },
  unpoison: {
    title: "take poison back",
    source: "mm/memory-failure.c: unpoison_memory(), v6.12",
    skipped: [{ reason: "pcp-lock", when: "the frame is online and the per-CPU lists of its zone are disabled" }],
    refused: [
      { errno: "EIO", reason: "not-online", when: "pfn_to_online_page() finds no page" },
      { errno: "EBUSY", reason: "not-poisoned", when: "the frame is not poisoned" },
      { errno: "EBUSY", reason: "in-use", when: "the frame is of an allocation that is not a free page of a pool, reserved, a hole, a memmap, or PageOffline" },
    ],
    effects: [
      "Drains the per-CPU lists of the frame's zone.",
      "Poisoned with a reference: the flag goes and the frame is freed to the buddy.",
      "Poisoned without a reference: with [KD-8] the flag goes and the frame is in limbo; else it is freed to the buddy.",
      "In a free block, flag and all ([KD-8] only), or of a free page of a pool: the flag goes.",
      "Counted off.",
    ],
  },
  "free-reserved": {
    title: "a frame taken at boot goes to the buddy",
    source: "include/linux/mm.h: free_reserved_page(), v6.12",
    skipped: [{ reason: "not-reserved", when: "the frame is not Reserved, is poisoned, holds boot memmap, is the zero page, or is not online" }],
    refused: [],
    effects: ["The frame is freed to the buddy; managed of its zone and totalram grow by 1."],
  },
  inflate: {
    title: "a balloon takes a page",
    source: "drivers/virtio/virtio_balloon.c: fill_balloon(); mm/balloon_compaction.c: balloon_page_alloc(), v6.12",
    skipped: [{ reason: "no-balloon", when: "the machine has no balloon" }, label("an allocation"), noNode],
    refused: [{ errno: "ENOMEM", reason: "no-free-block", when: "no zone passes the watermark test" }],
    effects: [
      "A page is allocated as a `driver-movable` page is, and belongs to `id`.",
      "It is inflated: managed of its zone and totalram fall by 1. When it moves, managed of the zone that it leaves grows by 1 and that of the zone it comes to falls by 1; totalram stays.",
      "A poisoned page that goes offline with its block was counted off already and is not counted twice.",
    ],
    choices: "The page (outcome.grant), as for `alloc`.",
  },
  deflate: {
    title: "a balloon gives a page back",
    source: "drivers/virtio/virtio_balloon.c: leak_balloon(), release_pages_balloon(), v6.12",
    skipped: [noLabel("allocation"), { reason: "not-inflated", when: "it is not in a balloon" }],
    refused: [],
    effects: ["managed of the zone in which the page is now, and totalram, grow by 1; it is no longer inflated.", "The driver drops its reference as `free` does, to the buddy."],
  },
  "vmstat-refresh": {
    title: "fold the parts of counters that the CPU keeps",
    source: "mm/vmstat.c: vmstat_refresh(), refresh_cpu_vm_stats(), v6.12",
    skipped: [{ reason: "no-node-stats", when: "the machine keeps no statistics of nodes" }],
    refused: [],
    effects: [
      "What the CPU has counted of NR_ISOLATED_ANON and NR_ISOLATED_FILE of nodes that are online goes to their global parts. The sum, which is shown, stays.",
      "The part of a node that is not online is folded when the node comes back (`add`).",
    ],
  },
  isolate: {
    title: "isolate the pageblocks of a range",
    source: "mm/page_isolation.c: start_isolate_page_range(), v6.12",
    skipped: [label("a token"), oneZone, { reason: "not-cma", when: "mode is cma and a pageblock of the range is not CMA" }],
    refused: [{ errno: "EBUSY", reason: "isolation", when: "a pageblock could not be isolated (general rules)" }],
    effects: ["The pageblocks are Isolate and owned by token `id`."],
  },
  unisolate: {
    title: "undo isolation over a range",
    source: "mm/page_isolation.c: undo_isolate_page_range(), v6.12",
    skipped: [noLabel("token")],
    refused: [],
    effects: [
      "Pageblocks of the range (from that of the first frame to that of the last), ascending, that are online and Isolate: undone if token `id` owns them; with [KD-2] whoever owns them (another owner's book is not changed by that). The pageblocks of the range leave the book of `id`.",
      "A token that owns no pageblock any more is gone.",
    ],
  },
  "test-isolated": {
    title: "test that a range is isolated and free",
    source: "mm/page_isolation.c: test_pages_isolated(), v6.12",
    skipped: [],
    refused: [
      { errno: "EBUSY", reason: "not-isolated", when: "a sampled pageblock (those of start, start + pageblock, ... below the end) is not Isolate or does not exist, or no frame of the range is online" },
      { errno: "EBUSY", reason: "page-in-use", when: "walking from the start, a frame is reached that is not the first of a free block (skipped whole), nor, in mode offline, poisoned or PageOffline without a reference" },
    ],
    effects: ["None."],
  },
  "alloc-contig": {
    title: "take exactly these frames",
    source: "mm/page_alloc.c: alloc_contig_range_noprof(), v6.12",
    skipped: [label("an allocation"), oneZoneContig],
    refused: [
      ...contigRefusals,
      { errno: "EINVAL", reason: "compound-shape", when: "compound, and the range is not a power of two of frames or not exactly the free blocks taken. With [KD-3] the frames taken are lost (limbo); else they are given back" },
    ],
    effects: [...contigEffects, "The frames belong to `id`: singly, or as one compound page."],
    choices: contigChoices,
  },
  "free-contig": {
    title: "free frames of contiguous allocations",
    source: "mm/page_alloc.c: free_contig_range(), v6.12",
    skipped: [{ reason: "not-contig", when: "a frame of the range is not of an `alloc-contig` or `alloc-contig-pages` allocation, or the range cuts through or reaches beyond a compound one that it does not start with" }],
    refused: [{ errno: "EINVAL", reason: "compound-size", when: "the range starts with a compound allocation and is not exactly that: Linux warns and frees nothing" }],
    other: [{ result: "bug", reason: "compound-misaligned", when: "with [KD-11]: the range is a compound allocation whose first frame is not a multiple of min(its size, a pageblock)" }],
    effects: ["Frames are freed singly, ascending; a compound allocation whose first frame is a multiple of min(its size, a pageblock): as one block of its order. Poisoned ones as in `free`. An allocation with no frame left is gone."],
  },
  "alloc-contig-pages": {
    title: "find and take a contiguous range",
    source: "mm/page_alloc.c: alloc_contig_pages_noprof(), v6.12",
    skipped: [label("an allocation"), noNode],
    refused: [{ errno: "ENOMEM", reason: "no-range", when: "no candidate worked" }],
    effects: [
      "Zones of the zonelist of the node (this node only with `thisNode`), Movable only with `movable`. In each, candidates start at the zone's start aligned by the mask nrPages - 1 (start + nrPages - 1 with the bits of nrPages - 1 cleared, also where nrPages is no power of two) and advance by nrPages while the last frame is in the span.",
      "A candidate is passed over if a frame is not online, of another zone, reserved, a hole, or hugetlb; else alloc-contig (gfp kernel, not compound) is tried on it. The first success ends the search. A failed candidate leaves what a refused alloc-contig leaves.",
    ],
    choices: "What alloc-contig may choose in each attempt (outcome.attempts). The order of candidates is fixed.",
  },
  "cma-alloc": {
    title: "allocate from a CMA area",
    source: "mm/cma.c: __cma_alloc(), v6.12",
    skipped: [label("an allocation"), { reason: "no-such-area", when: "there is no such area" }],
    refused: [
      { errno: "ENOMEM", reason: "not-active", when: "the area could not be activated at boot" },
      { errno: "ENOMEM", reason: "too-large", when: "more bits are needed than the area has" },
      { errno: "ENOMEM", reason: "no-range", when: "no run of free bits worked" },
    ],
    effects: [
      "bits = ceil(nrPages / 2^orderPerBit). The first run of free bits at or after the cursor whose first frame is a multiple of 2^align is tried: alloc-contig of nrPages frames, mode cma, gfp kernel. EBUSY: the bits are cleared and the cursor moves to that run's first bit + 1 + mask, mask being 2^(align - orderPerBit) - 1, at least 0. Another errno ends the search.",
      "Exactly nrPages frames belong to `id`; all its bits are set.",
    ],
    choices: "What alloc-contig may choose in each attempt (outcome.attempts). The order of candidates is fixed.",
  },
  "cma-release": {
    title: "give a CMA allocation back",
    source: "mm/cma.c: cma_release(), v6.12",
    skipped: [noLabel("CMA allocation"), { reason: "no-such-area", when: "there is no such area" }],
    refused: [{ errno: "EINVAL", reason: "not-in-area", when: "its first frame is not in this area" }],
    effects: ["Frames are freed singly, ascending; then its bits are cleared and `id` is gone."],
  },
  "fake-offline": {
    title: "a driver takes frames and marks them PageOffline",
    source: "drivers/virtio/virtio_mem.c: virtio_mem_fake_offline(), v6.12",
    skipped: [oneZone],
    refused: contigRefusals.filter(({ reason }) => reason !== "gfp"),
    effects: ["As alloc-contig (gfp kernel, not compound); the frames are PageOffline; managed of the zone and totalram fall by nrPages."],
    choices: contigChoices,
  },
  "fake-online": {
    title: "a driver gives PageOffline frames back",
    source: "drivers/virtio/virtio_mem.c: virtio_mem_fake_online(), v6.12",
    skipped: [{ reason: "not-page-offline", when: "a frame of the range is not PageOffline in an online section, its reference dropped or not, or is poisoned" }],
    refused: [],
    effects: ["Frames are freed singly, ascending, to the buddy; managed and totalram grow by nrPages."],
  },
  add: {
    title: "add memory",
    source: "mm/memory_hotplug.c: __add_memory(), add_memory_resource(), v6.12",
    skipped: [hotplugLock, driverMemory],
    refused: [
      { errno: "E2BIG", reason: "not-mappable", when: "nrPages is 0, or the range reaches beyond hotplugEnd" },
      { errno: "EEXIST", reason: "resource-busy", when: "the range overlaps boot memory, added memory or a mapped device range, or has frames inside and outside of a window" },
      { errno: "EINVAL", reason: "block-alignment", when: "start or nrPages is not a multiple of the block size" },
      { errno: "EINVAL", reason: "no-such-group", when: "a group is named and does not exist; else the node becomes the group's" },
      { errno: "EINVAL", reason: "node-not-possible", when: "the node is not in the machine description" },
      ...addFailures,
    ],
    effects: [
      "Sections become present. A usage record is allocated unless a boot one was left. Each section's memmap: hosted by the block where asked for and supported, for whole sections; else taken from the kernel zones (request Unmovable, highest zone Normal, the node first, then any online): one block of min(PMD, memmap) frames at a time, and where none is to be had single frames.",
      "If the memmap of a section can not be had, the frames already taken for this section go back. Without [EX-1] the earlier sections of the call are removed again too (their memmap freed, section by section descending); with it they stay. A failed block registration undoes all of the call in any profile.",
      "max_pfn grows to the end of the range (self-hosted: of each block as it is added). A failed add leaves it as it was; with [EX-3] it keeps what it reached: the end of the range or block whose sections were added, on x86-64 also of the one whose sections could not be added. highest_present_section grows and never falls.",
      "Memory blocks are OFFLINE, without a zone. The node comes online. The resource tree gets the range. No zone or node counter changes.",
      "With self-hosted memmap, blocks are added one by one (sections, then block); else all sections, then all blocks.",
      "auto_online_blocks other than offline: each block ascending is onlined so, until one fails; the result of add stays ok.",
      "Memmap frames are freed per grant, ascending by section, when they are given back.",
    ],
    choices: "The frames of the memmap (outcome.memmap, in the order taken).",
  },
  remove: {
    title: "remove memory",
    source: "mm/memory_hotplug.c: try_remove_memory(), v6.12",
    skipped: [hotplugLock, { reason: "no-such-block", when: "the range is aligned and a block of it does not exist" }, driverMemory],
    refused: [
      { errno: "EBUSY", reason: "block-online", when: "a block of the range is not OFFLINE" },
      { errno: "EINVAL", reason: "mixed-memmap", when: "some blocks of the range host their memmap and some do not" },
    ],
    other: [{ result: "bug", reason: "block-alignment", when: "the range is empty or not a multiple of the block size" }],
    effects: [
      "Blocks go, with their poison counts and group membership; sections are emptied: memmap frames are freed to the buddy per grant, section by section ascending; an emptied boot section frees its boot memmap frames singly as free-reserved does, and keeps its usage record.",
      "A boot section of which a subsection is missing is left as it is (Linux warns); its other sections go.",
      "The resource tree loses the range. The node goes offline if it spans nothing, no block names it and it has no CPU.",
    ],
  },
  "offline-and-remove": {
    title: "offline and remove memory",
    source: "mm/memory_hotplug.c: offline_and_remove_memory(), v6.12",
    skipped: [hotplugLock, { reason: "no-such-block", when: "the range is aligned and a block of it does not exist" }, driverMemory],
    refused: [
      { errno: "EINVAL", reason: "block-alignment", when: "the range is empty or not a multiple of the block size" },
      ...offlineRefusals,
      { errno: "EINVAL", reason: "mixed-memmap", when: "some blocks of the range host their memmap and some do not" },
    ],
    other: offlineLivelock,
    effects: [
      "Blocks ascending are offlined; those that were offline are left so. Then the range is removed.",
      "On failure every block that this call offlined is onlined again, ascending: with [EX-10] as online_movable if it was in Movable and else online_kernel, otherwise in the zone it had. Failures of that are ignored.",
    ],
    choices: "As offline.",
  },
  "write-state": {
    title: "write to a block's state file",
    source: "drivers/base/memory.c: state_store(), memory_block_online(), memory_block_offline(); mm/memory_hotplug.c: online_pages(), offline_pages(), v6.12",
    skipped: [hotplugLock],
    refused: [
      { errno: "ENOENT", reason: "no-such-block", when: "there is no such block" },
      { errno: "EINVAL", reason: "state-already", when: "the block is in that state. With [S-05] an online word is remembered as the block's online_type" },
      ...onlineRefusals,
      ...offlineRefusals.map((entry) => ({ ...entry, reason: `offline-${entry.reason}` })),
    ],
    other: offlineLivelock.map((entry) => ({ ...entry, reason: `offline-${entry.reason}` })),
    effects: [
      "An online word is written to online_type first, and online_type is `offline` again after the attempt, whatever came of it.",
      ...onlineEffects.map((effect) => `Online: ${effect}`),
      ...offlineEffects.map((effect) => `Offline: ${effect}`),
    ],
    choices: "Offline: the order of moves and their targets, and, in a refusal or livelock, which pages have moved by then. Alone: pages ascending by frame, each that can move.",
  },
  "write-online": {
    title: "write to a block's online file",
    source: "drivers/base/core.c: online_store(); drivers/base/memory.c: memory_subsys_online(), v6.12",
    skipped: [hotplugLock],
    refused: [{ errno: "ENOENT", reason: "no-such-block", when: "there is no such block" }, ...onlineRefusals, ...offlineRefusals.map((entry) => ({ ...entry, reason: `offline-${entry.reason}` }))],
    other: offlineLivelock.map((entry) => ({ ...entry, reason: `offline-${entry.reason}` })),
    effects: ["A block already in that state: ok, nothing happens. Else as write-state; going online uses the block's online_type, and `online` where that is `offline`."],
    choices: "As write-state.",
  },
  "group-static": {
    title: "register a static memory group",
    source: "drivers/base/memory.c: memory_group_register_static(), v6.12",
    skipped: [hotplugLock, label("a group")],
    refused: [{ errno: "EINVAL", reason: "size", when: "maxPages is 0" }, { errno: "EINVAL", reason: "node-not-possible", when: "the node is not in the machine description" }],
    effects: ["The group exists."],
  },
  "group-dynamic": {
    title: "register a dynamic memory group",
    source: "drivers/base/memory.c: memory_group_register_dynamic(), v6.12",
    skipped: [hotplugLock, label("a group")],
    refused: [{ errno: "EINVAL", reason: "size", when: "unitPages is not a power of two, or below the block size" }, { errno: "EINVAL", reason: "node-not-possible", when: "the node is not in the machine description" }],
    effects: ["The group exists."],
  },
  "group-unregister": {
    title: "unregister a memory group",
    source: "drivers/base/memory.c: memory_group_unregister(), v6.12",
    skipped: [hotplugLock, { reason: "driver-group", when: "it is the group of the virtio-mem device, which has label 0" }],
    refused: [{ errno: "EINVAL", reason: "no-such-group", when: "there is no such group" }, { errno: "EBUSY", reason: "group-has-blocks", when: "a block is a member" }],
    effects: ["The group is gone."],
  },
  "device-map": {
    title: "map device memory",
    source: "mm/memremap.c: memremap_pages(), pagemap_range(), v6.12",
    skipped: [hotplugLock, label("a device"), noNode, { reason: "memmap-unit", when: "the memmap of the range would share a frame with that of its neighbour: start or nrPages is a multiple of the subsection size, but the memmap of that many frames is not a whole number of frames" }, { reason: "nothing-left", when: "reserve and free together are all of the range: no driver maps a device without a frame of use to anybody" }, { reason: "window-edge", when: "the range has frames inside and outside of a window: no driver could have requested it" }, { reason: "no-compound-devices", when: "vmemmapShift is given, and the machine has no devices with compound pages" }, { reason: "compound-range", when: "start or nrPages is not a multiple of 2^vmemmapShift" }],
    refused: [
      { errno: "ENOMEM", reason: "device-conflict", when: "the first or last frame is of a mapped device; without [EX-9] any frame is" },
      { errno: "ENXIO", reason: "ram-conflict", when: "a resource of System RAM intersects the range" },
      { errno: "EINVAL", reason: "not-mappable", when: "nrPages is 0, or the range reaches beyond hotplugEnd" },
      { errno: "EINVAL", reason: "altmap-bounds", when: "reserve and free together are more than the range" },
      { errno: "EINVAL", reason: "subsection-alignment", when: "start or nrPages is not a multiple of the subsection size" },
      { errno: "ENOMEM", reason: "fail-usage", when: "a usage record can not be allocated (fail-next usage)" },
      { errno: "EEXIST", reason: "section-in-use", when: "a subsection of the range is there already" },
      { errno: "ENOMEM", reason: "no-memmap", when: "the frames for the memmap can not be had, from kernel zones or from what `free` sets aside (or fail-next memmap)" },
    ],
    effects: [
      "Chunks up to section borders are added as `add` does (also what a failure leaves behind); within a boot section the boot memmap is reused and costs nothing. A whole section takes its memmap in blocks as `add` does, a part in single frames.",
      "With `reserve` or `free`: the first `reserve` frames of the range are the driver's own, and nobody initialises their pages; the memmap of a whole section comes from the `free` frames behind them, block after block, each at a multiple of its size (what that skips is never given back), and where they do not suffice the map is refused. The memmap of a part of a section: on arm64 from there too, frame by frame; on x86-64 from the kernel zones.",
      "With `vmemmapShift`, on x86-64, without `reserve` and `free`, and where the memmap of a compound page is more than two frames: compound pages share theirs. A chunk takes two single frames for each compound page that begins in it and none besides, and as many count in nr_memmap_pages.",
      "Zone Device of the node and the node span grow; a section with an edge of the range inside is tainted. Present, managed and node masks do not change. max_pfn does not change.",
      "A pageblock that begins in the range, behind what the driver keeps, becomes Movable, unless it holds system RAM too.",
      "With [EX-9] and a refusal after the conflict test: entries of enclosed live devices are erased, so that their frames are no longer known as device frames.",
    ],
    choices: "The frames of the memmap (outcome.memmap).",
  },
  "device-unmap": {
    title: "unmap device memory",
    source: "mm/memremap.c: memunmap_pages(), v6.12",
    skipped: [hotplugLock, noLabel("device")],
    refused: [],
    effects: ["Subsections leave their sections; emptied sections go and their memmap is freed to the buddy per grant; a part frees the memmap of its own chunk. What the device's own frames hold is nobody else's and goes nowhere. Spans of zone Device and of the node stay; taint stays where the section stays."],
  },
  "huge-grow": {
    title: "a pool of huge pages gets one more",
    source: "mm/hugetlb.c: alloc_pool_huge_folio(), set_max_huge_pages(), v6.12",
    skipped: [label("an allocation"), noPool, noNode],
    refused: [{ errno: "ENOMEM", reason: "no-free-block", when: "no zone of exactly this node that the pool's kind may use passes the watermark test" }],
    effects: ["A block leaves the free lists and belongs to `id`, free in the pool of this order: kind `hugetlb` where the size can be migrated, else `hugetlb-fixed`.", "The pool has one page more and one free page more, on this node and in all."],
    choices: "As of `alloc`.",
  },
  "huge-shrink": {
    title: "a free huge page leaves its pool",
    source: "mm/hugetlb.c: remove_pool_hugetlb_folio(), set_max_huge_pages(), v6.12",
    skipped: [noLabel("allocation"), notFreeInPool],
    refused: [{ errno: "EBUSY", reason: "promised", when: "all free pages of the pool, on all nodes, are promised" }],
    effects: ["The page is dissolved (general rules)."],
  },
  "huge-reserve": {
    title: "so many free huge pages are promised",
    source: "mm/hugetlb.c: hugetlb_acct_memory(), v6.12",
    skipped: [noPool],
    refused: [{ errno: "ENOMEM", reason: "too-few-free", when: "more than are free in the pool on all nodes" }],
    effects: ["That many pages of the pool are promised; not which, and on which node."],
  },
  "huge-use": {
    title: "a process takes a huge page",
    source: "mm/hugetlb.c: alloc_hugetlb_folio(), dequeue_hugetlb_folio_vma(), v6.12",
    skipped: [noLabel("allocation"), notFreeInPool, { reason: "nothing-promised", when: "`reserved`, and the pool has promised nothing" }],
    refused: [
      { errno: "ENOMEM", reason: "promised", when: "not `reserved`, and all free pages of the pool are promised" },
      { errno: "ENOMEM", reason: "poisoned", when: "a frame of it is poisoned" },
    ],
    effects: ["The page is in use, as a hugetlb page from `alloc` is, and one page less is free; with `reserved` one less is promised. `free` gives it back to the pool, once nobody refers to it."],
  },
  "kmem-probe": {
    title: "a driver adds the memory of a dax device",
    source: "drivers/dax/kmem.c: dev_dax_kmem_probe(), v6.12",
    skipped: [hotplugLock, noDaxDevice, { reason: "bound", when: "the driver has the device" }, { reason: "label-in-use", when: "a group `group` exists already" }],
    refused: [
      { errno: "EINVAL", reason: "too-small", when: "no range of the device holds a whole memory block" },
      { errno: "EBUSY", reason: "region-busy", when: "the first range can not be reserved: it overlaps boot memory, added memory, a mapped device range, or memory that was left behind, or has frames inside and outside of a window" },
      { errno: "E2BIG", reason: "not-mappable", when: "the first range reaches beyond hotplugEnd" },
      ...addFailures.map((entry) => ({ ...entry, when: `of the first range: ${entry.when}` })),
    ],
    effects: [
      "Of each range of the device the whole memory blocks in it; a range without any is passed over. \"First\" is the first of the others.",
      "A static group `group` exists, of the device's node, with as many frames at most as these blocks have together.",
      "Each range in the order of the device: it is reserved in the resource tree, not busy, and added in that as `add` does (no self-hosted memmap, group `group`; auto_online_blocks too). What can not be added gives its reservation back.",
      "If the first range can not be added, the probe is refused with its errno, and the group is gone. Any other range that can not be reserved or added is passed over, and the probe is ok.",
    ],
    choices: "The frames of the memmap (outcome.memmap), also of a range that is passed over.",
  },
  "kmem-remove": {
    title: "a driver lets go of a dax device",
    source: "drivers/dax/kmem.c: dev_dax_kmem_remove(), v6.12",
    skipped: [hotplugLock, noDaxDevice, { reason: "not-bound", when: "the driver does not have the device" }],
    refused: [],
    effects: [
      "Each range that was added, in the order of the device, is removed as `remove` does, and its reservation with it, where all of its blocks are OFFLINE. Otherwise it stays, reserved and in its group, and nobody removes it any more. Ranges that were not added are none of its business.",
      "The group is unregistered if no range stays and none was too small for a block; one that has blocks of others stays.",
      "The driver no longer has the device.",
    ],
  },
  "vmem-request": {
    title: "a virtio-mem device asks for memory",
    source: "drivers/virtio/virtio_mem.c: virtio_mem_run_wq(), virtio_mem_bbm_plug_request(), virtio_mem_bbm_unplug_request(), v6.12",
    skipped: [hotplugLock, { reason: "no-virtio-mem", when: "the machine has no virtio-mem device" }, { reason: "device-broken", when: "an earlier run of the driver ended in an error that it does not know (EEXIST)" }],
    refused: [
      { errno: "ENOSPC", reason: "too-much-offline", when: "the blocks of the device that are OFFLINE, and one more, are more than 1 GiB, and more than two blocks" },
      { errno: "ENOSPC", reason: "no-usable-block", when: "all blocks that lie wholly in the region and below hotplugEnd are there" },
      ...addFailures,
    ],
    effects: [
      "While nrPages is more by a memory block at least than the blocks of the device: the lowest block that is not there, of those that lie wholly in the region and below hotplugEnd, is added as `add` does (no self-hosted memmap, group 0; auto_online_blocks too). A refusal ends that; what was added stays.",
      "While it is less by a memory block at least: the highest block of the device that is OFFLINE is removed as `remove` does. Where none is left it is ok all the same.",
    ],
    choices: "The frames of the memmap (outcome.memmap).",
  },
  set: {
    title: "change a setting",
    source: "drivers/base/memory.c: auto_online_blocks_store(); mm/memory_hotplug.c: online_policy, auto_movable_ratio, auto_movable_numa_aware, v6.12",
    skipped: [],
    refused: [],
    effects: ["Later commands follow the setting."],
  },
  veto: {
    title: "arm a refusal by a notifier",
    source: "lib/memory-notifier-error-inject.c, v6.12",
    skipped: [],
    refused: [],
    effects: ["The next such event is refused with the errno; the arm is used up by it."],
  },
  "fail-next": {
    title: "arm a failure",
    source: "include/linux/fault-inject.h, v6.12",
    skipped: [],
    refused: [],
    effects: ["The attempt after `skip` more ones fails at that point; the arm is used up by it."],
  },
  start: {
    title: "begin an operation as a task",
    source: "mm/page_alloc.c: alloc_contig_range_noprof(); mm/memory_hotplug.c: offline_pages(), online_pages(), v6.12: the points where others can run",
    skipped: [{ reason: "label-in-use", when: "task `task` is half done" }],
    refused: [],
    effects: [
      "The command's own rules decide; where it ends at once (skipped, refused, ok without steps) that is the outcome and there is no task.",
      "alloc-contig: gfp test and isolation. Offline: tests, per-CPU lists disabled, isolation. Online: tests, zone choice, PREPARE_ONLINE, spans, GOING_ONLINE. The outcome is `running`.",
      "A write-state that names the state the block has ends at once.",
    ],
    choices: "As the command; each step tells those of its own.",
  },
  step: {
    title: "take the next step of a task",
    source: "as start",
    skipped: [{ reason: "no-such-label", when: "there is no task `task`" }],
    refused: [],
    effects: [
      "alloc-contig: after `isolated` comes the drain (then phase `migrating`); in `migrating` each step moves or drops one page, and the step that finds none to move tests, takes, undoes and ends with ok or the errno. A page without a target ends it at once with ENOMEM.",
      "offline: after `isolated` comes GOING_OFFLINE (then phase `migrating`); in `migrating` each step moves one page; the step that finds none to move tests: passed, it commits and ends with ok; a referenced PageOffline frame, EBUSY; else without [S-30] EBUSY, with it the task goes on running.",
      "online: after `onlining` comes everything else, in one step.",
      "The outcome is `running` until the operation ends; then it is the operation's outcome and the task is gone.",
    ],
    choices: "Which page moves, and where to. Alone: the lowest that can move and has a target.",
  },
  signal: {
    title: "a signal interrupts a task",
    source: "mm/memory_hotplug.c: offline_pages(); mm/page_alloc.c: __alloc_contig_migrate_range(), v6.12",
    skipped: [{ reason: "no-such-label", when: "there is no task `task`" }],
    refused: [{ errno: "EINTR", reason: "signal", when: "an offline or contiguous allocation in phase `migrating`: it is undone as a failure" }],
    effects: ["In other phases: as step."],
  },
};

/** What a follower may report as broken by an outcome. Invariants and laws have ids of their own. */
export const clauses: Readonly<Record<string, string>> = {
  "outcome-result": "the result or errno is the one that the rules give",
  "outcome-shape": "the outcome tells the choices that the command makes, and no others",
  "grant-free": "frames given were free, or on a per-CPU list that the request may use",
  "grant-aligned": "a block is aligned to its order and lies in one free block",
  "grant-zone": "frames given lie in a zone and on a node that the request allows",
  "grant-not-isolated": "frames of an isolated pageblock are not given",
  "grant-type": "frames given come from a list that the request may use: CMA only for Movable requests, HighAtomic only for atomic ones",
  "grant-fallback": "frames come from the list of another type only where the types that the request falls back to before have no block of that order",
  "grant-retype": "an allocation retypes only pageblocks it may claim, whole, to its own type",
  "refusal-needless": "an allocation fails only when no allowed zone passes the watermark test",
  "move-allowed": "only pages that can be migrated are moved, out of the range, each once",
  "move-missing": "an operation that succeeds has moved every page out of its range",
  "drop-allowed": "only clean page-cache pages are dropped",
  "attempt-order": "a search tries the candidates in order and leaves none out",
  "notifier-order": "notifier events come in the documented order, each with its range",
  "memmap-size": "the memmap takes exactly the frames it needs",
};
