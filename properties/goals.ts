/**
 * What a run must have reached, or it proved nothing: every answer of every command, and every situation that a rule
 * speaks of.
 */
import { contigGoals } from "./goals/contig.ts";
import { highAtomicGoals } from "./goals/high-atomic.ts";
import { hugePageGoals } from "./goals/huge-pages.ts";
import { lruBatchGoals } from "./goals/lru-batches.ts";
import { kmemGoals } from "./goals/kmem.ts";
import { memoryGoals } from "./goals/memory.ts";
import { outcomeGoals } from "./goals/outcomes.ts";
import { pageGoals } from "./goals/pages.ts";
import { virtioMemGoals } from "./goals/virtio-mem.ts";
import type { Goal } from "./rule.ts";

/** In the order: the answers of the catalogue, then pages, then memory, then pools of huge pages, then batches of the LRU, then dax devices, then a virtio-mem device, then HighAtomic reserves. */
export const goals: readonly Goal[] = [...outcomeGoals, ...pageGoals, ...contigGoals, ...memoryGoals, ...hugePageGoals, ...lruBatchGoals, ...kmemGoals, ...virtioMemGoals, ...highAtomicGoals];
