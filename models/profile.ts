/**
 * Profiles: what should hold, and what Linux does.
 *
 * `strict` is the contract: every switch off. `linux-6.12` is the kernel as it is: every switch on. A switch is one
 * known difference, named by the id that docs/fidelity.md#switches explains. A profile can be written with single
 * switches added or taken away: `strict+KD-2`, `linux-6.12-EX-7`.
 */

/** Ids of the known differences: KD and EX as docs/fidelity.md#switches lists them, S where it is neither. */
export const switchIds = ["KD-1", "KD-2", "KD-3", "KD-4", "KD-6", "KD-8", "KD-9", "KD-11", "KD-12", "EX-1", "EX-3", "EX-6", "EX-7", "EX-9", "EX-10", "S-05", "S-30"] as const;
export type SwitchId = (typeof switchIds)[number];

/** One known difference between Linux 6.12 and the contract. */
export interface Switch {
  readonly id: SwitchId;
  /** What Linux does, one sentence. */
  readonly linux: string;
  /** What the contract asks instead, one sentence. */
  readonly strict: string;
  /** The kernel function, file and version it was read from. */
  readonly source: string;
}

export const switches: readonly Switch[] = [
  {
    id: "KD-1",
    linux: "undoing the isolation of one pageblock puts a whole larger free block back, other isolated pageblocks included",
    strict: "only the pageblock that is undone leaves the isolated free list",
    source: "mm/page_isolation.c: unset_migratetype_isolate(), v6.12",
  },
  {
    id: "KD-2",
    linux: "undoing isolation clears it no matter who set it, also after a contiguous allocation that could not isolate",
    strict: "only the owner of an isolation undoes it",
    source: "mm/page_alloc.c: alloc_contig_range_noprof(), mm/page_isolation.c: undo_isolate_page_range(), v6.12",
  },
  {
    id: "KD-3",
    linux: "a compound contiguous allocation whose range is not exactly the free blocks taken fails and loses the frames",
    strict: "it fails and gives the frames back",
    source: "mm/page_alloc.c: alloc_contig_range_noprof(), v6.12",
  },
  {
    id: "KD-4",
    linux: "undoing isolation writes the caller's migratetype; the type the pageblock had is lost",
    strict: "the pageblock gets the type back that it had",
    source: "mm/page_isolation.c: unset_migratetype_isolate(), v6.12 (a separate isolation bit since 6.17)",
  },
  {
    id: "KD-6",
    linux: "a free block of the HighAtomic reserve that is given up goes to its new list as it is, and its buddy stays apart from it",
    strict: "it merges with its buddy",
    source: "mm/page_alloc.c: unreserve_highatomic_pageblock(), v6.12",
  },
  {
    id: "KD-8",
    linux: "a poisoned frame inside a high-order block goes to the buddy when the block is freed, and a frame freed while poisoned stays outside all lists when it is unpoisoned",
    strict: "a poisoned frame never reaches a free list, and unpoisoning gives it back",
    source: "mm/page_alloc.c: free_pages_prepare(), mm/memory-failure.c: unpoison_memory(), v6.12",
  },
  {
    id: "KD-9",
    linux: "a long-term pin retries without bound while a page that must move cannot be isolated",
    strict: "it is refused with EAGAIN",
    source: "mm/gup.c: check_and_migrate_movable_pages_or_folios(), v6.12",
  },
  {
    id: "KD-11",
    linux: "freeing a compound contiguous allocation whose first frame is not aligned to its size (or to a pageblock, if it is larger) stops the kernel, or builds a misaligned free block where VM_BUG_ON is compiled out",
    strict: "its frames are freed singly",
    source: "mm/page_alloc.c: free_contig_range(), __free_one_page(), v6.12",
  },
  {
    id: "KD-12",
    linux: "an atomic request that was served from a per-CPU list reserves the pageblock around its pages",
    strict: "only what the buddy allocator gave makes the reserve grow",
    source: "mm/page_alloc.c: get_page_from_freelist(), rmqueue(), v6.12 (not so since 6.13)",
  },
  {
    id: "EX-1",
    linux: "an add that fails on a later section leaves the earlier sections present",
    strict: "a failed add leaves no section behind",
    source: "mm/memory_hotplug.c: __add_pages(), v6.12",
  },
  {
    id: "EX-3",
    linux: "on x86-64 a failed add has raised max_pfn",
    strict: "a failed add leaves max_pfn as it was",
    source: "arch/x86/mm/init_64.c: add_pages(), v6.12",
  },
  {
    id: "EX-6",
    linux: "a vetoed online may have grown nr_zones and tightened a loose end of the zone span",
    strict: "a vetoed online leaves nr_zones, every span and contiguous as they were",
    source: "mm/memory_hotplug.c: online_pages(), remove_pfn_range_from_zone(), v6.12",
  },
  {
    id: "EX-7",
    linux: "a failed offline leaves every pageblock it had isolated MOVABLE",
    strict: "the pageblocks get the types back that they had",
    source: "mm/memory_hotplug.c: offline_pages(), v6.12",
  },
  {
    id: "EX-9",
    linux: "a device map that encloses a live one is not noticed until its subsections collide, and the clean-up erases the live one's entries",
    strict: "any overlap with a live device map is refused with ENOMEM",
    source: "mm/memremap.c: pagemap_range(), v6.12",
  },
  {
    id: "EX-10",
    linux: "offline_and_remove_memory() that fails re-onlines as kernel or movable, possibly in another zone than before",
    strict: "each block returns to the zone it had",
    source: "mm/memory_hotplug.c: offline_and_remove_memory(), v6.12",
  },
  {
    id: "S-05",
    linux: "writing an online word to the state of a block that is online fails, but the word decides the next online",
    strict: "a refused write leaves nothing behind",
    source: "drivers/base/memory.c: state_store(), v6.12",
  },
  {
    id: "S-30",
    linux: "offline repeats until a signal when a page in the range can neither be migrated nor becomes free",
    strict: "it is refused with EBUSY",
    source: "mm/memory_hotplug.c: offline_pages(), v6.12",
  },
];

