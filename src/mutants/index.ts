/** Every mutant, in the order of the catalogue; the canary first. */
import { bootLimit, groupMember, groupSize } from "./add.ts";
import { balloonZones } from "./balloon.ts";
import { deferredTypes, endMark, holesOfNodes, lastSection, pageblockStart } from "./boot.ts";
import { bitIndex, guardsUncounted, isolatedCounts, isolatedMerge, moveRange, retypeAll, typeOfEntry } from "./buddy.ts";
import { canary } from "./canary.ts";
import { areaAlignment, droppedInCheck, firstArea } from "./cma.ts";
import { overlappingNodes, wholePageblocks } from "./compaction.ts";
import { misfitLost, offlineCandidate, skipFromTail } from "./contig.ts";
import { deviceOverlap, deviceTails, firstDevicePage, nestedMemory } from "./devices.ts";
import { smallZones } from "./high-atomic.ts";
import { flagOfHead, largestStep, promisedDissolved } from "./huge-pages.ts";
import { cmaForAll, fixedHugetlb, samePageblock, zoneOfCursor } from "./isolation.ts";
import { guessedByFlag } from "./lru-batches.ts";
import { neverAdded } from "./kmem.ts";
import { altmapBoundary, hostedRollback, memmapChunk, memmapUnderflow, sharedCounted } from "./memmap.ts";
import type { Mutant } from "./mutant.ts";
import { strandedStats } from "./node-stats.ts";
import { managedZonelists, newNodeCounts, normalMask, otherZonelists } from "./nodes.ts";
import { cancelUntold, firstPage, isolatedCount, onlyNode, poisonBlocks, sectionsStayOnline, unpairedDone } from "./offline.ts";
import { fastPathRule, nothingToMove, pinLeak, wholeFolios, zeroPage } from "./pins.ts";
import { countedTwice, heldBlock, hugetlbTail, poisonRemembered, statusOfTry } from "./poison.ts";
import { deviceCollision, memMapFlag, onlineWithoutPage, sectionNode, sectionWord } from "./sections.ts";
import { pluggableRange } from "./virtio-mem.ts";
import { firstSection, nodeSpan, shrinkAtOffline, zoneEnd } from "./zones.ts";

export type { Mutant } from "./mutant.ts";

export const mutants: readonly Mutant[] = [
  canary,
  nodeSpan, shrinkAtOffline, zoneEnd, firstSection, zoneOfCursor, sectionsStayOnline, otherZonelists, lastSection, normalMask, newNodeCounts, isolatedCount, cancelUntold, strandedStats,
  onlyNode, unpairedDone, heldBlock, hostedRollback, groupMember, onlineWithoutPage, deviceCollision, nestedMemory, poisonBlocks, poisonRemembered, altmapBoundary, memmapChunk, bootLimit, firstPage, memMapFlag, sectionWord,
  sectionNode, memmapUnderflow, sharedCounted, endMark, isolatedMerge, typeOfEntry, samePageblock, moveRange, retypeAll, guardsUncounted, managedZonelists, bitIndex, smallZones, misfitLost, offlineCandidate, cmaForAll,
  deferredTypes, overlappingNodes, wholePageblocks, skipFromTail, firstArea, areaAlignment, droppedInCheck, isolatedCounts, wholeFolios, nothingToMove, pinLeak, fastPathRule, guessedByFlag, zeroPage, hugetlbTail, countedTwice, flagOfHead, statusOfTry, promisedDissolved, fixedHugetlb, largestStep, firstDevicePage, deviceOverlap,
  deviceTails, neverAdded, groupSize, pluggableRange, balloonZones, holesOfNodes, pageblockStart,
];
