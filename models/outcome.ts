/**
 * What happened, and what was chosen.
 *
 * Which free block an allocation gets is the implementation's business; that it was free, aligned, in a permitted zone
 * and not isolated is not. So an outcome tells its choices, in the order in which they were made, and whoever follows
 * can check each and come to the same state. Plain data; a list that would be empty is left out.
 */
import type { AllocId, TaskId } from "./command.ts";
import type { BlockId, Order, Pfn } from "./pfn.ts";

/** Linux errnos, include/uapi/asm-generic/errno.h, that a notifier may be told to refuse with. */
export const errnos = ["EPERM", "ENOENT", "EINTR", "EIO", "ENXIO", "E2BIG", "EAGAIN", "ENOMEM", "EFAULT", "EBUSY", "EEXIST", "EINVAL", "EOPNOTSUPP", "EHWPOISON"] as const;
export type Errno = (typeof errnos)[number] | "ENOSPC";

/** Every errno of an outcome. */
export const outcomeErrnos: readonly Errno[] = [...errnos, "ENOSPC"];

/**
 * - `ok`: done
 * - `refused`: the errno came back
 * - `skipped`: the command could not be issued in this state; nothing changed
 * - `livelock`: the operation would repeat until a signal; the state is the one after that signal (EINTR)
 * - `bug`: the kernel would stop here (BUG_ON); nothing changed
 * - `running`: a task took a step and is not done
 */
export const results = ["ok", "refused", "skipped", "livelock", "bug", "running"] as const;
export type Result = (typeof results)[number];

/** A block of free frames that was taken: 2^order frames from pfn. */
export interface Grant {
  readonly pfn: Pfn;
  readonly order: Order;
  /** First frames of the pageblocks that got the migratetype of the request because of it, ascending. */
  readonly retyped?: readonly Pfn[];
}

/** A migration: the pages of this allocation moved. The new frames are a grant of the allocation's order. */
export interface Move {
  readonly id: AllocId;
  readonly from: Pfn;
  readonly to: Grant;
}

/** One tried range of a search (alloc_contig_pages, cma_alloc), in the order of trying. */
export interface Attempt {
  readonly start: Pfn;
  /** Why it failed; left out for the one that worked. */
  readonly errno?: Errno;
  readonly dropped?: readonly AllocId[];
  readonly moved?: readonly Move[];
}

/** Events of the memory notifier chain, include/linux/memory.h. */
export const notifierEvents = ["PREPARE_ONLINE", "GOING_ONLINE", "ONLINE", "CANCEL_ONLINE", "GOING_OFFLINE", "OFFLINE", "CANCEL_OFFLINE", "FINISH_OFFLINE"] as const;
export type NotifierEvent = (typeof notifierEvents)[number];

/** One call of the chain, with the range it was told. */
export interface NotifierCall {
  readonly event: NotifierEvent;
  readonly start: Pfn;
  readonly nrPages: number;
}

/**
 * Why, for people and for coverage. Never compared between implementations: the errno is the promise, this is the
 * explanation. `kind` is one of the reasons in models/catalogue.ts.
 */
export interface Because {
  readonly kind: string;
  readonly pfn?: Pfn;
  readonly block?: BlockId;
  readonly id?: AllocId;
  readonly task?: TaskId;
  /** Anything else worth knowing, as words. */
  readonly detail?: string;
}

export interface Outcome {
  readonly result: Result;
  /** With `refused`; and with `livelock`, where it is EINTR. */
  readonly errno?: Errno;
  readonly because?: Because;
  /** alloc: the block given. */
  readonly grant?: Grant;
  /** add, device-map: frames taken for the memmap, also those given back when the command failed later. */
  readonly memmap?: readonly Grant[];
  /** Clean page-cache pages that a contiguous allocation or soft offline dropped. */
  readonly dropped?: readonly AllocId[];
  /** Pages that were moved. */
  readonly moved?: readonly Move[];
  /** alloc-contig-pages, cma-alloc: what was tried. */
  readonly attempts?: readonly Attempt[];
  /** alloc-contig-pages, cma-alloc: the first frame given. */
  readonly start?: Pfn;
  /** Notifier calls made, in order. */
  readonly events?: readonly NotifierCall[];
}