export interface Profile {
  /** As it was asked for: `strict`, `linux-6.12`, `strict+KD-2`. */
  readonly name: string;
  /** The switches in force, in the order of `switches`. */
  readonly on: readonly SwitchId[];
}

export const strict: Profile = { name: "strict", on: [] };

export const linux612: Profile = { name: "linux-6.12", on: switchIds };

export const namedProfiles: readonly Profile[] = [strict, linux612];

/** The profile of that name, with single switches added (`+KD-2`) or taken away (`-EX-7`), or what is wrong with it. */
export function parseProfile(text: string): Profile | { readonly error: string } {
  const base = namedProfiles.find(({ name }) => text === name || text.startsWith(`${name}+`) || text.startsWith(`${name}-`));
  if (base === undefined) return { error: `unknown profile "${text}", expected ${namedProfiles.map(({ name }) => name).join(" or ")}, optionally followed by +SWITCH or -SWITCH` };
  const on = new Set<string>(base.on);
  let rest = text.slice(base.name.length);
  while (rest !== "") {
    const known = switchIds.find((id) => rest.slice(1) === id || rest.startsWith(`+${id}+`) || rest.startsWith(`+${id}-`) || rest.startsWith(`-${id}+`) || rest.startsWith(`-${id}-`));
    if (known === undefined) return { error: `unknown switch in profile "${text}" at "${rest}", expected + or - and one of ${switchIds.join(", ")}` };
    if (rest.startsWith("+")) on.add(known);
    else on.delete(known);
    rest = rest.slice(1 + known.length);
  }
  return { name: text, on: switchIds.filter((id) => on.has(id)) };
}
