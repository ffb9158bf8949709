/** All laws, in the order of their ids. */
import type { Law } from "../rule.ts";
import { addRemoveLaws } from "./add-remove.ts";
import { allocationLaws } from "./allocation.ts";
import { compactionLaws } from "./compaction.ts";
import { contigLaws } from "./contig.ts";
import { footprintLaws } from "./footprint.ts";
import { freeingLaws } from "./freeing.ts";
import { highAtomicLaws } from "./high-atomic.ts";
import { hugePageLaws } from "./huge-pages.ts";
import { isolationLaws } from "./isolation.ts";
import { kmemLaws } from "./kmem.ts";
import { lifetimeLaws } from "./lifetime.ts";
import { lruBatchLaws } from "./lru-batches.ts";
import { movingLaws } from "./moving.ts";
import { notifierLaws } from "./notifiers.ts";
import { obstacleLaws } from "./obstacles.ts";
import { onlineOfflineLaws } from "./online-offline.ts";
import { outcomeLaws } from "./outcomes.ts";
import { poisonLaws } from "./poison.ts";
import { virtioMemLaws } from "./virtio-mem.ts";

export const laws: readonly Law[] = [
  ...outcomeLaws,
  ...footprintLaws,
  ...allocationLaws,
  ...freeingLaws,
  ...isolationLaws,
  ...obstacleLaws,
  ...compactionLaws,
  ...contigLaws,
  ...movingLaws,
  ...poisonLaws,
  ...addRemoveLaws,
  ...onlineOfflineLaws,
  ...notifierLaws,
  ...lifetimeLaws,
  ...hugePageLaws,
  ...lruBatchLaws,
  ...kmemLaws,
  ...virtioMemLaws,
  ...highAtomicLaws,
].toSorted((a, b) => (a.id < b.id ? -1 : 1));
