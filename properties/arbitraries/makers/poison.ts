/** Poison, and frames taken at boot: mm/memory-failure.c, include/linux/mm.h. */
import { FrameFlag, FrameUse, pfnAdd, rangeEnd } from "../../../models/index.ts";
import type { AllocationView, FreeBlockView, Op, Pfn } from "../../../models/index.ts";
import { isLru } from "../allocation.ts";
import { anyFrame } from "../places.ts";
import type { Makers, Walk } from "../walk.ts";
import { pickAllocation } from "./pages.ts";

type PoisonOp = Extract<Op, "poison" | "soft-offline" | "unpoison" | "free-reserved">;

/** A frame of a free block. Poisoning the first or last frame and poisoning the middle split the block differently. */
function frameOfFree(walk: Walk): Pfn | undefined {
  const { freeBlocks } = walk.now;
  return freeBlocks.length === 0 ? undefined : inBlock(walk, walk.draw.pick(freeBlocks));
}

function inBlock(walk: Walk, { pfn, order }: FreeBlockView): Pfn {
  return pfnAdd(pfn, walk.draw.below(2 ** order));
}

function frameOf(walk: Walk, fits: (allocation: AllocationView) => boolean): Pfn | undefined {
  const allocation = pickAllocation(walk, fits);
  if (allocation === undefined || allocation.ranges.length === 0) return undefined;
  const range = walk.draw.pick(allocation.ranges);
  return pfnAdd(range.start, walk.draw.below(range.nrPages));
}

const isPoisonable = (allocation: AllocationView): boolean => allocation.holds === 0 && allocation.pins === 0 && allocation.longTermPins === 0 && !allocation.lruIsolated && !allocation.freed && (isLru(allocation) ? allocation.order === 0 : allocation.kind === "hugetlb");

function goodFrame(walk: Walk): Pfn | undefined {
  if (walk.now.nrPoisoned >= walk.habits.maxPoisoned) return undefined;
  return walk.draw.chance(1, 2) ? (frameOf(walk, isPoisonable) ?? frameOfFree(walk)) : (frameOfFree(walk) ?? frameOf(walk, isPoisonable));
}

function poisonedFrame(walk: Walk): Pfn | undefined {
  const { now } = walk;
  if (now.nrPoisoned === 0) return undefined;
  // A poisoned frame still in use, or one kept from use.
  const frame = now.frameOfUse(walk.draw, FrameUse.Poisoned);
  return frame !== undefined && now.hasFlag(frame, FrameFlag.Hwpoison) ? frame : undefined;
}

/** Frames whose error the kernel can not contain, frames poisoned already, and any other. */
const badFrames: readonly ((walk: Walk) => Pfn | undefined)[] = [
  poisonedFrame,
  anyFrame,
  ({ draw, world }) => pfnAdd(rangeEnd(world.playground), draw.below(world.block)),
  (walk) => frameOf(walk, (allocation) => !isPoisonable(allocation)),
  (walk) => frameOf(walk, ({ holds, pins, longTermPins }) => holds + pins + longTermPins > 0),
  (walk) => walk.now.frameOfUse(walk.draw, FrameUse.Offline),
  (walk) => walk.now.frameOfUse(walk.draw, FrameUse.Reserved),
  (walk) => walk.now.frameOfUse(walk.draw, FrameUse.Memmap),
];

function badFrame(walk: Walk): Pfn | undefined {
  const frame = walk.draw.pick(badFrames)(walk);
  // Each such strike leaves a poisoned frame behind; a run must not drown in them.
  const counted = frame !== undefined && walk.now.isOnline(frame) && walk.now.nrPoisoned >= walk.habits.maxPoisoned && !walk.now.hasFlag(frame, FrameFlag.Hwpoison);
  return counted ? undefined : frame;
}

export const poisonMakers: Makers<PoisonOp> = {
  poison: {
    accepted: (walk) => {
      const pfn = goodFrame(walk);
      return pfn === undefined ? undefined : { op: "poison", pfn };
    },
    refused: [
      (walk) => {
        const pfn = badFrame(walk);
        return pfn === undefined ? undefined : { op: "poison", pfn };
      },
    ],
  },
  "soft-offline": {
    accepted: (walk) => {
      const pfn = goodFrame(walk);
      return pfn === undefined ? undefined : { op: "soft-offline", pfn };
    },
    refused: [
      (walk) => {
        const pfn = badFrame(walk);
        return pfn === undefined ? undefined : { op: "soft-offline", pfn };
      },
    ],
  },
  unpoison: {
    accepted: (walk) => {
      const pfn = poisonedFrame(walk);
      return pfn === undefined ? undefined : { op: "unpoison", pfn };
    },
    refused: [
      (walk) => ({ op: "unpoison", pfn: anyFrame(walk) }),
      (walk) => {
        const pfn = frameOf(walk, () => true);
        return pfn === undefined ? undefined : { op: "unpoison", pfn };
      },
    ],
  },
  "free-reserved": {
    accepted: (walk) => {
      const pfn = reservedFrame(walk);
      return pfn === undefined ? undefined : { op: "free-reserved", pfn };
    },
    refused: [(walk) => ({ op: "free-reserved", pfn: anyFrame(walk) }), (walk) => ({ op: "free-reserved", pfn: walk.world.description.bootMemmap ?? anyFrame(walk) })],
  },
};

/** A frame of memory that the description reserves and that is reserved still. */
function reservedFrame(walk: Walk): Pfn | undefined {
  const { reserved } = walk.world.description;
  if (reserved.length === 0) return undefined;
  const range = walk.draw.pick(reserved);
  const pfn = pfnAdd(range.start, walk.draw.below(range.nrPages));
  return walk.now.use(pfn) === FrameUse.Reserved && !walk.now.hasFlag(pfn, FrameFlag.Hwpoison) && walk.now.isOnline(pfn) ? pfn : undefined;
}
