/** The rules in the groups in which docs/spec.md lists them. */
import { goals, invariants, laws } from "../../properties/index.ts";
import type { Goal, Invariant, Law } from "../../properties/index.ts";
import { contigGoals } from "../../properties/goals/contig.ts";
import { highAtomicGoals } from "../../properties/goals/high-atomic.ts";
import { hugePageGoals } from "../../properties/goals/huge-pages.ts";
import { lruBatchGoals } from "../../properties/goals/lru-batches.ts";
import { kmemGoals } from "../../properties/goals/kmem.ts";
import { memoryGoals } from "../../properties/goals/memory.ts";
import { outcomeGoals } from "../../properties/goals/outcomes.ts";
import { pageGoals } from "../../properties/goals/pages.ts";
import { virtioMemGoals } from "../../properties/goals/virtio-mem.ts";
import { allocationInvariants } from "../../properties/invariants/allocations.ts";
import { blockInvariants } from "../../properties/invariants/blocks.ts";
import { cmaInvariants } from "../../properties/invariants/cma.ts";
import { counterInvariants } from "../../properties/invariants/counters.ts";
import { deviceInvariants } from "../../properties/invariants/devices.ts";
import { frameInvariants } from "../../properties/invariants/frames.ts";
import { freeCounterInvariants } from "../../properties/invariants/free-counters.ts";
import { freeListInvariants } from "../../properties/invariants/free-lists.ts";
import { groupInvariants } from "../../properties/invariants/groups.ts";
import { guardInvariants } from "../../properties/invariants/guard.ts";
import { highAtomicInvariants } from "../../properties/invariants/high-atomic.ts";
import { hugePageInvariants } from "../../properties/invariants/huge-pages.ts";
import { isolationInvariants } from "../../properties/invariants/isolation.ts";
import { lruBatchInvariants } from "../../properties/invariants/lru-batches.ts";
import { kmemInvariants } from "../../properties/invariants/kmem.ts";
import { memmapInvariants } from "../../properties/invariants/memmap.ts";
import { nodeInvariants } from "../../properties/invariants/nodes.ts";
import { ownerInvariants } from "../../properties/invariants/owners.ts";
import { poisonInvariants } from "../../properties/invariants/poison.ts";
import { sectionInvariants } from "../../properties/invariants/sections.ts";
import { taskInvariants } from "../../properties/invariants/tasks.ts";
import { zoneInvariants } from "../../properties/invariants/zones.ts";
import { virtioMemInvariants } from "../../properties/invariants/virtio-mem.ts";
import { addRemoveLaws } from "../../properties/laws/add-remove.ts";
import { allocationLaws } from "../../properties/laws/allocation.ts";
import { compactionLaws } from "../../properties/laws/compaction.ts";
import { contigLaws } from "../../properties/laws/contig.ts";
import { footprintLaws } from "../../properties/laws/footprint.ts";
import { freeingLaws } from "../../properties/laws/freeing.ts";
import { highAtomicLaws } from "../../properties/laws/high-atomic.ts";
import { hugePageLaws } from "../../properties/laws/huge-pages.ts";
import { isolationLaws } from "../../properties/laws/isolation.ts";
import { kmemLaws } from "../../properties/laws/kmem.ts";
import { lifetimeLaws } from "../../properties/laws/lifetime.ts";
import { lruBatchLaws } from "../../properties/laws/lru-batches.ts";
import { movingLaws } from "../../properties/laws/moving.ts";
import { notifierLaws } from "../../properties/laws/notifiers.ts";
import { obstacleLaws } from "../../properties/laws/obstacles.ts";
import { onlineOfflineLaws } from "../../properties/laws/online-offline.ts";
import { outcomeLaws } from "../../properties/laws/outcomes.ts";
import { poisonLaws } from "../../properties/laws/poison.ts";
import { virtioMemLaws } from "../../properties/laws/virtio-mem.ts";

export interface RuleGroup<R> {
  readonly title: string;
  readonly rules: readonly R[];
}

