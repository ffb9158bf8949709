/**
 * Batches of the LRU: what comes into them, when they are drained, and what that is good for.
 */
import { FrameFlag } from "../../models/index.ts";
import type { AllocationView } from "../../models/index.ts";
import { allocationsById, rowsOf, zoneAt } from "../derived.ts";
import { allocationPlace } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { allocationChanges, commandOf, direction, endsWithBatch, framesOf, partOf, sameFrames, stays, succeeded } from "../step.ts";
import { passesWatermark } from "./allocation.ts";

function batchOf({ lruBatch = "none" }: AllocationView): string {
  return lruBatch;
}

/** The operation drains the batches, and has come that far. */
function drains(step: StepRecord): boolean {
  const { op } = commandOf(step);
  if (!succeeded(step) || partOf(step) === "middle") return false;
  return op === "lru-drain" || op === "compact" || op === "alloc-contig" || op === "fake-offline" || (direction(step) === "offline" && step.before.blocks?.some(({ block, state }) => state === "online" && block === blockOf(step)) === true);
}

function blockOf(step: StepRecord): number | undefined {
  const command = commandOf(step);
  return command.op === "write-state" || command.op === "write-online" ? command.block : undefined;
}

const drainedIsEmpty: Law = {
  id: "LB-03",
  title: "after a drain, a compaction, an offline and a contiguous allocation no page is in a batch of the LRU",
  source: "mm/swap.c: lru_add_drain_all(); mm/compaction.c: compact_nodes(), v6.12",
  needs: ["allocations"],
  ops: ["lru-drain", "compact", "alloc-contig", "fake-offline", "write-state", "write-online"],
  unless: [],
  find: (step) => (drains(step) ? given(step.after.allocations).flatMap((page) => (batchOf(page) === "none" ? [] : [{ ...allocationPlace(page), was: "in no batch", is: `in the batch ${batchOf(page)}` }])) : []),
};

const drainFreesTheFreed: Law = {
  id: "LB-04",
  title: "draining the batches of the LRU ends the pages that their owners had freed and that nobody else refers to, and leaves all others in their frames",
  source: "mm/swap.c: folio_batch_move_lru(), folios_put(), v6.12",
  needs: ["allocations"],
  ops: ["lru-drain"],
  unless: [],
  find: (step) =>
    allocationChanges(step).flatMap(({ before, after }): readonly Evidence[] => {
      if (before === undefined) return [{ ...allocationPlace(after), was: "not there", is: "there" }];
      const ends = succeeded(step) && endsWithBatch(before);
      if (ends ? after === undefined : after !== undefined && sameFrames(before, after)) return [];
      return [{ ...allocationPlace(before), was: ends ? "gone, its owner had freed it" : "unchanged", is: after === undefined ? "gone" : ends ? "still there" : "in other frames" }];
    }),
};

const batchesAreDrainedWhole: Law = {
  id: "LB-05",
  title: "a page comes into a batch of the LRU only by being put there, to be added if someone had it off the LRU, and where one leaves all leave",
  source: "mm/swap.c: __folio_batch_add_and_move(), lru_add_drain_cpu(), v6.12",
  needs: ["allocations"],
  ops: [],
  unless: [],
  find: (step) => {
    const { command } = step;
    const was = given(step.before.allocations).filter((page) => batchOf(page) !== "none");
    const is = allocationsById(step.after);
    const drained = was.some(({ id }) => (is.get(id)?.lruBatch ?? "none") === "none");
    const found: Evidence[] = [];
    for (const page of given(step.after.allocations)) {
      const before = allocationsById(step.before).get(page.id);
      const own = command.op === "lru-batch" && command.id === page.id && succeeded(step);
      const stayed = before === undefined || drained ? "none" : batchOf(before);
      const permitted = own ? ["none", before?.lruIsolated === true ? "add" : "move"] : [stayed];
      if (!permitted.includes(batchOf(page))) found.push({ ...allocationPlace(page), was: `in the batch ${permitted.join(" or ")}`, is: `in the batch ${batchOf(page)}` });
    }
    return found;
  },
};

const batchesDoNotRefuse: Law = {
  id: "LB-06",
  title: "a long-term pin of a page that can move, and that nobody but a batch of the LRU refers to, fails only where there is no room to move it to",
  source: "mm/gup.c: collect_longterm_unpinnable_folios(), v6.12, which drains the batches where a page has a reference too many",
  needs: ["zones.nrFree", "zones.nrFreeCma", "nodes.zonelist", "allocations", "frames.flags", "frames.zone"],
  ops: ["pin"],
  unless: ["KD-1"],
  find: (step) => {
    const { before, command, outcome } = step;
    const page = command.op === "pin" && command.longTerm && outcome.result === "refused" ? allocationsById(before).get(command.id) : undefined;
    if (page === undefined || page.order !== 0 || batchOf(page) === "none" || stays(page)) return [];
    const [row = -1] = framesOf(page).map((pfn) => rowsOf(before).of(pfn));
    const { flags, zone } = given(before.frames);
    if (row < 0 || ((flags[row] ?? 0) & FrameFlag.Hwpoison) !== 0) return [];
    const node = zoneAt(before, zone[row])?.node;
    const list = given(before.nodes).find((one) => one.node === node)?.zonelist ?? [];
    const room = list.some((index) => zoneAt(before, index)?.type !== "Movable" && passesWatermark(before, index, 0, false));
    return room ? [{ ...allocationPlace(page), was: `pinned: only the batch ${batchOf(page)} refers to it`, is: outcome.errno ?? outcome.result }] : [];
  },
};

export const lruBatchLaws: readonly Law[] = [drainedIsEmpty, drainFreesTheFreed, batchesAreDrainedWhole, batchesDoNotRefuse];
