/**
 * Long operations as data: what is half done, and where it stands. The steps are in contig.ts, offline.ts and online.ts.
 */
import type { AllocId, ContigGfp, IsolationMode, TaskId } from "./command.ts";
import type { Because, Errno, Move, NotifierCall } from "./outcome.ts";
import type { BlockId, Pfn, PfnRange } from "./pfn.ts";
import type { ZoneIndex } from "./view.ts";

/** The task number of an operation that runs to its end at once. */
export const runningNow: TaskId = -1;

/** alloc_contig_range() on its way. */
export interface ContigTask {
  readonly kind: "alloc-contig";
  readonly task: TaskId;
  readonly range: PfnRange;
  /** The zone of the range when it began: with KD-2 the range can go offline on the way. */
  readonly zone: ZoneIndex;
  readonly mode: Extract<IsolationMode, "contig" | "cma">;
  readonly compound: boolean;
  readonly gfp: ContigGfp;
  /** Whose the frames become: an allocation's, or a driver's that marks them PageOffline. */
  readonly owner: { readonly allocation: AllocId } | { readonly pageOffline: { readonly drops: boolean } };
  phase: "isolated" | "migrating";
}

/** offline_pages() on its way. */
export interface OfflineTask {
  readonly kind: "offline";
  readonly task: TaskId;
  readonly block: BlockId;
  phase: "isolated" | "migrating";
  /** Where the scan for pages that move stands; not there before it began. */
  scanned?: Pfn;
}

/** online_pages() on its way. */
export interface OnlineTask {
  readonly kind: "online";
  readonly task: TaskId;
  readonly block: BlockId;
  readonly zone: ZoneIndex;
  phase: "onlining";
}

export type Task = ContigTask | OfflineTask | OnlineTask;

/** How an operation or a step of it ended. `running`: there is more to do. */
export type Ending = { readonly result: "running" } | { readonly result: "ok" } | Refusal;

/** An errno, or the livelock that ends in one. */
export interface Refusal {
  readonly result: "refused" | "livelock";
  readonly errno: Errno;
  readonly because: Because;
}

export const running: Ending = { result: "running" };
export const done: Ending = { result: "ok" };

export function refuse(errno: Errno, because: Because): Refusal {
  return { result: "refused", errno, because };
}

/** What an operation tells besides how it ended. */
export interface Account {
  readonly moved: Move[];
  readonly dropped: AllocId[];
  readonly events: NotifierCall[];
}

export function newAccount(): Account {
  return { moved: [], dropped: [], events: [] };
}