export const invariantGroups: readonly RuleGroup<Invariant>[] = complete(invariants, [
  { title: "Sections", rules: sectionInvariants },
  { title: "Memmap", rules: memmapInvariants },
  { title: "Memory blocks", rules: blockInvariants },
  { title: "Frames", rules: frameInvariants },
  { title: "Owners of frames", rules: ownerInvariants },
  { title: "Free lists", rules: freeListInvariants },
  { title: "Free page counters", rules: freeCounterInvariants },
  { title: "Present, managed and other counters", rules: counterInvariants },
  { title: "Zones", rules: zoneInvariants },
  { title: "Nodes", rules: nodeInvariants },
  { title: "Isolation", rules: isolationInvariants },
  { title: "Allocations", rules: allocationInvariants },
  { title: "CMA areas", rules: cmaInvariants },
  { title: "Poisoned frames", rules: poisonInvariants },
  { title: "Guard pages", rules: guardInvariants },
  { title: "Memory groups", rules: groupInvariants },
  { title: "Devices and resources", rules: deviceInvariants },
  { title: "Half-done operations", rules: taskInvariants },
  { title: "Pools of huge pages", rules: hugePageInvariants },
  { title: "Batches of the LRU", rules: lruBatchInvariants },
  { title: "Memory of dax devices", rules: kmemInvariants },
  { title: "Memory of a virtio-mem device", rules: virtioMemInvariants },
  { title: "HighAtomic reserves", rules: highAtomicInvariants },
]);

export const lawGroups: readonly RuleGroup<Law>[] = complete(laws, [
  { title: "Answers", rules: outcomeLaws },
  { title: "What changes and what does not", rules: footprintLaws },
  { title: "Allocating", rules: allocationLaws },
  { title: "Freeing", rules: freeingLaws },
  { title: "Isolating", rules: isolationLaws },
  { title: "What may be in the way", rules: obstacleLaws },
  { title: "Contiguous allocation", rules: contigLaws },
  { title: "Compaction", rules: compactionLaws },
  { title: "Moving and pinning", rules: movingLaws },
  { title: "Memory errors", rules: poisonLaws },
  { title: "Adding and removing", rules: addRemoveLaws },
  { title: "Online and offline", rules: onlineOfflineLaws },
  { title: "Notifiers", rules: notifierLaws },
  { title: "What stays over time", rules: lifetimeLaws },
  { title: "Pools of huge pages", rules: hugePageLaws },
  { title: "Batches of the LRU", rules: lruBatchLaws },
  { title: "Memory of dax devices", rules: kmemLaws },
  { title: "Memory of a virtio-mem device", rules: virtioMemLaws },
  { title: "HighAtomic reserves", rules: highAtomicLaws },
]);

/** The situations; the goals that are answers of the catalogue stand apart, in `answerGoals`. */
export const situationGroups: readonly RuleGroup<Goal>[] = [
  { title: "Pages", rules: pageGoals },
  { title: "Contiguous ranges", rules: contigGoals },
  { title: "Memory", rules: memoryGoals },
  { title: "Pools of huge pages", rules: hugePageGoals },
  { title: "Batches of the LRU", rules: lruBatchGoals },
  { title: "Memory of dax devices", rules: kmemGoals },
  { title: "Memory of a virtio-mem device", rules: virtioMemGoals },
  { title: "HighAtomic reserves", rules: highAtomicGoals },
];

export const answerGoals: readonly Goal[] = outcomeGoals;

complete(goals, [...situationGroups, { title: "Answers", rules: answerGoals }]);

/** The groups, each in the order of the ids. A rule that is in none, or in two, is a defect of this file. */
function complete<R extends { readonly id: string }>(all: readonly R[], groups: readonly RuleGroup<R>[]): readonly RuleGroup<R>[] {
  const grouped = groups.flatMap(({ rules }) => rules.map(({ id }) => id)).toSorted();
  const expected = all.map(({ id }) => id).toSorted();
  if (JSON.stringify(grouped) !== JSON.stringify(expected)) throw new Error(`the groups of docs/spec.md do not hold each rule once: ${expected.filter((id) => !grouped.includes(id)).join(", ")}`);
  return groups.map(({ title, rules }) => ({ title, rules: all.filter((rule) => rules.includes(rule)) }));
}
