/** The words that reports use, each explained in a sentence or two for people who meet them for the first time. */

export interface GlossaryEntry {
  readonly word: string;
  readonly meaning: string;
  /** Where the word, or one of its forms, stands in a text. */
  readonly pattern: RegExp;
}

const glossary: readonly GlossaryEntry[] = [
  { word: "frame", pattern: /\bframes?\b/i, meaning: "a physical page. Its number, the pfn, is its address divided by the page size, and is written in hex." },
  { word: "pageblock", pattern: /\bpageblocks?\b/i, meaning: "a run of frames that share one migratetype; the smallest range that can be isolated." },
  { word: "migratetype", pattern: /\bmigratetypes?\b|\b(?:Unmovable|Movable|Reclaimable)\b(?! of node)/, meaning: "what a pageblock is meant for: Movable pages, Unmovable ones, Reclaimable ones, a CMA area. Each type has its own free lists." },
  { word: "isolated", pattern: /\bisolat\w*\b|\bIsolate\b/i, meaning: "a pageblock of which nothing may be given out, because somebody is emptying it: an offline, or a contiguous allocation. Its free blocks wait on the Isolate list and do not count as free." },
  { word: "section", pattern: /\bsections?\b/i, meaning: "the unit in which memory, with its struct pages, comes and goes." },
  { word: "subsection", pattern: /\bsubsections?\b/i, meaning: "the smallest part of a section that can be added on its own; device memory comes in these." },
  { word: "memory block", pattern: /\b(?:memory )?blocks? \d+\b|\bmemory blocks?\b/i, meaning: "one or several sections: what /sys/devices/system/memory/memoryN puts online and offline." },
  { word: "zone", pattern: /\bzones?\b/i, meaning: "a part of a node's memory with its own free lists and counters. Zone Movable takes only pages that can be moved, so that it can be emptied." },
  { word: "span", pattern: /\bspan(?:s|ned)?\b/i, meaning: "the range from the first to the last frame of a zone or node, holes included." },
  { word: "present, managed", pattern: /\bpresent\b|\bmanaged\b/i, meaning: "frames of a zone that exist, and those of them that the page allocator has or has given out." },
  { word: "free list, order", pattern: /\bfree (?:lists?|blocks?)\b|\border \d/i, meaning: "the buddy allocator keeps free memory in blocks of 2^order frames, one list for each order and migratetype; two free buddies merge." },
  { word: "per-CPU list", pattern: /\bper-CPU\b/i, meaning: "a cache of freed pages in front of the free lists. Its frames are free to nobody but it, and are in no free counter." },
  { word: "claim", pattern: /\bclaim\w*\b/i, meaning: "an allocation that finds nothing on the lists of its type takes over whole pageblocks of another." },
  { word: "CMA", pattern: /\bCMA\b/, meaning: "an area set aside at boot for large contiguous allocations; until they come, movable pages may use it, and no others." },
  { word: "contiguous allocation", pattern: /\balloc-contig\b|\bcontiguous allocation/i, meaning: "taking exactly these frames: their pageblocks are isolated, the pages in them moved away, the free frames taken, the isolation undone." },
  { word: "hold, pin", pattern: /\bhold\b|\bheld\b|\bpin(?:ned|s)?\b|\bunpin\b/i, meaning: "a reference by someone else. A page that is held or pinned can not be moved; one pinned for long must not lie in zone Movable or a CMA area." },
  { word: "PageOffline", pattern: /\bPageOffline\b|\bfake-o\w+/i, meaning: "frames of online memory that a driver, a balloon or virtio-mem, has taken out of use." },
  { word: "poisoned", pattern: /\bpoison\w*\b|\bsoft-offline\b|\bhwpoison\b/i, meaning: "a frame with a memory error; it is kept from use." },
  { word: "limbo", pattern: /\blimbo\b/i, meaning: "a frame that nobody owns and that is on no list: leaked for good." },
  { word: "memmap", pattern: /\bmemmap\b/i, meaning: "the struct pages, one for each frame. Memory that is added needs frames for them, from a kernel zone or from its own start." },
  { word: "notifier", pattern: /\bnotifiers?\b|\bGOING_O\w+/i, meaning: "a driver that is asked before memory goes online or offline, and may refuse." },
  { word: "task", pattern: /\btask \d/i, meaning: "a long operation taken step by step, so that other commands can come in between." },
  { word: "planted fault", pattern: /\bplanted fault\b/i, meaning: "a defect that was put into the engine on purpose, to see that it is found." },
  { word: "KD, EX, S", pattern: /\b(?:KD-\d+|EX-\d+|S-\d+)\b/, meaning: "known differences between Linux and the contract, each a switch of the profile." },
  { word: "EBUSY, ENOMEM, ...", pattern: /\bE(?:BUSY|NOMEM|INVAL|AGAIN|EXIST|PERM|INTR|2BIG|HWPOISON)\b/, meaning: "the error that the kernel function returns." },
];

/** The entries for the words that stand in the text, in the order of the glossary. */
export function glossaryOf(text: string): readonly GlossaryEntry[] {
  return glossary.filter(({ pattern }) => pattern.test(text));
}

// The first whose words are in the title or evidence of a finding says what depends on the rule.
const stakes: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /isolat/i, why: "Whoever isolates a pageblock is emptying it and counts on nothing new appearing in it. A page given out there, or an isolation lost, makes an offline fail or hang, or takes away memory that is in use." },
  { pattern: /CMA/, why: "A CMA area is only worth its memory if everything in it can be moved away when its owner asks. One unmovable page in it makes that fail, often long after and far away from the cause." },
  { pattern: /limbo|in use by nobody|lost/i, why: "A frame that nobody has is memory that is gone until the next boot. Nothing fails at once, the machine only gets smaller." },
  { pattern: /twice|exactly one|one class/i, why: "A frame with two owners is memory corruption: both write to it." },
  { pattern: /movable|pin/i, why: "Memory is put into zone Movable so that it can be taken away again. A page there that can not be moved keeps its whole block from going offline." },
  { pattern: /poison/i, why: "A poisoned frame that is given out again brings the next machine check into somebody else's data." },
  { pattern: /span|zone/i, why: "Code that walks a zone believes its span and its links. A span that is too large walks into frames that are gone, one that is too small loses memory." },
  { pattern: /NR_FREE|managed|present|totalram|count/i, why: "Watermarks, reclaim and the fallback between zones decide by these counters. A counter that is off makes allocations fail while memory is free, or succeed where none is." },
  { pattern: /free block|free list|merge|buddy/i, why: "The allocator trusts its free lists without looking at the frames. A wrong entry is given out as it is." },
  { pattern: /section|valid|subsection|memmap/i, why: "Whoever looks at a frame asks these bits whether its struct page can be read. A wrong answer is a read of memory that is not there." },
  { pattern: /block|notif/i, why: "User space and drivers follow memory by these states and events; one that is wrong leaves them with memory that is gone, or without memory that is there." },
];

/** What depends on a rule with these words, or undefined. */
export function stakesOf(text: string): string | undefined {
  return stakes.find(({ pattern }) => pattern.test(text))?.why;
}
