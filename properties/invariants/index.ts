/** All invariants, in the order of their ids. */
import type { Invariant } from "../rule.ts";
import { allocationInvariants } from "./allocations.ts";
import { blockInvariants } from "./blocks.ts";
import { cmaInvariants } from "./cma.ts";
import { counterInvariants } from "./counters.ts";
import { deviceInvariants } from "./devices.ts";
import { frameInvariants } from "./frames.ts";
import { freeCounterInvariants } from "./free-counters.ts";
import { freeListInvariants } from "./free-lists.ts";
import { groupInvariants } from "./groups.ts";
import { guardInvariants } from "./guard.ts";
import { highAtomicInvariants } from "./high-atomic.ts";
import { hugePageInvariants } from "./huge-pages.ts";
import { isolationInvariants } from "./isolation.ts";
import { lruBatchInvariants } from "./lru-batches.ts";
import { kmemInvariants } from "./kmem.ts";
import { memmapInvariants } from "./memmap.ts";
import { nodeInvariants } from "./nodes.ts";
import { ownerInvariants } from "./owners.ts";
import { poisonInvariants } from "./poison.ts";
import { sectionInvariants } from "./sections.ts";
import { taskInvariants } from "./tasks.ts";
import { virtioMemInvariants } from "./virtio-mem.ts";
import { zoneInvariants } from "./zones.ts";

export const invariants: readonly Invariant[] = [
  ...sectionInvariants,
  ...memmapInvariants,
  ...blockInvariants,
  ...frameInvariants,
  ...ownerInvariants,
  ...freeListInvariants,
  ...freeCounterInvariants,
  ...counterInvariants,
  ...zoneInvariants,
  ...nodeInvariants,
  ...isolationInvariants,
  ...allocationInvariants,
  ...cmaInvariants,
  ...poisonInvariants,
  ...groupInvariants,
  ...guardInvariants,
  ...deviceInvariants,
  ...taskInvariants,
  ...hugePageInvariants,
  ...lruBatchInvariants,
  ...kmemInvariants,
  ...virtioMemInvariants,
  ...highAtomicInvariants,
].toSorted((a, b) => (a.id < b.id ? -1 : 1));
